"""How far a pod's clock is ahead: nothing is said that the time of the question itself does not bear out."""

import time

import pytest

from chaosproof.targets.base import CommandResult, Instance
from chaosproof.targets.kubernetes.client.clock import clock_offset_s
from tests.support.fake_target import FakeTarget


class _Pod(FakeTarget):
    """Its clock is `ahead_s` ahead, and it says so `late_s` after it was asked."""

    def __init__(self, ahead_s: float, late_s: float) -> None:
        super().__init__([Instance("app-0", "app", "10.0.0.1")])
        self._ahead_s, self._late_s = ahead_s, late_s

    def run(self, instance, argv, **_):
        time.sleep(self._late_s)
        return CommandResult(tuple(argv), 0, f"{time.time() + self._ahead_s:.9f}\n", "", self._late_s)


def test_a_pod_that_answers_late_by_the_same_clock_is_not_ahead():
    assert clock_offset_s(_Pod(ahead_s=0, late_s=0.3)) == 0


@pytest.mark.parametrize("ahead_s", [5.0, -5.0])
def test_a_clock_that_is_wrong_by_more_than_the_question_takes_is_told(ahead_s):
    assert clock_offset_s(_Pod(ahead_s, late_s=0.1)) == pytest.approx(ahead_s, abs=0.5)
