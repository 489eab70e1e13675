"""Some of the catalogue end to end, as a person would run it: what bites passes, what does not bite does not."""

import subprocess
from pathlib import Path

import pytest

from tests.support.catalogue import run, unmet

pytestmark = [pytest.mark.lab, pytest.mark.e2e, pytest.mark.slow]


@pytest.mark.parametrize("name", ["reset", "rate", "kill", "pause"])
def test_a_fault_that_bites_and_goes_away_passes(tmp_path: Path, name: str):
    exit_code, summary, rows = run(tmp_path, name)
    assert unmet(rows) == []
    assert (exit_code, summary["verdict"]) == (0, "pass")
    assert summary["faults"][0]["kind"] == name
    assert summary["load"]["requests"] == 0


def test_a_fault_is_made_by_the_backend_that_was_asked_for(tmp_path: Path):
    exit_code, summary, rows = run(tmp_path, "reset", backend="iptables")
    assert unmet(rows) == []
    assert (exit_code, summary["faults"][0]["backend"]) == (0, "iptables")


def test_a_fault_that_bites_too_little_fails(tmp_path: Path):
    exit_code, summary, rows = run(tmp_path, "loss", loss_percent=3)
    assert (exit_code, summary["verdict"]) == (1, "fail")
    assert [row[:2] for row in unmet(rows)] == [["LOSS_SHARE", "fail"]]


def test_a_rate_too_wide_to_hold_anything_back_did_not_act(tmp_path: Path):
    """Whatever is claimed: packets went through its queue, and none had to wait."""
    exit_code, summary, rows = run(tmp_path, "rate", rate_kbit=10_000_000)
    assert (exit_code, summary["verdict"]) == (1, "fail")
    assert {row[0]: row[1] for row in unmet(rows)}["SYS_FAULT_HIT"] == "fail"
    assert "none was held back" in next(row[2] for row in rows if row[0] == "SYS_FAULT_HIT")


def test_a_delay_is_had_without_netem_and_says_by_what(tmp_path: Path):
    exit_code, summary, rows = run(tmp_path, "delay", backend="nfqueue")
    assert unmet(rows) == []
    assert (exit_code, summary["verdict"]) == (0, "pass")
    assert summary["faults"][0]["backend"] == "nfqueue"


def test_a_fault_that_this_kernel_lacks_is_unknown_and_says_what_is_missing(tmp_path: Path):
    exit_code, summary, rows = run(tmp_path, "duplicate")
    if _has_netem():
        assert (exit_code, summary["verdict"]) == (0, "pass")
        return
    assert (exit_code, summary["verdict"]) == (1, "unknown")
    assert summary["faults"] == []
    said = {row[0]: row[2] for row in unmet(rows)}
    assert "duplicate is not possible here" in said["SYS_ACTIVITIES"]
    assert "this kernel has no sch_netem" in said["SYS_ACTIVITIES"]
    assert "chaosproof doctor" in said["SYS_ACTIVITIES"]


def _has_netem() -> bool:
    argv = [
        "unshare",
        "--user",
        "--map-root-user",
        "--net",
        "tc",
        "qdisc",
        "add",
        "dev",
        "lo",
        "root",
        "netem",
    ]
    return subprocess.run([*argv, "delay", "1ms"], capture_output=True, check=False).returncode == 0
