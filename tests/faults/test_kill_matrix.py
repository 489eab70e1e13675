"""The kill matrix, in a real lab: bench.faults.kill_matrix tries it and prints it, here it is held to its word."""

import pytest

from bench.faults.kill_matrix import STEPS, VICTIMS, WHOLE_WITHIN_S, Row, run_matrix, table, ways_here

pytestmark = pytest.mark.lab

# one fault per way to end: the kernel, a watchdog, the kernel and a watchdog, a program with its queue, the lab
SOME = ["drop nft", "reset iptables", "rate nft", "delay nfqueue", "pause"]
ONLY_OBSERVED = [f"{kind} nft" for kind in ("reset", "reject")]
HARD = ["just after", "just before the end"]


@pytest.fixture(
    scope="module",
    params=[
        pytest.param((SOME, ["both"], HARD), id="some"),
        pytest.param(
            (None, VICTIMS, list(STEPS)), id="all", marks=[pytest.mark.slow, pytest.mark.timeout(300)]
        ),
    ],
)
def rows(request: pytest.FixtureRequest) -> list[Row]:
    ways, victims, steps = request.param
    ways = ways or ways_here()
    rows = run_matrix(ways, victims, steps)
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print("\n" + table(rows))
    assert len(rows) == len(ways) * len(victims) * len(steps)
    return rows


def test_every_fault_bit_that_went_on(rows: list[Row]):
    for row in rows:
        never_on = row.step == "before apply" and row.victims != "helpers"
        assert (row.whole_s is None) == never_on, row
        # what ends with its helper, and loses that as soon as it is there, may be gone before anybody looks
        short = row.way in ("stress", "delay nfqueue") and row.step == "just after"
        assert (row.bit == 0) == never_on or short, row


def test_every_kill_met_somebody(rows: list[Row]):
    """But a pause has no helper, and a cut by nft without a queue none until its observer starts."""
    for row in rows:
        alone = row.way == "pause" or (row.way in ONLY_OBSERVED and row.step == "just after")
        helped = row.victims != "runner" and row.step != "before apply"
        assert bool(row.killed) == helped or alone, row


def test_traffic_is_whole_soon_after_the_deadline_whoever_was_killed(rows: list[Row]):
    for row in rows:
        assert row.whole_s is None or row.whole_s <= WHOLE_WITHIN_S, row


def test_the_network_is_as_before_whoever_was_killed_and_nobody_healed(rows: list[Row]):
    for row in rows:
        assert row.as_before, row
