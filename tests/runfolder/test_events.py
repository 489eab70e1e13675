"""The log of events: written as things happen, whole whoever is killed, and told from one that was changed."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from chaosproof.errors import ChaosproofError
from chaosproof.judge.checks.event_log import read_chain
from chaosproof.judge.judge import judge_run
from chaosproof.runfolder.checks import Check
from chaosproof.runfolder.events import EVENTS, record_event, record_near
from tests.support.packs import NOW, RESILIENT_STAMP, write_run
from tests.support.runs import resilient_run


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    return write_run(tmp_path, resilient_run(), RESILIENT_STAMP)


def answer(run_dir: Path) -> Check:
    return next(check for check in judge_run(run_dir).checks if check.id == "SYS_EVENTS")


def rewrite(change: Callable[[list[str]], object]) -> Callable[[Path], None]:
    def lie(run_dir: Path) -> None:
        lines = (run_dir / EVENTS).read_text().splitlines()
        change(lines)
        (run_dir / EVENTS).write_text("".join(f"{line}\n" for line in lines))

    return lie


def chained(run_dir: Path, change: Callable[[list[dict[str, object]]], object]) -> None:
    """Change the rows and chain them anew, as a liar does who knows how."""
    rows = [json.loads(line) for line in (run_dir / EVENTS).read_text().splitlines()]
    change(rows)
    (run_dir / EVENTS).unlink()
    for row in rows:
        record_event(run_dir, row["what"], row["data"], at=row["at"])


def test_a_true_run_passes(run_dir: Path) -> None:
    assert answer(run_dir).status == "pass"


LIES = {
    "a row taken out": (rewrite(lambda rows: rows.pop(2)), "fail", "row 2 does not follow"),
    "the first row taken out": (rewrite(lambda rows: rows.pop(0)), "fail", "row 0 does not follow"),
    "a row twice": (rewrite(lambda rows: rows.insert(2, rows[1])), "fail", "row 2 does not follow"),
    "two rows swapped": (rewrite(lambda rows: rows.insert(2, rows.pop(3))), "fail", "row 2 does not follow"),
    "a word changed": (
        rewrite(lambda rows: rows.__setitem__(1, rows[1].replace("app-a-0", "app-a-1"))),
        "fail",
        "row 1 was changed after it was written",
    ),
    "a row that is none": (rewrite(lambda rows: rows.insert(3, "{}")), "fail", "row 3 is no row of a log"),
    "the last rows cut off": (
        lambda d: rewrite(lambda rows: rows.__delitem__(slice(-2, None)))(d),
        "unknown",
        "saved",
    ),
    "the log gone": (lambda d: (d / EVENTS).unlink(), "fail", "it is gone"),
    "the clock back by an hour": (
        lambda d: chained(d, lambda rows: rows[-1].update(at=rows[-2]["at"] - 3600)),
        "fail",
        "the clock went back",
    ),
    "an activity that was not seen": (
        lambda d: chained(
            d,
            lambda rows: rows.__delitem__(
                next(n for n, r in enumerate(rows) if r["what"] == "activity_ended")
            ),
        ),
        "fail",
        "the journal says of 'measured load' 'succeeded' 1 time, and the log of events 0 times",
    ),
    "a fault at another time": (
        lambda d: chained(d, lambda rows: rows[1]["data"].update(applied_at=1.0)),
        "fail",
        "faults.jsonl has applied_at",
    ),
    "of another run": (
        lambda d: chained(d, lambda rows: rows[0]["data"].update(mode="baseline")),
        "fail",
        "its mode is baseline, and that of session.json resilient",
    ),
    "two sessions": (
        lambda d: chained(d, lambda rows: rows.insert(1, rows[0])),
        "fail",
        "it tells of 2 sessions",
    ),
    "a raw file changed": (
        lambda d: (d / "series.json").write_text('{"step_s": 1, "series": []}'),
        "fail",
        "series.json is not as it was when the run was saved",
    ),
    "a raw file added": (
        lambda d: (d / "artifacts" / "more.log").write_text("x"),
        "fail",
        "artifacts/more.log was not there when the run was saved",
    ),
}


@pytest.mark.parametrize("what", LIES)
def test_a_log_that_was_changed_is_no_pass(run_dir: Path, what: str) -> None:
    lie, status, says = LIES[what]
    lie(run_dir)
    check = answer(run_dir)
    assert check.status == status
    assert says in check.details


def test_a_last_row_that_is_cut_is_tolerated_and_said(run_dir: Path) -> None:
    with (run_dir / EVENTS).open("a") as file:
        file.write('{"seq": 8, "at": 17')
    assert len(read_chain(run_dir / EVENTS).rows) > 5
    check = answer(run_dir)
    assert (check.status, "its last row is cut" in check.details) == ("unknown", True)


def test_who_writes_after_a_cut_row_takes_it_away(run_dir: Path) -> None:
    rows = read_chain(run_dir / EVENTS).rows
    with (run_dir / EVENTS).open("a") as file:
        file.write('{"seq": 8, "at": 17')
    record_event(run_dir, "on", {}, at=NOW)
    chain = read_chain(run_dir / EVENTS)
    assert (chain.broken, chain.torn, len(chain.rows)) == ("", False, len(rows) + 1)


def test_without_a_log_the_run_is_unknown_also_where_the_session_names_none(tmp_path: Path) -> None:
    run = resilient_run()
    run.without.add(EVENTS)
    del run.session["events"]
    folder = run.write(tmp_path)
    assert (answer(folder).status, judge_run(folder).status) == ("unknown", "unknown")


def test_many_threads_write_one_chain(tmp_path: Path) -> None:
    threads = [
        threading.Thread(target=lambda n=n: [record_event(tmp_path, "x", {"n": n}) for _ in range(20)])
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    chain = read_chain(tmp_path / EVENTS)
    assert (chain.broken, len(chain.rows)) == ("", 160)


def test_whoever_is_killed_leaves_a_whole_chain_of_what_had_happened(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib; from chaosproof.runfolder.events import record_event\n"
        "while True: record_event(pathlib.Path(sys.argv[1]), 'x', {'more': 'words' * 50})"
    )
    writer = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)])
    try:
        given_up_at = time.monotonic() + 30
        while not (tmp_path / EVENTS).exists() or (tmp_path / EVENTS).stat().st_size < 20_000:
            assert time.monotonic() < given_up_at and writer.poll() is None
            time.sleep(0.005)  # the writer needs the core that asking without a pause would take
    finally:
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait()
    chain = read_chain(tmp_path / EVENTS)
    assert chain.broken == ""
    assert len(chain.rows) > 30


def test_a_disk_that_takes_no_more_is_said(tmp_path: Path) -> None:
    record_event(tmp_path, "first", {})
    with pytest.raises(ChaosproofError, match=r"Cannot write .*events\.ndjson"):
        record_event(tmp_path / "nowhere", "x", {})
    (tmp_path / EVENTS).write_text("no row\n")
    with pytest.raises(ChaosproofError, match=r"The last row of .* is none"):
        record_event(tmp_path, "x", {})


def test_a_log_is_not_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("")
    (tmp_path / EVENTS).symlink_to(tmp_path / "target")
    with pytest.raises(ChaosproofError):
        record_event(tmp_path, "x", {})
    assert (tmp_path / "target").read_text() == ""


def test_a_load_finds_the_log_of_its_run(tmp_path: Path) -> None:
    record_event(tmp_path, "session_begun", {})
    warmup = tmp_path / "warmup"
    warmup.mkdir()
    record_near(warmup, "load_begun", {"folder": "warmup"})
    assert [row.what for row in read_chain(tmp_path / EVENTS).rows] == ["session_begun", "load_begun"]
    other = tmp_path / "a" / "b" / "c" / "d" / "e"
    other.mkdir(parents=True)
    record_near(other, "load_begun", {})
    assert len(read_chain(tmp_path / EVENTS).rows) == 2


def test_a_row_too_long_is_cut_to_a_row(tmp_path: Path) -> None:
    record_event(tmp_path, "x", {"words": "w" * 200_000})
    record_event(tmp_path, "y", {})
    chain = read_chain(tmp_path / EVENTS)
    assert (chain.broken, len(chain.rows)) == ("", 2)
    assert "omitted" in chain.of("x")[0]
