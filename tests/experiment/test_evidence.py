"""What an experiment says proves that an action acted: what could prove nothing is refused before the run."""

from typing import Any

import pytest

from chaosproof.experiment.evidence import Evidence, evidence_mistakes, evidence_of

EXISTS = {"type": "python", "module": "os.path", "func": "exists", "arguments": {"path": "/run/off"}}
LIGHT = {"type": "http", "url": "http://lamp/"}
SAY = {"type": "process", "path": "sh", "arguments": ["-c", "echo x"]}
LOAD = {"type": "python", "module": "chaosproof.actions.load", "func": "run"}
DISTURB = {"type": "python", "module": "chaosproof.actions.app", "func": "disturb"}
OWN_RECORD = "whose own record is the proof; leave it out"
WRITE = {"type": "process", "path": "sh", "arguments": ["-c", "echo 1 > /x"]}
METHOD = [
    {"type": "action", "name": "pull the plug", "provider": {"type": "process", "path": "pull"}},
    {
        "type": "action",
        "name": "cut",
        "provider": {"type": "python", "module": "chaosproof.actions.network", "func": "reset"},
    },
    {"type": "probe", "name": "it is dark", "tolerance": True},
    {"type": "probe", "name": "the lamp", "provider": {"type": "process"}},
    {"type": "probe", "name": "anything", "tolerance": {"type": "jsonpath", "path": "$"}},
    {"type": "probe", "name": "any number", "tolerance": [0, 1e308]},
    {"type": "probe", "name": "any text", "tolerance": {"type": "regex", "pattern": ".*"}},
    {"type": "probe", "name": "true", "tolerance": 0, "provider": {"type": "process", "path": "/bin/true"}},
    {"type": "probe", "name": "a file", "tolerance": True, "provider": EXISTS},
    {"type": "action", "name": "say", "tolerance": 0, "provider": {"type": "process", "path": "echo"}},
    {"type": "action", "name": "say in a shell", "provider": SAY},
    {"type": "action", "name": "write", "provider": WRITE},
    {"type": "action", "name": "load", "provider": LOAD},
    {"type": "action", "name": "disturb", "provider": DISTURB},
    {"ref": "unplug"},
    {"ref": "it is light"},
    {"type": "probe", "name": "light again", "tolerance": 200, "provider": LIGHT},
]  # fmt: skip


def experiment(shows: Any, activity: Any = "pull the plug") -> dict[str, Any]:
    return {
        "steady-state-hypothesis": {
            "probes": [{"type": "probe", "name": "it is light", "tolerance": 200, "provider": LIGHT}]
        },
        "method": METHOD,
        "rollbacks": [
            {"type": "action", "name": "unplug", "provider": {"type": "process", "path": "unplug"}}
        ],
        "extensions": [{"name": "chaosproof", "evidence": [{"activity": activity, "shows": shows}]}],
    }


@pytest.mark.parametrize(
    ("shows", "activity", "mistake"),
    [
        ("output is not empty", "pull the plug", ""),
        ({"probe": "it is dark"}, "pull the plug", ""),
        ("output is not empty", "pull the plugs", "there is no such action in the method; did you mean pull the plug?"),
        ("output is not empty", "it is dark", "there is no such action in the method; known are cut, disturb, load"),
        ("output is not empty", "cut", "whose own record is the proof; leave it out"),
        ({"probe": "it is darc"}, "pull the plug", "no probe 'it is darc' in the method; did you mean it is dark?"),
        ({"probe": "the lamp"}, "pull the plug", "the probe 'the lamp' has no `tolerance`, so it cannot show"),
        ({"probe": "anything"}, "pull the plug", "the jsonpath $ without `expect` is met by any output"),
        ("output is within its tolerance", "pull the plug", "the action has no `tolerance`"),
        ({"probe": "any number"}, "pull the plug", "cannot be outside of its tolerance: the range 0 to 1e+308 is met"),
        ({"probe": "any text"}, "pull the plug", "cannot be outside of its tolerance: the regex '.*' matches any text"),
        ({"probe": "true"}, "pull the plug", "`true` ends with 0 whatever happens"),
        ({"probe": "a file"}, "pull the plug", "asks whether /run/off is there, which may have been so before"),
        ({"probe": "a file"}, "write", ""),
        ({"probe": "it is light"}, "pull the plug", "is one of the hypothesis, which is met before the action, too"),
        ({"probe": "light again"}, "pull the plug", "is one of the hypothesis, which is met before the action, too"),
        ("output is not empty", "say", "`echo` prints something whatever happens"),
        ("output is within its tolerance", "say", "the action cannot be outside of its tolerance: `echo` ends with 0"),
        ("output is not empty", "say in a shell", "`echo` prints something whatever happens"),
        ("output is not empty", "write", ""),
        ("output is not empty", "load", f"it calls chaosproof.actions.load, {OWN_RECORD}"),
        ("output is not empty", "disturb", f"it calls chaosproof.actions.app, {OWN_RECORD}"),
        ("output is not empty", "unplug", ""),
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


def test_of_two_actions_of_one_name_neither_may_be_ours() -> None:
    content = experiment("output is not empty")
    ours = {**METHOD[1], "name": "pull the plug"}
    for method in ([*METHOD, ours], [ours, *METHOD]):
        (mistake,) = evidence_mistakes({**content, "method": method})
        assert "it calls chaosproof.actions.network" in mistake


@pytest.mark.parametrize("other", ["pull the plug", "write"])
def test_a_probe_shows_the_effect_of_one_action(other: str) -> None:
    """Once both have acted, or one has: the probe is the same."""
    content = experiment({"probe": "it is dark"})
    content["method"] = [*METHOD[:2], {**METHOD[0], "name": other}, *METHOD[2:]]
    (extension,) = content["extensions"]
    if other != "pull the plug":
        extension["evidence"].append({"activity": other, "shows": {"probe": "it is dark"}})
    mistakes = list(evidence_mistakes(content))
    assert len(mistakes) == len(extension["evidence"])
    assert all("and not which of them acted: give each a name" in mistake for mistake in mistakes)


def test_a_hypothesis_that_is_asked_after_the_method_alone_may_show_the_effect() -> None:
    content = experiment({"probe": "it is light"})
    assert len(list(evidence_mistakes(content))) == 1
    content["runtime"] = {"hypothesis": {"strategy": "after-method-only"}}
    assert list(evidence_mistakes(content)) == []
