"""The kill matrix, in a real lab: bench.faults.kill_matrix tries it and prints it, here it is held to its word."""

import pytest

from bench.faults.kill_matrix import STEPS, VICTIMS, WAYS, WHOLE_WITHIN_S, Row, run_matrix, table

pytestmark = [pytest.mark.lab, pytest.mark.slow]

# iptables can end by itself at a whole second only; this is for rows in which nobody is left to end it sooner
_KERNEL_CLOCK_S = 1.05


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return run_matrix()


def orphaned(row: Row) -> bool:
    """Whether nobody was left who could have taken anything back."""
    return row.victims == "both" and row.step != "before apply"


def test_every_row_was_tried_and_bit(rows: list[Row], capsys: pytest.CaptureFixture[str]):
    with capsys.disabled():
        print("\n" + table(rows))
    assert len(rows) == len(WAYS) * len(VICTIMS) * len(STEPS)
    for row in rows:
        never_on = row.step == "before apply" and row.victims != "helpers"
        assert (row.whole_s is None, row.bit == 0) == (never_on, never_on), row
    # a kill that met nobody would try nothing; a reset by nft has no helper until its observer starts
    helped = [row for row in rows if row.victims != "runner" and row.step != "before apply"]
    assert all(row.killed for row in helped if row.way != "reset nft" or row.step != "just after")


def test_traffic_is_whole_soon_after_the_deadline_whoever_was_killed(rows: list[Row]):
    for row in rows:
        by_clock = row.way == "reset iptables" and orphaned(row)
        within_s = max(WHOLE_WITHIN_S, _KERNEL_CLOCK_S if by_clock else 0.0)
        assert row.whole_s is None or row.whole_s <= within_s, row


def test_the_network_is_as_before_whoever_was_killed(rows: list[Row]):
    """What no kernel removes by itself, and has no effect any more, is gone at the next heal."""
    for row in rows:
        inert = row.way != "reset nft" and orphaned(row)
        assert row.as_before or inert, row
        assert row.as_before_after_heal, row
