"""The experiments r1 to r6: well formed, and r2 end to end, with the demo's gateway and with one that is wrong."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from chaosproof.experiment.experiment import mistakes_of
from tests.support.router_stack import ROOT

EXPERIMENTS = sorted((ROOT / "experiments").glob("r*.json"))


def loaded(file):
    return json.loads(file.read_text())


def test_there_are_six():
    assert [file.stem for file in EXPERIMENTS] == ["r1", "r2", "r3", "r4", "r5", "r6"]


@pytest.mark.parametrize("file", EXPERIMENTS, ids=lambda file: file.stem)
def test_every_claim_is_well_formed_and_names_an_activity_of_its_method(file):
    experiment = loaded(file)
    assert mistakes_of(experiment) == ()
    activities = {activity["name"] for activity in experiment["method"]}
    (extension,) = experiment["extensions"]
    assert extension["experiment"] == file.stem
    figures = [check["figure"] for check in extension["checks"]]
    named = [figure.split(".")[1] for figure in figures if figure.startswith("activities.")]
    assert [name for name in named if name not in activities] == []
    assert len({check["id"] for check in extension["checks"]}) == len(extension["checks"])


@pytest.mark.parametrize("number", [0, 5])
def test_r1_and_r6_send_requests_of_256_bytes(number):
    method = loaded(EXPERIMENTS[number])["method"]
    assert len(method[0]["provider"]["arguments"]["body"].replace("{seq}", "123")) == 256


def run(folder, experiment, **environment):
    journal = folder / "journal.json"
    done = subprocess.run(
        [
            *(str(Path(sys.executable).with_name("chaos")), "--no-version-check", "--no-log-file", "run"),
            *("--journal-path", str(journal), "--var", f"journals={folder / 'journals'}"),
            *("--var", "answer_within_s=2"),
            f"experiments/{experiment}.json",
        ],
        cwd=ROOT,
        env={**os.environ, "NO_COLOR": "1", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )  # fmt: skip
    return done, json.loads(journal.read_text())


@pytest.mark.lab
@pytest.mark.e2e
def test_r2_passes_and_leaves_its_folder(tmp_path):
    done, _ = run(tmp_path, "r2")
    assert done.returncode == 0, done.stdout + done.stderr
    (folder,) = (tmp_path / "journals/r2/resilient").iterdir()
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["verdict"] == "pass"
    report = json.loads((folder / "conformance.json").read_text())
    assert report["wrong"] == 0 and report["cases"] >= 50
    assert {file.name for file in (folder / "artifacts").iterdir()} == {
        "nats-0.log", "router-0.log", "gateway-0.log", "router-0.prom", "gateway-0.prom",
    }  # fmt: skip


@pytest.mark.lab
@pytest.mark.e2e
def test_r2_does_not_pass_with_a_gateway_that_answers_wrongly(tmp_path):
    wrong = f"{sys.executable} -m tests.router.wrong_gateway $IPC_SOCKET_PATH"
    done, journal = run(tmp_path, "r2", GATEWAY_CMD=wrong, PYTHONPATH=str(ROOT))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert journal["status"] != "completed" or journal["deviated"]
    assert "R2_EXACT" in done.stdout
