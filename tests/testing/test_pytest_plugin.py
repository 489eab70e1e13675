"""The plugin of pytest: a project of others, whose tests ask for a lab."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.chaos import REPOSITORY

SYSTEM = REPOSITORY / "chaosproof/demo/own-service/system.yaml"
TESTS = """
import urllib.request

import pytest


@pytest.fixture(scope="module")
def lab_system(lab_system):
    assert str(lab_system["system"]).endswith("own-service/system.yaml")
    return {**lab_system, "mode": "resilient"}


def buy(lab):
    return lab.target.run("shop-0", ["python", "-c", ASK])


ASK = "import urllib.request; print(urllib.request.urlopen('http://localhost:8000/buy').status)"


def test_buys_under_a_reset(lab):
    assert buy(lab).stdout.strip() == "200"  # it remembers the price
    with lab.fault("reset", "shop-0", port=7000, duration_s=1.5):
        assert buy(lab).stdout.strip() == "200"


def test_fault_alone(lab, fault):
    with fault("drop", "shop-0", port=7000, duration_s=1):
        buy(lab)


def test_nothing_was_met(fault):
    with fault("drop", "shop-1", port=7777, duration_s=0.2):
        pass


def test_broken(lab):
    with lab.fault("drop", "shop-0", port=7000, duration_s=60):
        assert False, "the assertion of the test itself"


def test_the_system_is_whole_again(lab):
    assert buy(lab).stdout.strip() == "200"
"""


@pytest.mark.lab
def test_the_tests_of_another_project_get_a_lab(tmp_path: Path):
    (tmp_path / "test_shop.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text(f"[pytest]\nchaosproof_system = {SYSTEM}\n")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "chaosproof.testing.pytest_plugin",
            "-p",
            "no:cacheprovider",
            "-q",
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert "3 passed" in done.stdout and "2 failed" in done.stdout, done.stdout + done.stderr
    assert "hit no packets" in done.stdout
    assert "the assertion of the test itself" in done.stdout
