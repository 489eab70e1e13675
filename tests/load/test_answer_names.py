"""Answers that are signed with a host's name are recorded under the instance's."""

from chaosproof.load.answer_names import named_answers, signatures
from chaosproof.load.outcome import Outcome
from chaosproof.targets.base import Instance

INSTANCES = (
    Instance("shop-0", "shop", "10.0.0.1", host_name="12ae9b9b89a3"),
    Instance("shop-1", "shop", "10.0.0.2"),
)


def recorded(environment: dict[str, str], *signed: str) -> list[str]:
    outcomes: list[Outcome] = []
    record = named_answers(outcomes.append, environment)
    for seq, name in enumerate(signed):
        record(Outcome(seq, 0.0, 0.0, 0.1, 200, "", name, 1))
    return [outcome.instance for outcome in outcomes]


def test_who_signs_with_its_hosts_name_is_known_by_its_own():
    """Others, and nobody, stay as they are."""
    assert recorded(signatures(INSTANCES), "12ae9b9b89a3", "shop-1", "stranger", "") == [
        "shop-0",
        "shop-1",
        "stranger",
        "",
    ]


def test_where_all_sign_with_their_names_nothing_is_said():
    """And nothing stands between the pool and the recorder."""
    assert signatures(INSTANCES[1:]) == {}
    record = [].append
    assert named_answers(record, {}) == record
