"""A project that has packages `actions` and `probes` of its own, beside the installed wheel: both work."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.chaos import REPOSITORY

SYSTEM = """
values: values
services:
  shop:
    command: [python, -u, -m, http.server, "8000"]
    ports: {http: 8000}
    healthcheck: {http: /, port: http}
"""
EXPERIMENT = {
    "title": "The shop opens",
    "description": "A load on a server of others, and a probe of others.",
    "configuration": {
        "mode": "resilient", "system": "system.yaml", "journals": "journals",
        "warmup_s": 1, "rate_rps": 50, "connections": 5,
    },
    "controls": [{"name": "session", "provider": {"type": "python", "module": "chaosproof.controls.session"}}],
    "steady-state-hypothesis": {
        "title": "It is open",
        "probes": [
            {
                "type": "probe", "name": "by our own probe", "tolerance": 42,
                "provider": {"type": "python", "module": "probes.load", "func": "answer"},
            },
            {
                "type": "probe", "name": "and by ours", "tolerance": {"type": "range", "range": [0, 0.05]},
                "provider": {"type": "python", "module": "chaosproof.probes.load", "func": "error_ratio"},
            },
        ],
    },
    "method": [
        {
            "type": "action", "name": "load",
            "provider": {
                "type": "python", "module": "chaosproof.actions.load", "func": "start",
                "arguments": {"url": "http://shop:8000/", "rate_rps": 50, "duration_s": 2},
            },
        },
        {
            "type": "action", "name": "finish",
            "provider": {"type": "python", "module": "chaosproof.actions.load", "func": "finish"},
        },
    ],
    "rollbacks": [],
    "extensions": [
        {
            "name": "chaosproof", "experiment": "shop", "modes": ["resilient"], "no_fault": True,
            "artifacts": ["load.json"],
            "load": {"url": "http://shop:8000/"},
            "checks": [{"id": "USERS", "claim": "nobody minds", "figure": "load.error_ratio", "at_most": 0.05}],
        }
    ],
}  # fmt: skip


@pytest.mark.lab
def test_packages_of_ones_own_by_the_same_names_are_found_and_ours_too(
    environment: dict[str, str], tmp_path: Path
):
    for package in ("actions", "probes"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
    (tmp_path / "probes/load.py").write_text("def answer() -> int:\n    return 42\n")
    (tmp_path / "system.yaml").write_text(SYSTEM)
    (tmp_path / "values").mkdir()
    for overlay in ("common", "resilient"):
        (tmp_path / f"values/values-{overlay}.yaml").write_text("{}")
    (tmp_path / "exp.json").write_text(json.dumps(EXPERIMENT))
    path = os.pathsep.join([str(tmp_path), environment["PYTHONPATH"]])
    done = subprocess.run(
        [str(Path(sys.executable).with_name("chaos")), "--no-version-check", "--no-log-file", "run", "exp.json"],
        cwd=tmp_path, env={**environment, "PYTHONPATH": path}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "shop resilient: pass" in done.stdout
    journal = json.loads((tmp_path / "journal.json").read_text())
    assert journal["steady_states"]["after"]["probes"][0]["output"] == 42
    assert str(REPOSITORY) not in done.stdout
