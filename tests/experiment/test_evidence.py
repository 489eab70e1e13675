"""What an experiment says proves that an action acted: what could prove nothing is refused before the run."""

from typing import Any

import pytest

from chaosproof.experiment.evidence import Evidence, evidence_mistakes, evidence_of

METHOD = [
    {"type": "action", "name": "pull the plug", "provider": {"type": "process", "path": "pull"}},
    {
        "type": "action",
        "name": "cut",
        "provider": {"type": "python", "module": "actions.network", "func": "reset"},
    },
    {"type": "probe", "name": "it is dark", "tolerance": True},
    {"type": "probe", "name": "the lamp", "provider": {"type": "process"}},
    {"type": "probe", "name": "anything", "tolerance": {"type": "jsonpath", "path": "$"}},
]


def experiment(shows: Any, activity: Any = "pull the plug") -> dict[str, Any]:
    return {
        "method": METHOD,
        "extensions": [{"name": "chaosproof", "evidence": [{"activity": activity, "shows": shows}]}],
    }


@pytest.mark.parametrize(
    ("shows", "activity", "mistake"),
    [
        ("output is not empty", "pull the plug", ""),
        ({"probe": "it is dark"}, "pull the plug", ""),
        ("output is not empty", "pull the plugs", "there is no such action in the method; did you mean pull the plug?"),
        ("output is not empty", "it is dark", "there is no such action in the method; known are cut, pull the plug"),
        ("output is not empty", "cut", "whose own record is the proof; leave it out"),
        ({"probe": "it is darc"}, "pull the plug", "no probe 'it is darc' in the method; did you mean it is dark?"),
        ({"probe": "the lamp"}, "pull the plug", "the probe 'the lamp' has no `tolerance`, so it cannot show"),
        ({"probe": "anything"}, "pull the plug", "the jsonpath $ without `expect` is met by any output"),
        ("output is within its tolerance", "pull the plug", "the action has no `tolerance`"),
        ("it hurts", "pull the plug", '`shows` must be "output is not empty", "output is within its tolerance"'),
    ],
)  # fmt: skip
def test_evidence_that_could_prove_nothing_is_a_mistake(shows: Any, activity: str, mistake: str) -> None:
    """Each in a sentence that names the action."""
    mistakes = list(evidence_mistakes(experiment(shows, activity)))
    assert len(mistakes) == (1 if mistake else 0)
    assert mistake in "".join(mistakes)
    assert all(sentence.startswith(f"evidence of {activity!r}: ") for sentence in mistakes)


@pytest.mark.parametrize("value", [None, 3, [], [None], [{}], [{"activity": 3}], "x", {"activity": "a"}])
def test_what_is_no_evidence_is_none(value: Any) -> None:
    """Reading never raises; the schema refuses it."""
    assert evidence_of({"extensions": [{"name": "chaosproof", "evidence": value}]}) == ()
    assert evidence_of({"extensions": value}) == ()


def test_evidence_says_what_it_rests_on() -> None:
    (by_word,) = evidence_of(experiment("output is not empty"))
    (by_probe,) = evidence_of(experiment({"probe": "it is dark"}))
    assert by_word == Evidence("pull the plug", "output is not empty", "")
    assert by_word.sentence == "its output is not empty"
    assert by_probe.sentence == "the probe 'it is dark' is within its tolerance"
