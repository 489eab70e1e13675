"""Whatever is wrong with a run: one clear sentence, exit code 1, nothing left behind, never a pass."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.support.chaos import REPOSITORY, SHORT, chaos_argv, run_s4
from tests.support.host import left_since, snapshot

pytestmark = [pytest.mark.lab, pytest.mark.e2e]

WRONG = [
    ({"mode": "resilent"}, "Unknown mode 'resilent'"),
    ({"target": "mars"}, "Unknown target 'mars'; known targets: local"),
    ({"duration_s": -1}, "duration_s must be more than zero, not '-1'"),
    ({"duration_s": 0}, "duration_s must be more than zero, not '0'"),
    ({"fault_s": "nan"}, "fault_s must be a finite number, not 'nan'"),
    ({"duration_s": 301}, "above the ceiling of 300 s"),
    ({"fault_port": 0}, "fault_port must be a whole number from 1 to 65535, not '0'"),
    ({"fault_port": 65536}, "fault_port must be a whole number from 1 to 65535"),
    ({"system": "no/such.yaml"}, "Cannot read no/such.yaml: No such file"),
    ({"fault_s": 11}, "make the load longer"),
]


@pytest.mark.parametrize(("variables", "sentence"), WRONG)
def test_a_wrong_variable_ends_the_run_before_anything_is_started(tmp_path, variables, sentence):
    before = snapshot()
    run = run_s4(tmp_path, **variables)
    assert run.exit_code == 1
    assert sentence in run.stderr
    assert "Traceback" not in run.stderr
    assert run.journal["status"] != "completed"
    assert not list(tmp_path.rglob("session.json")), "a run folder was made for a run that never was"
    assert not left_since(before)


@pytest.mark.slow
def test_a_fault_on_an_instance_that_does_not_exist_fails_the_run_and_names_the_known_ones(tmp_path):
    run = run_s4(tmp_path, fault_instance="app-a-9", warmup_s=6, duration_s=6)
    assert run.exit_code == 1
    assert "no instance 'app-a-9'" in run.stderr and "app-a-0, app-a-1" in run.stderr
    assert run.summary["verdict"] == "fail"


def test_a_full_journals_folder_is_one_sentence(tmp_path):
    run = run_s4(tmp_path, journals="/proc/no-journals-here")
    assert run.exit_code == 1
    assert "Cannot make the run folder /proc/no-journals-here" in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("spoiled", ["no extension", "bad claim"])
def test_an_experiment_without_usable_words_to_this_project_is_refused(tmp_path, spoiled):
    experiment = json.loads((REPOSITORY / "experiments/s4.json").read_text())
    if spoiled == "no extension":
        experiment["extensions"] = []
    else:
        experiment["extensions"][0]["checks"][0] = {
            "id": "X",
            "claim": "?",
            "figure": "load.p99_ms",
            "at_mots": 1,
        }
    (tmp_path / "bad.json").write_text(json.dumps(experiment))
    argv = chaos_argv(tmp_path / "journals", tmp_path / "journal.json", {})
    done = subprocess.run(
        [*argv[:-1], str(tmp_path / "bad.json")],
        cwd=REPOSITORY,
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert ("extension" in done.stderr) if spoiled == "no extension" else ("at_mots" in done.stderr)
    assert not (tmp_path / "journals").exists()


@pytest.mark.slow
def test_a_journals_folder_that_fills_up_during_the_run_never_passes(tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    # A private mount, gone with its namespace: 100 kB are full long before the run is over.
    script = f'mount -t tmpfs -o size=100k tmpfs {small} && exec "$@"'
    argv = chaos_argv(
        small / "journals",
        tmp_path / "journal.json",
        {**SHORT, "rate_rps": 500},
    )
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", *argv],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "No space left on device" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert json.loads(Path(tmp_path / "journal.json").read_text())["status"] != "completed"
