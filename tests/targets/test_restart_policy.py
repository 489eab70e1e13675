"""Which ends of an instance are followed by a start, and how soon."""

import pytest

from chaosproof.targets.local.inside.restart_policy import RestartPolicy


@pytest.mark.parametrize(
    ("policy", "after_0", "after_1"),
    [
        ("no", None, None),
        ("always", 0.1, 0.1),
        ("unless-stopped", 0.1, 0.1),
        ("on-failure", None, 0.1),
    ],
)
def test_a_policy_asks_how_it_ended(policy, after_0, after_1):
    assert RestartPolicy(policy).pause_s(0, lived_s=0) == after_0
    assert RestartPolicy(policy).pause_s(1, lived_s=0) == after_1


def test_the_pause_doubles_up_to_a_minute_and_begins_anew_after_a_life_of_ten_seconds():
    policy = RestartPolicy("always")
    pauses = [policy.pause_s(1, lived_s=1) for _ in range(12)]
    assert pauses[:3] == [0.1, 0.2, 0.4] and pauses[-1] == 60
    assert policy.pause_s(1, lived_s=10) == 0.1


def test_on_failure_can_have_a_number_of_times():
    policy = RestartPolicy("on-failure:2")
    assert [policy.pause_s(1, lived_s=0) for _ in range(3)] == [0.1, 0.2, None]
