"""A Compose project of somebody's: from `chaosproof init` to a verdict, without a change to its file."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from chaosproof.judge.judge import judge_run
from chaosproof.targets.containers.engine.client import EngineClient

PROJECT = Path(__file__).parent / "shop"


def chaosproof(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "chaosproof.cli.main", *words]
    return subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False, timeout=150)


@pytest.mark.containers
@pytest.mark.timeout(300)
def test_what_init_writes_for_a_project_is_drilled_to_a_verdict(client: EngineClient, tmp_path: Path) -> None:
    """Its users notice a reset between two services, as long as it lasts, and no longer; nothing is left."""
    shop = tmp_path / "shop"
    shutil.copytree(PROJECT, shop)
    url = ("--url", "http://web:8080/cgi-bin/buy")
    done = chaosproof(shop, "init", "--target", "containers", "--no-input", *url)
    assert done.returncode == 0, done.stderr
    assert (shop / "compose.yaml").read_text() == (PROJECT / "compose.yaml").read_text()
    before = {each.name for each in client.containers()}
    drilled = chaosproof(shop, "drill", "web-stock-reset", "--var", f"engine={client.kind}")
    assert drilled.returncode == 1, drilled.stdout + drilled.stderr
    assert {each.name for each in client.containers()} == before
    (run,) = (shop / "journals/web-stock-reset/resilient").iterdir()
    checks = {check.id: check.status for check in judge_run(run).checks}
    failed = {name for name, status in checks.items() if status != "pass"}
    assert failed == {"SYS_STEADY_STATE_AFTER", "WEB_USERS"}, drilled.stdout
    assert checks["WEB_BACK"] == checks["SYS_FAULT_HIT"] == checks["SYS_FAULT_ENDED"] == "pass"
