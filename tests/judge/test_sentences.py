"""What a check says of one thing amiss, to the word and to the bound."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from chaosproof.compare.compare import compare_runs
from chaosproof.errors import ChaosproofError
from chaosproof.judge.judge import judge_run
from chaosproof.judge.next_steps import answer_of
from chaosproof.pack.write_pack import write_pack
from chaosproof.report.index import index_page
from chaosproof.runfolder.manifest import manifest_of
from tests.support.overviews import PASSING
from tests.support.runs import LOAD_AT, T0, Run, baseline_run, counting, fortio, requests_gz, resilient_run

Bend = Callable[[Run], object]


def uncounted(run: Run) -> None:
    """An instance that never counted a code that the rows have of it."""
    counting(run)
    text = run.artifacts["app-a-0.prom"]
    run.artifacts["app-a-0.prom"] = "".join(
        f"{line}\n" for line in text.splitlines() if "UNAVAILABLE" not in line
    )


def restarted(run: Run) -> None:
    """What began again counts from 0, so that its counters prove nothing."""
    uncounted(run)
    run.session["states"]["app-a-0"]["deaths"] = 1


def strangers(run: Run) -> None:
    for n in range(5):
        run.rows[n][6] = f"app-x-{n}"
    run.recount()


def ranged(run: Run) -> None:
    after = run.journal["steady_states"]["after"]
    after["steady_state_met"] = after["probes"][0]["tolerance_met"] = False
    after["probes"][0]["output"] = 0.2
    after["probes"][0]["activity"]["tolerance"] = {"type": "range", "range": [0, 0.05]}


SAID: dict[str, tuple[Bend, str, str, str]] = {
    "a log of another run": (
        lambda r: r.artifacts.update({"app-a-0.log": json.dumps({"at": T0 - 1000, "event": "x"}) + "\n{\n"}),
        "SYS_ARTIFACTS",
        "fail",
        f"app-a-0.log tells of a start at {T0 - 1000:.0f}, outside of the session",
    ),
    "a result of another run, in nanoseconds": (
        lambda r: r.artifacts.update(
            {"load.json": fortio(2000).replace('"StartTime": "2027', '"StartTime": "2026')}
        ),
        "SYS_ARTIFACTS",
        "fail",
        f"load.json tells of a start at {LOAD_AT - 365 * 86400:.0f}, outside of the session",
    ),
    "a start with nine digits": (
        lambda r: r.artifacts.update({"load.json": fortio(2000).replace('Z"', '.123456789Z"')}),
        "SYS_ARTIFACTS",
        "pass",
        "all 8 artifacts are there and not empty",
    ),
    "a result that counts another number": (
        lambda r: r.artifacts.update({"load.json": fortio(1999)}),
        "SYS_ARTIFACTS",
        "fail",
        "load.json counts 1999 requests, and there are 2000 rows",
    ),
    "a code that was not counted": (
        uncounted,
        "SYS_ARTIFACTS",
        "fail",
        "2 answers UNAVAILABLE are said to be of app-a-0, which counted 0",
    ),
    "an instance that began again": (
        restarted,
        "SYS_ARTIFACTS",
        "pass",
        "all 8 artifacts are there and not empty",
    ),
    "answers of strangers": (
        strangers,
        "SYS_LOAD_ACCOUNTED",
        "fail",
        "app-x-0, app-x-1, app-x-2 answered requests, and no such instance was ever started",
    ),
    "a tolerance that is a range": (
        ranged,
        "SYS_STEADY_STATE_AFTER",
        "fail",
        "probe 'the error ratio stays below 5 %' measured 0.2, outside of its tolerance 0 to 0.05",
    ),
    "something could not be saved": (
        lambda r: r.session.update(not_saved="series: No space left on device"),
        "SYS_SESSION_COMPLETE",
        "unknown",
        "not everything could be saved: series: No space left on device",
    ),
    "rows that cannot be right": (
        lambda r: r.rows[3].__setitem__(3, "0"),
        "SYS_LOAD_ACCOUNTED",
        "fail",
        "1 rows cannot be right, the first is '3,1800000010.060000,1800000010.060200,0,200,SUCCESS,app-a-1,1'",
    ),
}


@pytest.mark.parametrize("what", SAID)
def test_one_thing_amiss_is_one_sentence(tmp_path: Path, what: str) -> None:
    bend, id, status, words = SAID[what]
    run = resilient_run()
    bend(run)
    check = next(c for c in judge_run(run.write(tmp_path)).checks if c.id == id)
    assert check.status == status, check.details
    assert words in answer_of(check).split("; "), check.details


def test_half_a_surrogate_pair_is_no_character_of_a_page() -> None:
    page = index_page(replace(PASSING, profile="a\ud800b"))
    assert "<h1>Gate a?b</h1>" in page
    page.encode()


def test_a_file_of_a_run_may_have_a_second_name_as_the_pack_gets_a_copy(tmp_path: Path) -> None:
    folder = resilient_run().write(tmp_path / "journals/s4/resilient/20270115T080000Z")
    (folder / "MANIFEST.sha256").write_text(manifest_of(folder))
    os.link(folder / "faults.jsonl", tmp_path / "outside")
    pack = write_pack([folder], [], tmp_path / "pack", now=LOAD_AT)
    copy = pack.path / "runs/s4/resilient/20270115T080000Z/faults.jsonl"
    assert copy.stat().st_nlink == 1
    assert copy.read_bytes() == (tmp_path / "outside").read_bytes()


def test_a_pack_needs_a_place_to_be_made_in(tmp_path: Path) -> None:
    folder = resilient_run().write(tmp_path / "journals/s4/resilient/20270115T080000Z")
    (tmp_path / "file").write_text("")
    with pytest.raises(ChaosproofError) as caught:
        write_pack([folder], [], tmp_path / "file" / "packs" / "one", now=LOAD_AT)
    assert str(caught.value) == f"cannot make a pack in {tmp_path}/file/packs: Not a directory"


def test_a_row_of_the_warm_up_is_no_row_of_the_run(tmp_path: Path) -> None:
    """What a comparison counts of each mode is what the measured load sent."""
    runs = baseline_run(), resilient_run()
    for run in runs:
        rows = [[n, T0 + 3, T0 + 3, T0 + 3.1, 200, "SUCCESS", "app-a-1", 1] for n in range(5)]
        run.raw["warmup/requests.csv.gz"] = requests_gz(rows)
    compared = compare_runs(*(run.write(tmp_path / run.session["mode"]) for run in runs))
    assert compared.document["headline"]["requests"] == {"baseline": 2000, "resilient": 2000}
