"""S4 end to end, short: real lab, real load, real reset, real Prometheus; both modes at the same time."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from chaosproof.targets.local.control_client import find_labs, lab_pid
from tests.support.chaos import REPOSITORY, SHORT, chaos_argv, run_s4
from tests.support.host import left_since, snapshot
from tests.support.waiting import eventually

pytestmark = [pytest.mark.lab, pytest.mark.e2e, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """A baseline and a resilient run side by side, each in its own lab, and what they left on the host."""
    folder = tmp_path_factory.mktemp("s4")
    before = snapshot()
    with ThreadPoolExecutor() as pool:
        modes = ("baseline", "resilient")
        runs = dict(zip(modes, pool.map(lambda mode: run_s4(folder / mode, mode=mode), modes), strict=True))
    left = left_since(before)
    return {**runs, "left": left}


def test_the_resilient_run_passes_and_exits_0(both):
    run = both["resilient"]
    assert (run.exit_code, run.journal["status"], run.summary["verdict"]) == (0, "completed", "pass"), (
        run.stdout
    )
    assert "s4 resilient: pass" in run.stdout


def test_the_baseline_run_deviates_and_exits_1(both):
    run = both["baseline"]
    assert (run.exit_code, run.journal["deviated"], run.summary["verdict"]) == (1, True, "fail"), run.stdout


def test_only_the_hit_instance_of_the_baseline_is_unavailable(both):
    instances = both["baseline"].summary["per_instance"]
    assert instances["app-a-0"]["codes"]["UNAVAILABLE"] >= 100
    assert "UNAVAILABLE" not in instances["app-a-1"]["codes"]


def test_the_kernel_ended_the_fault_on_time_and_it_bit(both):
    for mode in ("baseline", "resilient"):
        fault = both[mode].summary["fault"]
        assert fault["packets"] > 0
        assert fault["ended_by"] == "kernel"
        assert abs(fault["actual_s"] - fault["planned_s"]) < 0.5


def test_there_are_exactly_the_8_artifacts_of_the_pair(both):
    names = sorted(path.name for path in (both["resilient"].folder / "artifacts").iterdir())
    assert names == [
        "app-a-0.log",
        "app-a-0.prom",
        "app-a-1.log",
        "app-a-1.prom",
        "app-b-0.metrics",
        "app-b-1.metrics",
        "app-b-2.metrics",
        "load.json",
    ]


def test_every_planned_request_has_its_row(both):
    summary = both["resilient"].summary
    assert summary["load"]["requests"] == SHORT["rate_rps"] * SHORT["duration_s"]


def test_the_host_is_the_same_after_both_runs(both):
    assert both["left"] == {}


def test_the_files_alone_give_the_same_verdict_again(both):
    for mode, code in (("resilient", 0), ("baseline", 1)):
        folder = both[mode].folder
        kept = {name: (folder / name).read_bytes() for name in ("checks.tsv", "summary.json")}
        judged = _chaosproof("judge", str(folder))
        assert judged.returncode == code, judged.stdout + judged.stderr
        assert {name: (folder / name).read_bytes() for name in kept} == kept


def test_the_manifest_is_one_that_sha256sum_checks(both):
    folder = both["resilient"].folder
    checked = subprocess.run(
        ["sha256sum", "--check", "--quiet", "MANIFEST.sha256"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_comparison_of_the_two_passes(both, tmp_path):
    folders = [str(both[mode].folder) for mode in ("baseline", "resilient")]
    compared = _chaosproof("compare", *folders, "--out", str(tmp_path / "compare"))
    document = json.loads((tmp_path / "compare" / "compare.json").read_text())
    assert (compared.returncode, document["verdict"]) == (0, "pass"), compared.stdout + compared.stderr
    swapped = _chaosproof("compare", *reversed(folders))
    assert swapped.returncode == 64 and "Traceback" not in swapped.stderr


def test_prometheus_recorded_the_breakers(both):
    series = json.loads((both["resilient"].folder / "series.json").read_text())["series"]
    names = {one["metric"]["__name__"] for one in series}
    assert {"a_breaker_state", "b_busy"} <= names


def test_progress_is_said_in_plain_lines_where_there_is_no_terminal(both):
    lines = [line for line in both["baseline"].stderr.splitlines() if line.startswith("load ")]
    assert lines and any("UNAVAILABLE" in line for line in lines)
    assert "\x1b" not in "".join(lines)


def _chaosproof(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = Path(sys.executable).with_name("chaosproof")
    return subprocess.run([str(command), *arguments], capture_output=True, text=True, timeout=60, check=False)


# --- a run that is ended half-way -----------------------------------------------------------------------


def _started_run(folder: Path, mode: str = "resilient") -> tuple["subprocess.Popen[str]", Path]:
    """A run in the middle of its fault: the process, and its run folder."""
    folder.mkdir(parents=True)
    process = subprocess.Popen(
        # A fault that lasts longer than a busy machine takes to interrupt it.
        chaos_argv(folder / "journals", folder / "journal.json", {**SHORT, "mode": mode, "fault_s": 9}),
        cwd=REPOSITORY,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )

    def hit() -> bool:
        return any((folder / "journals").rglob("faults.jsonl")) or process.poll() is not None

    assert eventually(hit, within_s=60)
    assert process.poll() is None, process.communicate()[0]
    (ledger,) = (folder / "journals").rglob("faults.jsonl")
    return process, ledger.parent


def test_a_run_killed_in_the_middle_of_its_fault_leaves_the_host_as_it_was_and_no_pass(tmp_path):
    before = snapshot()
    process, folder = _started_run(tmp_path / "run")
    process.kill()
    process.wait()
    killed_at = time.monotonic()
    assert eventually(lambda: not left_since(before), within_s=1.0), left_since(before)
    assert time.monotonic() - killed_at < 1.0
    assert process.stdout is not None
    process.stdout.close()
    judged = _chaosproof("judge", str(folder), "--read-only")
    assert judged.returncode == 2, judged.stdout + judged.stderr


@pytest.mark.slow
def test_a_run_whose_lab_is_killed_is_unknown_and_leaves_the_host_as_it_was(tmp_path):
    before = snapshot()
    process, folder = _started_run(tmp_path / "run")
    lab = json.loads((folder / "session.json").read_text())["lab"]
    os.kill(lab_pid(lab), signal.SIGKILL)
    assert eventually(lambda: lab not in find_labs(), within_s=1.0)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1, output
    assert "Traceback" not in output
    assert json.loads((folder / "summary.json").read_text())["verdict"] == "unknown"
    assert f"the run ended early: the lab {lab} of this run was killed while the run was on" in output
    assert eventually(lambda: not left_since(before), within_s=1.0), left_since(before)


@pytest.mark.parametrize(
    "signum",
    [pytest.param(signal.SIGINT, marks=pytest.mark.slow, id="2"), pytest.param(signal.SIGTERM, id="15")],
)
def test_an_interrupted_run_rolls_back_saves_what_it_knows_and_does_not_pass(tmp_path, signum):
    before = snapshot()
    process, folder = _started_run(tmp_path / "run")
    process.send_signal(signum)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1, output
    assert "Rollback: no fault is left" in output
    (row,) = [json.loads(line) for line in (folder / "faults.jsonl").read_text().splitlines()]
    assert row["ended_by"] == "heal"
    assert json.loads((folder / "summary.json").read_text())["verdict"] == "unknown"
    assert (folder / "requests.csv.gz").stat().st_size > 0
    assert eventually(lambda: not left_since(before), within_s=1.0), left_since(before)
