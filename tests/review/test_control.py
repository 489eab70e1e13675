"""One control in any experiment: the exit code of `chaos run` follows the review, and all else is as without it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from chaosproof.review.review import review_file
from tests.review.recording.venvs import TOOLKITS, Unavailable, venv, with_review

CONTROL = {"provider": {"type": "python", "module": "chaosproof.controls.verdict"}}
TRUE = {"type": "process", "path": sys.executable, "arguments": ["-c", "print(20)"]}


def experiment(*method: dict[str, Any], **more: Any) -> dict[str, Any]:
    asks = {
        "type": "probe",
        "name": "answers",
        "tolerance": {"type": "regex", "target": "stdout", "pattern": "20"},
    }
    return {
        "title": "t",
        "description": "d",
        "steady-state-hypothesis": {"title": "h", "probes": [{**asks, "provider": TRUE}]},
        "method": list(method),
        "rollbacks": [],
        **more,
    }


def action(*arguments: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "action",
        "name": "acts",
        "provider": {"type": "process", "path": sys.executable, "arguments": ["-c", *arguments]},
        **more,
    }


def run_of(
    program: Path, folder: Path, content: dict[str, Any], *options: str, by_file: bool = True
) -> subprocess.Popen[str]:
    (folder / "e.json").write_text(json.dumps(content), encoding="utf-8")
    (folder / "verdict.json").write_text(json.dumps({"verdict": CONTROL}), encoding="utf-8")
    control = ["--control-file", "verdict.json"] if by_file else []
    command = [str(program), "--no-version-check", "--no-log-file", "run", *control, *options, "e.json"]
    return subprocess.Popen(
        command, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), str(folder)])},
    )  # fmt: skip


@pytest.fixture(scope="module", params=["own", pytest.param("1.21", marks=pytest.mark.slow)])
def program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `chaos` of this Python, and the one of the toolkit of today, which is of another Python."""
    if request.param == "own":
        return Path(sys.executable).with_name("chaos")
    try:
        return venv(with_review(TOOLKITS[request.param]), tmp_path_factory.mktemp("venvs")) / "bin/chaos"
    except Unavailable as error:
        pytest.fail(str(error))


FAILING = action("raise SystemExit(3)")
WORKING = action("print('did it')")


def test_an_action_that_failed_is_exit_1_where_the_toolkit_alone_says_0(
    program: Path, tmp_path: Path
) -> None:
    """The status of a process is nothing to the toolkit."""
    alone = run_of(program, tmp_path, experiment(FAILING), by_file=False)
    alone.communicate()
    assert alone.returncode == 0
    judged = run_of(program, tmp_path, experiment(FAILING))
    out, _ = judged.communicate()
    assert judged.returncode == 1
    assert out.splitlines()[0] == "journal.json: t: fail"
    journal = json.loads((tmp_path / "journal.json").read_text(encoding="utf-8"))
    assert journal["deviated"] is True
    assert journal["chaosproof_review"]["findings"][0]["code"] == "action-failed"
    assert journal["chaosproof_review"]["toolkit"] == {"status": "completed", "deviated": False}


def test_the_journal_is_reviewed_to_the_same_afterwards(program: Path, tmp_path: Path) -> None:
    """What the control wrote into it is not taken for the toolkit's."""
    run_of(program, tmp_path, experiment(FAILING)).communicate()
    journal = json.loads((tmp_path / "journal.json").read_text(encoding="utf-8"))
    again = review_file(tmp_path / "journal.json")
    assert [f.code for f in again.findings] == [f["code"] for f in journal["chaosproof_review"]["findings"]]


def test_an_honest_run_is_exit_0(program: Path, tmp_path: Path) -> None:
    """Listed in the experiment, it is the same."""
    content = experiment(WORKING, controls=[{"name": "verdict", **CONTROL}])
    run = run_of(program, tmp_path, content, "--journal-path", "other.json", by_file=False)
    out, _ = run.communicate()
    assert (run.returncode, out) == (0, "journal.json: t: pass\n")
    assert json.loads((tmp_path / "other.json").read_text(encoding="utf-8"))["status"] == "completed"


def test_a_doubt_is_exit_1_and_the_journal_says_failed(program: Path, tmp_path: Path) -> None:
    """An experiment without an action proves nothing."""
    run = run_of(program, tmp_path, experiment())
    out, _ = run.communicate()
    assert run.returncode == 1
    assert "no-action" in out
    assert json.loads((tmp_path / "journal.json").read_text(encoding="utf-8"))["status"] == "failed"


def test_sigterm_ends_the_run_and_plays_its_rollbacks_as_without_it(program: Path, tmp_path: Path) -> None:
    """The verdict comes last, and is no pass."""
    waits = action("open('on', 'w').close(); import time; time.sleep(60)")
    back = {**action("open('back', 'w').close()"), "name": "back"}
    run = run_of(program, tmp_path, experiment(waits, rollbacks=[back]), "--rollback-strategy", "always")
    while not (tmp_path / "on").exists():
        assert run.poll() is None
        time.sleep(0.05)
    run.send_signal(signal.SIGTERM)
    out, _ = run.communicate(timeout=60)
    assert run.returncode == 1
    assert (tmp_path / "back").exists()
    assert "ended-early" in out or "action-failed" in out


def test_a_toolkit_that_dies_is_no_pass(program: Path, tmp_path: Path) -> None:
    """NaN under a range ends the toolkit with an exception that it does not catch."""
    content = experiment(WORKING)
    content["steady-state-hypothesis"]["probes"][0] = {
        "type": "probe",
        "name": "nan",
        "tolerance": [0, 1],
        "provider": {"type": "python", "module": "builtins", "func": "float", "arguments": {"x": "nan"}},
    }
    run = run_of(program, tmp_path, content)
    run.communicate()
    assert run.returncode == 1


@pytest.mark.parametrize("name", ["verdict", "second"])
def test_a_second_control_is_called_as_without_it(name: str, program: Path, tmp_path: Path) -> None:
    """Either may be listed first."""
    (tmp_path / "mine.py").write_text(
        "def after_experiment_control(context, state, **kwargs):\n    state['mine'] = state['status']\n",
        encoding="utf-8",
    )
    mine = {"name": "mine", "provider": {"type": "python", "module": "mine"}}
    controls = [{"name": "verdict", **CONTROL}, mine]
    content = experiment(FAILING, controls=controls if name == "verdict" else controls[::-1])
    run = run_of(program, tmp_path, content, by_file=False)
    run.communicate()
    journal = json.loads((tmp_path / "journal.json").read_text(encoding="utf-8"))
    assert run.returncode == 1
    assert journal["mine"] == "completed"
