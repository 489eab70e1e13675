"""Chaos Toolkit's own report for agents, and its file of events, agree with the verdict: by its own command.

Both are of 1.21, which needs Python 3.12: where the suite's Python is older they are slow tests, which make a venv.
"""

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from tests.review.recording.venvs import TOOLKITS, Toolkit, Unavailable, venv, with_everything, with_review
from tests.support.chaos import REPOSITORY
from tests.tampering.live import environment, mutated_argv

HAS_AGENT = tuple(map(int, version("chaostoolkit").split(".")[:2])) >= (1, 21)
pytestmark = [*([] if HAS_AGENT else [pytest.mark.slow]), pytest.mark.timeout(600)]
RESET = 1


def _chaos(toolkit: Toolkit, folder: Path) -> Path:
    if HAS_AGENT:
        return Path(sys.executable).with_name("chaos")
    try:
        return venv(toolkit, folder) / "bin/chaos"
    except Unavailable as error:
        pytest.fail(str(error))


@pytest.fixture(scope="module")
def reviewing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `chaos` of 1.21 beside what the control of the review needs."""
    return _chaos(with_review(TOOLKITS["1.21"]), tmp_path_factory.mktemp("venvs"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same beside what a session needs."""
    return _chaos(with_everything(TOOLKITS["1.21"]), tmp_path_factory.mktemp("venvs"))


def outcome_of(report: dict[str, Any]) -> tuple[Any, ...]:
    return report["outcome"], report["conclusive"], report["exit_code"]


def last_event(file: Path) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(file.read_text().splitlines()[-1])
    assert event["type"] == "run-finished"
    return {"status": event["status"], "deviated": event["deviated"]}


# --- with the control of the review ---------------------------------------------------------------------


def activity(kind: str, name: str, code: str, **more: Any) -> dict[str, Any]:
    provider = {"type": "process", "path": sys.executable, "arguments": ["-c", code]}
    return {"type": kind, "name": name, "provider": provider, **more}


REVIEWED = {
    "pass": ([activity("action", "acts", "print('did it')")], "print(20)"),
    "fail": ([activity("action", "acts", "raise SystemExit(3)")], "print(20)"),
    "unknown": ([], "print(20)"),
}
OUTCOMES = {"pass": ("passed", True, 0), "fail": ("deviated", True, 1), "unknown": ("probe-error", False, 1)}
ENDS = {
    "pass": {"status": "completed", "deviated": False},
    "fail": {"status": "completed", "deviated": True},
    "unknown": {"status": "failed", "deviated": False},
}


@pytest.mark.parametrize("verdict", REVIEWED)
def test_the_report_of_a_reviewed_run_is_of_its_verdict(
    reviewing: Path, tmp_path: Path, verdict: str
) -> None:
    """Without the control it is "passed, conclusive" each time."""
    method, asks = REVIEWED[verdict]
    tolerance = {"type": "regex", "target": "stdout", "pattern": "20"}
    content = {
        "title": "t", "description": "d", "method": method, "rollbacks": [],
        "steady-state-hypothesis": {
            "title": "h", "probes": [activity("probe", "answers", asks, tolerance=tolerance)]
        },
    }  # fmt: skip
    control = {"verdict": {"provider": {"type": "python", "module": "chaosproof.controls.verdict"}}}
    (tmp_path / "e.json").write_text(json.dumps(content))
    (tmp_path / "verdict.json").write_text(json.dumps(control))

    def run(*options: str) -> dict[str, Any]:
        command = [str(reviewing), "--no-version-check", "--no-log-file", "run", "--output", "agent"]
        done = subprocess.run(
            [*command, "--events-file", "events.ndjson", *options, "e.json"],
            cwd=tmp_path, capture_output=True, text=True, check=False,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        )  # fmt: skip
        report: dict[str, Any] = json.loads(done.stdout)
        return report

    assert outcome_of(run()) == ("passed", True, 0)
    assert outcome_of(run("--control-file", "verdict.json")) == OUTCOMES[verdict]
    assert last_event(tmp_path / "events.ndjson") == ENDS[verdict]
    journal = json.loads((tmp_path / "journal.json").read_text())
    measured = [journal["steady_states"][phase]["steady_state_met"] for phase in ("before", "after")]
    assert measured == [True, True]


# --- with the session -----------------------------------------------------------------------------------


def _misses(experiment: Any) -> None:
    experiment["method"][RESET]["provider"]["arguments"].update(port=50059)


def _claims_what_nobody_measured(experiment: Any) -> None:
    claim = {"id": "OWN", "claim": "c", "figure": "series.no_such_metric.max", "at_most": 1}
    experiment["extensions"][0]["checks"].append(claim)


MUTATIONS = {"pass": lambda experiment: None, "fail": _misses, "unknown": _claims_what_nobody_measured}


@pytest.mark.lab
@pytest.mark.e2e
@pytest.mark.parametrize("verdict", MUTATIONS)
def test_the_report_of_a_run_with_a_session_is_of_its_verdict(
    whole: Path, tmp_path: Path, verdict: str
) -> None:
    """A fault that bit, one that met no packet, and a claim that nothing answers; the hypothesis holds each time."""
    _, *argv, experiment = mutated_argv(tmp_path, MUTATIONS[verdict])
    done = subprocess.run(
        [str(whole), *argv, "--output", "agent", "--events-file", str(tmp_path / "toolkit.ndjson"), experiment],
        cwd=REPOSITORY, env=environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    report = json.loads(done.stdout)
    assert outcome_of(report) == OUTCOMES[verdict], done.stderr
    journal = json.loads((tmp_path / "toolkit.json").read_text())
    assert journal["chaosproof"]["verdict"] == verdict, done.stderr
    assert last_event(tmp_path / "toolkit.ndjson") == ENDS[verdict]
    if verdict == "fail":
        assert "SYS_FAULT_HIT" in report["steady_state"]["during"]["unmet_probes"]
    kept = json.loads((Path(journal["chaosproof"]["run_dir"]) / "journal.json").read_text())
    assert kept["steady_states"]["during"] == []
