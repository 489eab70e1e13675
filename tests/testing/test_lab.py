"""The public API: a lab, a fault, a load and a verdict, from Python."""

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from chaosproof import Lab, UsageError
from chaosproof.testing import lab as module
from chaosproof.testing.active_fault import FaultNotProven
from tests.support.chaos import REPOSITORY

SYSTEM = REPOSITORY / "chaosproof/demo/own-service/system.yaml"
USERS = {"id": "USERS", "claim": "users notice little", "figure": "load.error_ratio", "at_most": 0.05}


def reset_under_load(mode: str, *claims: dict):
    with Lab.up(SYSTEM, mode=mode) as lab:
        load = lab.load("http://shop:8000/buy", rate_rps=100, duration_s=6)
        load.wait_until(1)
        with lab.fault("reset", "shop-0", port=7000, duration_s=2) as fault:
            assert fault.receipt.applied_at
        assert fault.receipt.ended_by == "kernel"
        load.finish()
        return lab.verdict(*claims)


@pytest.mark.lab
def test_a_lab_a_fault_a_load_and_a_verdict():
    verdict = reset_under_load("resilient", USERS)
    assert verdict.status == "pass", verdict
    assert [check.id for check in verdict.checks][-1] == "USERS"
    assert verdict.figures["load"]["requests"] == 600
    assert verdict.figures["windows"]["fault"]["requests"] > 100


@pytest.mark.lab
def test_where_nothing_was_tried_or_nothing_is_claimed_nothing_is_shown():
    """As of a run: a load without a fault is the steady state alone, and a fault without a claim asks nothing."""
    with Lab.up(SYSTEM, mode="resilient") as lab:
        load = lab.load("http://shop:8000/buy", rate_rps=50, duration_s=1.5)
        load.finish()
        untried, meant, unclaimed = (
            lab.verdict(USERS),
            lab.verdict(USERS, no_fault=True),
            lab.verdict(no_fault=True),
        )
    assert untried.status == "unknown"
    assert "has no action but its load, so nothing was tried" in str(untried)
    assert meant.status == "pass", meant
    assert unclaimed.status == "unknown"
    assert "unknown SYS_CLAIMS: the experiment claims nothing" in str(unclaimed)


@pytest.mark.lab
def test_a_system_that_minds_the_fault_fails_its_claim_and_no_other():
    verdict = reset_under_load("baseline", USERS)
    assert verdict.status == "fail"
    assert [check.id for check in verdict.checks if check.status != "pass"] == ["USERS"]
    assert "fail USERS" in str(verdict)


@pytest.mark.lab
def test_a_fault_that_meets_nobody_is_no_proof_of_anything():
    with Lab.up(SYSTEM, mode="resilient") as lab:
        with pytest.raises(FaultNotProven, match="hit no packets: is there traffic"):
            with lab.fault("drop", "shop-1", port=7777, duration_s=0.3):
                pass
        assert lab.verdict().status != "pass"


@pytest.mark.lab
def test_what_the_block_raises_ends_the_fault_and_the_lab_is_gone_afterwards(tmp_path: Path):
    with pytest.raises(ZeroDivisionError):
        with Lab.up(SYSTEM, mode="resilient", folder=tmp_path / "kept") as lab:
            name = lab._running.name
            with lab.fault("drop", "shop-0", port=7000, duration_s=60) as fault:
                print(1 / 0)
    assert fault.receipt.healed
    assert (tmp_path / "kept" / "faults.jsonl").stat().st_size
    done = subprocess.run(
        [sys.executable, "-m", "chaosproof.cli.main", "lab", "status"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert name not in done.stdout


def test_wrong_calls_are_sentences(tmp_path: Path):
    (tmp_path / "x").touch()
    with pytest.raises(UsageError, match="is to be empty"), Lab.up(SYSTEM, mode="resilient", folder=tmp_path):
        pass
    with pytest.raises(UsageError, match="Unknown mode"), Lab.up(SYSTEM, mode="resilint"):
        pass


def test_the_example_of_the_module_is_fifteen_lines_at_most():
    text = inspect.getdoc(module) or ""
    example = "\n".join(line[4:] for line in text.splitlines() if line.startswith("    "))
    ast.parse(example)
    assert 0 < len([line for line in example.splitlines() if line.strip()]) <= 15
