"""From an empty folder with two servers of others in it to a verdict, as somebody does it who has only the docs.

.venv/bin/python -m pytest tests/init/test_own_repository.py
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from chaosproof.targets.local.control_client import find_labs
from chaosproof.targets.system.service_names import name_of_folder
from tests.support.two_servers import shop_and_web

pytestmark = pytest.mark.lab
SHORT = [f"--var={name}" for name in ("warmup_s=2", "fault_at_s=3", "fault_s=4", "duration_s=14")]


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command in the folder, from which nothing of this repository can be seen."""
    command = [str(Path(sys.executable).with_name("chaosproof")), *words]
    environment = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1"}
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def init_argv(folder: Path) -> list[str]:
    services = [f"--service={name}={command}" for name, command in shop_and_web(folder).items()]
    return ["init", *services, "--measure", "2s"]


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_dry_run_shows_every_file_and_writes_none(tmp_path: Path) -> None:
    argv = init_argv(tmp_path)
    there = sorted(tmp_path.rglob("*"))
    done = run(tmp_path, *argv, "--dry-run")
    assert done.returncode == 0, done.stderr
    for name in (
        "experiments/system.yaml",
        "experiments/shop-web-reset.json",
        "experiments/gate.yaml",
        ".github/workflows/chaos.yml",
    ):
        assert f"would write {name}" in done.stdout
    assert "do users of http://shop:9000/ notice?" in done.stdout
    assert sorted(tmp_path.rglob("*")) == there
    # a lab is called by the folder that it is of
    own = name_of_folder(tmp_path / "system.yaml")
    assert [lab for lab in find_labs() if lab.startswith(own)] == []


@pytest.mark.slow
@pytest.mark.e2e
@pytest.mark.timeout(240)
def test_a_shop_without_protection_fails_its_drill(tmp_path: Path) -> None:
    """One mode, one run: users noticed, which the verdict says."""
    done = run(tmp_path, *init_argv(tmp_path))
    assert done.returncode == 0, done.stderr
    system = (tmp_path / "experiments/system.yaml").read_text()
    assert "port-8080: 8080" in system and "port-9000: 9000" in system and "replicas: 2" in system
    drill = run(tmp_path, "drill", "shop-web-reset", *SHORT)
    assert drill.returncode == 1, drill.stdout + drill.stderr
    statuses = statuses_of(tmp_path)
    assert statuses["SHOP_USERS"] == "fail"
    assert {status for id, status in statuses.items() if id.startswith("SYS_") and "STEADY" not in id} == {
        "pass"
    }


@pytest.mark.slow
@pytest.mark.e2e
@pytest.mark.timeout(360)
def test_with_a_variable_that_switches_its_protection_both_modes_are_compared(tmp_path: Path) -> None:
    """The fallback spares users what they meet without it: the comparison passes, and four lines say so."""
    done = run(tmp_path, *init_argv(tmp_path), "--switch", "shop.FALLBACK=off,on")
    assert done.returncode == 0, done.stderr
    drill = run(tmp_path, "drill", "shop-web-reset", *SHORT)
    assert drill.returncode == 0, drill.stdout + drill.stderr
    said = run(tmp_path, "verdict", "journals")
    assert said.returncode == 0, said.stderr
    assert len(said.stdout.splitlines()) == 4
    assert "shop-web-reset, baseline against resilient: pass" in said.stdout


def statuses_of(folder: Path) -> dict[str, str]:
    """The checks of the one run below the folder, by id."""
    (file,) = (folder / "journals").rglob("checks.tsv")
    rows = [line.split("\t") for line in file.read_text().splitlines()[2:]]
    assert json.loads(file.with_name("summary.json").read_text())["checks"]["total"] == len(rows)
    return {row[0]: row[1] for row in rows}
