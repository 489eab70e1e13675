"""Whole loads against scripted servers: every request of a plan gets its row, with its true latency."""

import asyncio
import dataclasses
import itertools
import json
import os
import signal
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import psutil
import pytest

from chaosproof.errors import ChaosproofError
from chaosproof.load.cancellation import Cancellation
from chaosproof.load.models.pacing import Stage
from chaosproof.load.plan import Plan
from chaosproof.load.run import run_load
from chaosproof.runfolder.load import LoadDone
from chaosproof.runfolder.requests import RequestRow, read_rows
from tests.support.load_client import plan_for
from tests.support.scripted_server import OK, Peer, Script, ScriptedServer, answer_all, serve


def short_plan(url: str, **settings: Any) -> Plan:
    """A plan of less than the second that people may ask for."""
    return dataclasses.replace(plan_for(url), **{"duration_s": 0.3, "rate_rps": 200.0, **settings})


@dataclasses.dataclass
class Load:
    done: LoadDone
    records: list[RequestRow]
    server: ScriptedServer


@pytest.fixture
def load(run, tmp_path):
    """Runs a short load against a script, and reads its records back.

    `cancel` are the reasons for which it is cancelled at its first progress row.
    """

    def run_it(
        script: Script, *, cancel: Sequence[str] = (), on_progress=lambda *_: None, **settings: Any
    ) -> Load:
        cancellation = Cancellation()

        def listen(*_: object) -> None:
            on_progress()
            for reason in cancel:
                cancellation.cancel(reason)

        async def test() -> Load:
            async with serve(script) as server:
                plan = short_plan(server.url, **settings)
                done = await run_load(plan, tmp_path, cancellation=cancellation, on_progress=listen)
            return Load(done, list(read_rows(tmp_path / "requests.csv.gz")), server)

        return run(test)

    return run_it


def test_every_request_of_an_open_plan_has_exactly_one_row(load):
    result = load(answer_all, connections=5)
    assert sorted(record.seq for record in result.records) == list(range(60))
    assert {(record.status, record.code) for record in result.records} == {(200, "SUCCESS")}
    done = result.done
    assert (done.planned, done.recorded, done.ok, done.errors) == (60, 60, 60, 0)
    assert done.complete and done.stopped_by is None
    last_sent_s = max(record.sent_at for record in result.records) - done.started_at
    assert done.rate_rps == pytest.approx(
        60 / max(last_sent_s, 0.3), abs=0.1
    )  # 200, when all are sent in time


def test_requests_are_due_at_n_over_the_rate_and_rows_are_in_the_order_of_their_end(load):
    result = load(answer_all)
    due = {record.seq: record.due_at - result.done.started_at for record in result.records}
    assert [due[n] for n in range(60)] == pytest.approx([n / 200 for n in range(60)], abs=2e-6)
    ends = [record.done_at for record in result.records]
    assert ends == sorted(ends)
    assert all(record.due_at <= record.sent_at <= record.done_at for record in result.records)


def test_all_connections_of_the_pool_are_opened_before_and_used_in_turn(load):
    counts: Counter[int] = Counter()

    async def count(peer: Peer) -> None:
        while await peer.request():
            counts[peer.number] += 1
            await peer.send(OK)

    # As many connections as requests: however late the load is woken, one that was used goes to the end of the queue.
    result = load(count, connections=60)
    assert result.done.ok == 60
    assert counts == dict.fromkeys(range(60), 1)


def test_a_stall_of_the_server_shows_in_the_latency_of_all_who_were_due_meanwhile(load):
    async def stall_once(peer: Peer) -> None:
        await peer.request()
        await asyncio.sleep(0.2)
        await peer.send(OK)
        await answer_all(peer)

    result = load(stall_once, connections=1)
    latency = {record.seq: record.latency_s("open") for record in result.records}
    assert latency[0] >= 0.198  # a loop's timer may be a millisecond early
    assert latency[20] >= 0.09  # due at 0.1 s, and the server came back at 0.2 s
    assert latency[59] < latency[20]
    assert result.done.complete


def test_in_the_closed_model_a_stall_makes_fewer_requests_and_only_one_late_answer(load):
    async def stall_once(peer: Peer) -> None:
        await peer.request()
        await asyncio.sleep(0.2)
        await peer.send(OK)
        await answer_all(peer)

    result = load(stall_once, connections=1, model="closed")
    slow = [record for record in result.records if record.latency_s("closed") > 0.1]
    assert [record.seq for record in slow] == [0]
    assert result.done.complete


def test_the_closed_model_keeps_its_rate_cap(load):
    """No request is due before its place in the cap, however late a busy machine makes them."""
    began_at = time.time()
    result = load(answer_all, connections=4, model="closed")
    records = sorted(result.records, key=lambda record: record.seq)
    assert [record.seq for record in records] == list(range(len(records)))
    assert 1 < len(records) <= result.done.planned == 60
    assert min(record.due_at - record.seq / 200 for record in records) >= began_at
    assert all(record.sent_at >= record.due_at for record in records)


def test_the_closed_model_falls_behind_a_slow_server(load):
    async def slow(peer: Peer) -> None:
        while await peer.request():
            await asyncio.sleep(0.05)
            await peer.send(OK)

    result = load(slow, connections=2, model="closed")
    assert result.done.planned == 60
    assert 2 <= result.done.recorded <= 14  # 2 connections, 50 ms each, 0.3 s; fewer when the machine is busy
    assert result.done.complete
    assert [record.seq for record in sorted(result.records, key=lambda r: r.seq)] == list(
        range(result.done.recorded)
    )


def test_the_closed_model_without_a_cap_sends_as_fast_as_answers_come(load):
    result = load(answer_all, connections=2, model="closed", rate_rps=None, duration_s=1.5)
    assert result.done.recorded > 300
    assert result.done.planned == result.done.recorded


def test_what_found_no_connection_by_the_end_of_the_drain_is_not_sent(load):
    result = load(Peer.gone, connections=2, rate_rps=20.0, timeout_s=0.2)
    codes = Counter(record.code for record in result.records)
    assert codes.keys() == {"TIMEOUT", "NOT_SENT"} or codes.keys() == {"TIMEOUT"}
    assert len(result.records) == 6


def test_a_request_that_is_not_sent_has_no_sent_at_and_no_attempt(load):
    result = load(Peer.gone, connections=1, rate_rps=20.0, timeout_s=0.15)
    unsent = [record for record in result.records if record.code == "NOT_SENT"]
    assert unsent
    assert all((record.sent_at, record.status, record.attempts) == (None, 0, 0) for record in unsent)
    assert result.done.planned == result.done.recorded == 6
    assert result.done.complete


def test_two_runs_with_one_seed_send_at_the_same_instants(run, tmp_path):
    async def test() -> list[list[int]]:
        offsets = []
        async with serve(answer_all) as server:
            for name in ("a", "b"):
                plan = short_plan(server.url, arrivals="poisson", seed=7)
                done = await run_load(plan, tmp_path / name, cancellation=Cancellation())
                records = read_rows(tmp_path / name / "requests.csv.gz")
                by_seq = sorted(records, key=lambda record: record.seq)
                # In whole microseconds, as the files have them: a double of today's date is coarser than it looks.
                start_us = round(done.started_at * 1e6)
                offsets.append([round(record.due_at * 1e6) - start_us for record in by_seq])
        return offsets

    first, second = run(test)
    assert len(first) > 20
    assert all(abs(one - other) <= 2 for one, other in zip(first, second, strict=True))


def test_stages_are_followed(load):
    stages = (Stage(100, 100, 0.2), Stage(400, 400, 0.1))
    result = load(answer_all, stages=stages)
    early = [record for record in result.records if record.due_at - result.done.started_at < 0.2 - 1e-5]
    assert (len(early), len(result.records)) == (20, 60)


def test_a_server_that_refuses_everyone_leaves_a_complete_record_of_it(run, tmp_path):
    async def test() -> LoadDone:
        async with serve(answer_all) as server:
            url = server.url
        return await run_load(short_plan(url), tmp_path, cancellation=Cancellation())

    done = run(test)
    assert (done.recorded, done.ok, done.complete) == (60, 0, True)
    assert {record.code for record in read_rows(tmp_path / "requests.csv.gz")} == {"CONNECT_REFUSED"}


def test_a_stopped_load_says_so_and_keeps_what_was_done(load):
    result = load(answer_all, cancel=["SIGTERM"], duration_s=30.0)
    done = result.done
    assert (done.complete, done.stopped_by, done.planned) == (False, "SIGTERM", 6000)
    assert sorted(record.seq for record in result.records) == list(range(done.recorded))
    assert 50 < done.recorded < 3000
    assert done.rate_rps <= 200 * 1.1


def test_a_stop_ends_requests_in_flight_after_a_moment_as_stopped(load):
    result = load(Peer.gone, cancel=["SIGINT", "SIGINT"], duration_s=30.0, connections=3)
    codes = Counter(record.code for record in result.records)
    assert codes["STOPPED"] == 3
    assert codes["STOPPED"] + codes["NOT_SENT"] == result.done.recorded
    assert result.done.stopped_by == "SIGINT"


def test_progress_rows_add_up(load, tmp_path):
    done = load(answer_all, duration_s=1.2).done
    rows = [json.loads(line) for line in (tmp_path / "load-progress.ndjson").read_text().splitlines()]
    # At 0.5 s, 1.0 s, and the end; more when the machine is busy and the load ends late.
    assert len(rows) >= 3
    assert all(row["t_s"] >= 0.5 * number for number, row in enumerate(rows[:-1], 1)), "one came early"
    last = rows[-1]
    assert (last["due"], last["sent"], last["done"], last["ok"]) == (240, 240, 240, 240)
    assert last["codes"] == {"SUCCESS": 240}
    assert last["at"] == pytest.approx(done.ended_at, abs=0.01)
    assert all(row["sent"] == row["done"] + row["inflight"] for row in rows)
    assert all(0 < row["p50_ms"] <= row["p99_ms"] for row in rows)


@pytest.mark.parametrize("model", ["open", "closed"])
def test_several_processes_make_one_load(load, model):
    result = load(answer_all, duration_s=1.0, processes=3, connections=7, model=model)
    done = result.done
    assert sorted(record.seq for record in result.records) == list(range(done.recorded))
    ends = [record.done_at for record in result.records]
    assert ends == sorted(ends)
    assert (done.planned, done.ok, done.complete) == (200, done.recorded, True)
    # A worker of the closed model that wakes too late sends what was due meanwhile no more.
    assert done.recorded == 200 if model == "open" else 7 <= done.recorded <= 200
    assert len(result.server.peers) == 7


def test_a_process_that_dies_leaves_the_load_incomplete(load, tmp_path):
    def kill_a_child(*_: object) -> None:
        for child in psutil.Process().children():
            # one that was killed before has no command line any more
            with suppress(psutil.ZombieProcess, psutil.NoSuchProcess):
                command = child.cmdline()
                if "chaosproof.load.workers.worker_process" in command and command[-1] == "1":
                    os.kill(child.pid, signal.SIGKILL)

    with pytest.raises(ChaosproofError, match=r"process 1 of the load ended with exit code -9"):
        load(answer_all, on_progress=kill_a_child, duration_s=20.0, processes=2)
    done = json.loads((tmp_path / "load-done.json").read_text())
    assert (done["complete"], done["stopped_by"]) == (False, "process")
    assert done["recorded"] == len(list(read_rows(tmp_path / "requests.csv.gz"))) > 0


def test_a_wall_clock_that_is_stepped_in_the_middle_does_not_tear_the_records(load, monkeypatch):
    real, calls = time.time, itertools.count()
    monkeypatch.setattr(time, "time", lambda: real() + (1000 if next(calls) else 0))

    result = load(answer_all)
    done, records = result.done, result.records
    assert next(calls) >= 1, "nobody asked the clock, so this test would prove nothing"
    assert done.ended_at - done.started_at < 5
    assert all(0 <= record.due_at - done.started_at < 1 for record in records)
    assert all(0 <= record.done_at - record.due_at < 1 for record in records)


def test_a_mistake_of_the_generator_itself_never_looks_like_a_complete_load(load, tmp_path):
    def break_down(*_: object) -> None:
        raise RuntimeError("broken on purpose")

    with pytest.raises(ChaosproofError, match=r"the load generator broke.*broken on purpose"):
        load(answer_all, on_progress=break_down, duration_s=20.0)
    done = json.loads((tmp_path / "load-done.json").read_text())
    assert (done["complete"], done["stopped_by"]) == (False, "bug")
    assert done["recorded"] == len(list(read_rows(tmp_path / "requests.csv.gz"))) > 0


def test_a_driver_that_raises_what_it_must_not_ends_the_load(run, tmp_path, monkeypatch):
    async def raise_it(*_: object) -> None:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr("chaosproof.load.protocols.http.open_stream", raise_it)

    async def test() -> None:
        plan = short_plan("http://127.0.0.1:1/", duration_s=20.0)
        with pytest.raises(ChaosproofError, match=r"the load generator broke.*broken on purpose"):
            await run_load(plan, tmp_path, cancellation=Cancellation())

    run(test)
    assert json.loads((tmp_path / "load-done.json").read_text())["stopped_by"] == "bug"


def test_several_processes_stop_together(load):
    result = load(answer_all, cancel=["SIGTERM"], duration_s=30.0, processes=2)
    rows = sorted(record.seq for record in result.records)
    assert (result.done.complete, result.done.stopped_by) == (False, "SIGTERM")
    assert len(rows) == len(set(rows)) == result.done.recorded
    # The two stop within moments of each other: of the requests before the last, hardly any is missing.
    assert max(rows) - result.done.recorded < 100
