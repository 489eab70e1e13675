"""The worker as the program that a target starts: its files survive what happens to it."""

import contextlib
import gzip
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest

from chaosproof.load.generator import main
from chaosproof.runfolder.requests import COLUMNS, read_rows


def write_plan(folder: Path, url: str, **settings: Any) -> Path:
    path = folder / "plan.json"
    path.write_text(json.dumps({"url": url, "rate_rps": 100, "duration_s": 1, "connections": 4, **settings}))
    return path


def generator_argv(plan: Path, out: Path) -> list[str]:
    return [sys.executable, "-m", "chaosproof.load.generator", "--plan", str(plan), "--out", str(out)]


@contextlib.contextmanager
def started(argv: list[str]) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for_rows(out: Path, process: subprocess.Popen[str], rows: int) -> list[dict[str, Any]]:
    """Ask until the progress file has that many rows."""
    while True:
        with contextlib.suppress(OSError):
            lines = (out / "load-progress.ndjson").read_text().splitlines()
            if len(lines) >= rows:
                return [json.loads(line) for line in lines]
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
            pytest.fail(f"the worker ended early: {process.stderr.read() if process.stderr else ''}")


def read_done(out: Path) -> dict[str, Any]:
    return json.loads((out / "load-done.json").read_text())


def test_a_load_that_ran_as_planned_exits_0_and_leaves_its_four_files(tmp_path, url):
    out = tmp_path / "out"
    ended = subprocess.run(generator_argv(write_plan(tmp_path, url), out), capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")
    names = {"load-plan.json", "load-done.json", "load-progress.ndjson", "requests.csv.gz"}
    assert {path.name for path in out.iterdir()} == names
    lines = gzip.decompress((out / "requests.csv.gz").read_bytes()).decode().splitlines()
    assert lines[0] == COLUMNS
    assert len(lines) == 101
    done = read_done(out)
    assert list(done) == [
        *("name", "planned", "recorded", "ok", "errors", "started_at", "ended_at", "complete", "rate_rps"),
        "stopped_by",
    ]
    assert (done["planned"], done["ok"], done["complete"]) == (100, 100, True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_load_early_and_truthfully(tmp_path, url, number):
    plan = write_plan(tmp_path, url, duration_s=60)
    with started(generator_argv(plan, tmp_path / "out")) as process:
        wait_for_rows(tmp_path / "out", process, 1)
        process.send_signal(number)
        _, said = process.communicate(timeout=10)
    done = read_done(tmp_path / "out")
    assert process.returncode == 2
    assert (done["complete"], done["stopped_by"], done["planned"]) == (False, number.name, 6000)
    assert number.name in said
    records = list(read_rows(tmp_path / "out" / "requests.csv.gz"))
    assert sorted(record.seq for record in records) == list(range(done["recorded"]))


def test_sigkill_leaves_all_rows_up_to_the_last_half_second(tmp_path, url):
    plan = write_plan(tmp_path, url, duration_s=60)
    out = tmp_path / "out"
    with started(generator_argv(plan, out)) as process:
        progress = wait_for_rows(out, process, 3)
        process.kill()
        process.wait()
    assert not (out / "load-done.json").exists()
    records = list(read_rows(out / "requests.csv.gz"))
    # What row n of the progress counts was handed to the disk with row n or before.
    assert len(records) >= progress[-2]["done"]
    assert all(record.status == 200 for record in records)


def test_a_member_torn_in_the_middle_costs_only_its_own_rows(tmp_path, url):
    out = tmp_path / "out"
    assert main(["--plan", str(write_plan(tmp_path, url)), "--out", str(out)]) == 0
    path = out / "requests.csv.gz"
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    records = list(read_rows(path))
    assert 40 <= len(records) < 100


def test_a_full_disk_ends_the_load_with_a_sentence_and_keeps_what_was_written(tmp_path, url):
    plan = write_plan(tmp_path, url, rate_rps=1000, duration_s=60, connections=8)
    kept = tmp_path / "kept"
    script = (
        'mount -t tmpfs -o size=32k none "$1" && "$3" -m chaosproof.load.generator --plan "$2" --out "$1/out"; '
        'code=$?; cp -r "$1/out" "$4"; exit $code'
    )
    small = tmp_path / "small"
    small.mkdir()
    arguments = [str(small), str(plan), sys.executable, str(kept)]
    ended = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 2, ended.stderr
    assert "No space left on device" in ended.stderr
    assert "Traceback" not in ended.stderr
    done = read_done(kept)
    assert (done["complete"], done["stopped_by"]) == (False, "disk")
    records = list(read_rows(kept / "requests.csv.gz"))
    assert len(records) == done["recorded"] > 100


def test_a_file_size_limit_ends_the_load_in_the_same_way(tmp_path, url):
    plan = write_plan(tmp_path, url, rate_rps=2000, duration_s=60, connections=8)
    out = tmp_path / "out"
    limited = ["sh", "-c", 'ulimit -f 64 && exec "$@"', "sh", *generator_argv(plan, out)]
    ended = subprocess.run(limited, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 2
    assert "File too large" in ended.stderr
    done = read_done(out)
    assert len(list(read_rows(out / "requests.csv.gz"))) == done["recorded"] > 100
    assert done["complete"] is False


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path, url, capsys):
    (tmp_path / "file").write_text("")
    assert main(["--plan", str(write_plan(tmp_path, url)), "--out", str(tmp_path / "file" / "out")]) == 2
    said = capsys.readouterr().err
    assert said.startswith("cannot write ") and said.count("\n") == 1


def test_a_wrong_plan_exits_64_with_one_sentence(tmp_path, url, capsys):
    assert main(["--plan", str(write_plan(tmp_path, url, rate_rps=0)), "--out", str(tmp_path)]) == 64
    assert capsys.readouterr().err == "rate_rps 0 is out of range: above 0, at most 1e+06\n"


def test_a_wrong_call_exits_64(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--nonsense"])
    assert ended.value.code == 64


def test_more_connections_than_the_hard_limit_of_open_files_is_one_sentence(tmp_path, url):
    plan = write_plan(tmp_path, url, connections=500)
    limited = ["sh", "-c", 'ulimit -n 200 && exec "$@"', "sh", *generator_argv(plan, tmp_path / "out")]
    ended = subprocess.run(limited, capture_output=True, text=True)
    assert ended.returncode == 2
    assert ended.stderr.startswith("500 connections need 564 open files, and this process may have 200:")


def test_a_soft_limit_of_open_files_is_raised(tmp_path, url):
    plan = write_plan(tmp_path, url, connections=100)
    limited = ["sh", "-c", 'ulimit -Sn 60 && exec "$@"', "sh", *generator_argv(plan, tmp_path / "out")]
    ended = subprocess.run(limited, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert read_done(tmp_path / "out")["ok"] == 100


def test_the_worker_leaves_no_child_behind_when_it_is_killed(tmp_path, url):
    import psutil

    plan = write_plan(tmp_path, url, duration_s=60, processes=2)
    with started(generator_argv(plan, tmp_path / "out")) as process:
        wait_for_rows(tmp_path / "out", process, 1)
        children = psutil.Process(process.pid).children()
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert len(children) == 2
    assert psutil.wait_procs(children, timeout=5)[1] == []


def test_the_worker_calls_grpc_over_a_channel_for_each_connection(tmp_path):
    peers = set()

    def work(payload: bytes, context: grpc.ServicerContext) -> bytes:
        peers.add(context.peer())
        return payload

    server = grpc.server(ThreadPoolExecutor(4))
    handler = grpc.method_handlers_generic_handler(
        "demo.v1.Demo", {"Work": grpc.unary_unary_rpc_method_handler(work)}
    )
    server.add_generic_rpc_handlers((handler,))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        plan = write_plan(tmp_path, f"grpc://127.0.0.1:{port}/demo.v1.Demo/Work", body="\n\x01a")
        ended = subprocess.run(
            generator_argv(plan, tmp_path / "out"), capture_output=True, text=True, timeout=30
        )
    finally:
        server.stop(None).wait()
    assert (ended.returncode, ended.stderr) == (0, "")
    assert read_done(tmp_path / "out")["ok"] == 100
    assert {record.code for record in read_rows(tmp_path / "out" / "requests.csv.gz")} == {"OK"}
    assert len(peers) == 4
