"""Faults that need netem, in a kernel that has it: Debian's, booted in QEMU (about four minutes without KVM).

apt-get install qemu-system-x86 kmod; pip install virtme-ng
apt-get download linux-image-VERSION-amd64; dpkg -x linux-image-*.deb KERNEL
CHAOSPROOF_NETEM_KERNEL=KERNEL/boot/vmlinuz-VERSION-amd64 pytest -m netem tests/faults
"""

import sys
from typing import Any

import pytest

from .netem_inside import FAULTS
from .netem_kernel import results_of

pytestmark = [pytest.mark.netem, pytest.mark.slow, pytest.mark.timeout(600)]

Results = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def results() -> Results:
    found = {}
    for result in results_of(f"{sys.executable} -m tests.faults.netem_inside", timeout_s=580):
        found[result["name"]] = result
        if result["name"] == "bursts":
            print(result)
            continue
        measured = ("name", "answer", "base_ms", "rtt_ms", "packets", "opened", "ended_by", "same", "after")
        print({key: result[key] for key in measured})
    return found


@pytest.mark.parametrize("delay_ms", [400, 100])
def test_a_round_trip_takes_as_much_longer_as_was_asked_for(results: Results, delay_ms: int):
    """Medians, with the fault and just before it; one way is delayed. Within 10 %."""
    result = results[f"delay {delay_ms}"]
    assert result["answer"] == "ok"
    assert result["rtt_ms"] - result["base_ms"] == pytest.approx(delay_ms, rel=0.1)
    assert f"delay {delay_ms}ms" in result["queues"]


@pytest.mark.parametrize("name", FAULTS)
def test_a_shaping_fault_meets_packets_and_ends_without_a_trace(results: Results, name: str):
    result = results[name]
    assert result["packets"] > 0
    assert result["ended_by"] == "kernel"
    assert result["same"] and result["after"] == "ok"


def test_a_loss_in_bursts_loses_its_share_in_bursts_as_long_as_was_asked_for(results: Results):
    """Of 4,000 datagrams 800 in 160 bursts; their mean length has a standard deviation of 0.35 by chance."""
    result = results["bursts"]
    assert result["sent"] == "all" and result["packets"] == 4000
    assert result["lost"] / result["bursts"] == pytest.approx(5.0, abs=4 * 0.35)
    # a chance of one in five, correlated: a standard deviation of 77
    assert result["lost"] == pytest.approx(800, abs=4 * 77)


def test_corrupted_packets_hardly_ever_arrive(results: Results):
    """One in ten is spoilt where nobody looks, so it takes several to tell: four of six by chance, once in 800."""
    assert results["corrupt"]["opened"] < 4


@pytest.mark.parametrize("kind", ["reset", "drop"])
def test_the_last_resort_is_a_blackhole_and_says_so(results: Results, kind: str):
    result = results[f"tc {kind}"]
    # an open connection is ended by ss -K where it is to be reset
    assert result["answer"] == {"reset": "ECONNABORTED", "drop": "timeout"}[kind]
    assert result["packets"] > 0
    assert "netem loses 100 %" in result["fidelity"]
    assert result["ended_by"] == "watchdog" and result["same"] and result["after"] == "ok"
