"""What a review takes out of a journal: its fields, the words of an activity, times in answers, changes of runs."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from chaosproof.experiment.method_actions import function_of
from chaosproof.review.changes import changes_between, runs_in_order
from chaosproof.review.documents import configured, kind_of
from chaosproof.review.facts.action_words import (
    addresses_of,
    changes,
    delay_asked_s,
    duration_asked_s,
    is_moment,
    is_undo,
    known_provider,
    tokens,
)  # fmt: skip
from chaosproof.review.facts.instants import instants_of
from chaosproof.review.facts.outages import is_outage
from chaosproof.review.reading import read_document, reviewed_journal
from chaosproof.review.review import Review, review_document
from tests.review.journals import action, honest, written

EPOCH_S = 1795000000.0


def process(path: str, arguments: Any = None, **more: Any) -> dict[str, Any]:
    return {**action("x", type="process", path=path, arguments=arguments), **more}


def test_the_fields_of_a_journal() -> None:
    """Each from its key; what the control of the review changed is as the toolkit had it."""
    content = honest() | {
        "status": "failed",
        "deviated": True,
        "chaosproof_review": {"toolkit": {"status": "completed", "deviated": False}},
        "chaosproof": {"verdict": "pass"},
    }
    content["experiment"]["configuration"] = {"a": 1, "b": {"type": "env", "key": "B", "default": 2}}
    document = reviewed_journal(Path("j.json"), content)
    shown = {
        field.name: getattr(document, field.name)
        for field in dataclasses.fields(document)
        if field.name not in ("experiment", "activities")
    }
    assert shown == {
        "file": Path("j.json"), "kind": "journal", "variables": {"a": 1, "b": 2},
        "measured": {"before": True, "after": True}, "status": "completed", "deviated": False,
        "has_session": True, "began_at": 1795862400.0, "ended_at": 1795862420.0, "duration_s": 20.0,
        "start": "2026-11-28T10:40:00+00:00", "end": "2026-11-28T10:40:20+00:00", "toolkit_version": "1.44.0",
        "session_verdict": "pass", "ended_by": "", "doubled_keys": (), "refused_words": (), "text": "",
    }  # fmt: skip
    assert document.title == "The shop does without its stock"


def test_the_fields_of_an_experiment(tmp_path: Path) -> None:
    """Its text is kept, for the lines of its findings."""
    content = honest()["experiment"] | {"configuration": {"a": 1}}
    file = written(tmp_path, content, "e.json")
    document = read_document(file)
    assert (document.file, document.kind, document.variables) == (file, "experiment", {"a": 1})
    assert (document.text, document.experiment) == (file.read_text(), content)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ({"experiment": {}, "run": []}, "journal"),
        ({"experiment": {}, "steady_states": {}}, "journal"),
        ({"experiment": {}, "chaoslib-version": "1"}, "journal"),
        ({"experiment": {}}, None),
        ({"run": []}, None),
        ({"method": []}, "experiment"),
        ({"steady-state-hypothesis": {}}, "experiment"),
        ({"method": "GET"}, None),
        ([{"method": []}], None),
    ],
)
def test_what_a_file_is(content: Any, kind: str | None) -> None:
    """By the keys that no other file has."""
    assert kind_of(content) == kind


def test_the_variables_that_a_file_gives() -> None:
    """One of the environment has its default, one of a vault none."""
    given = {
        "plain": 3,
        "set": {"type": "env", "key": "A", "default": 4},
        "unset": {"type": "env", "key": "B"},
        "vault": {"type": "vault", "default": 5},
        "last": "x",
    }
    assert configured({"configuration": given}) == {"plain": 3, "set": 4, "last": "x"}
    assert configured({}) == {}


def test_the_words_of_an_activity() -> None:
    """Of its function, its program, its arguments, its address and its name; a method only where it deletes."""
    python = action("cutOff", type="python", module="chaosk8s.pod.actions", func="terminate_pods2")
    assert tokens(python) == {"terminate", "pods", "2", "cut", "off"}
    assert tokens(python, with_name=False) == {"terminate", "pods", "2"}
    assert tokens(process("/usr/bin/tc", "qdisc add")) == {"tc", "qdisc", "add", "x"}
    assert tokens(process("tc", ["qdisc", 7])) == {"tc", "qdisc", "7", "x"}
    assert tokens(process("tc", {"--mode": "kill"})) == {"tc", "mode", "kill", "x"}
    deleted = action("x", type="http", url="http://h/toxics", method="delete")
    assert tokens(deleted) == {"http", "h", "toxics", "delete", "x"}
    assert tokens(action("x", type="http", url="http://h/", method="POST")) == {"http", "h", "x"}
    assert tokens(process("tc") | {"provider": {"type": "python", "arguments": "kill"}}) == {"x"}


def test_the_function_of_an_activity() -> None:
    """Also where half of it is missing."""
    assert function_of(action("x", type="python", module="m.n", func="f")) == "m.n.f"
    assert function_of(action("x", type="python", func="f")) == "f"
    assert function_of({}) == ""


def test_what_an_action_does_by_its_words() -> None:
    """It takes something back, is over at once, breaks what it names; or only sends requests."""
    remove_fault, remove_file = process("shopctl", "remove fault"), process("rm", "remove file")
    assert is_undo(process("shopctl", "resume stock")) and is_undo(remove_fault)
    assert not is_undo(remove_file)
    assert is_moment(process("kill", "-9 7")) and not is_moment(process("shopctl", "stop fault"))
    assert not is_moment(process("shopctl", "freeze"))
    assert changes(process("mv", "a b")) and changes(process("kill", "7"))
    assert not changes(process("shopctl", "undo freeze")) and not changes(process("cat", "a"))
    put, get = (action("x", type="http", url="u", method=method) for method in ("put", "GET"))
    assert changes(put) and not changes(get)


def test_a_driver_of_chaos_toolkit_is_known() -> None:
    """Chaosproof is none."""
    names = ("chaosk8s.pod.actions", "chaosaws", "chaosproof.actions", "shop.chaos", "chaos.x")
    known = [known_provider(action("x", type="python", module=name, func="f")) for name in names]
    assert known == [True, True, False, False, False]


@pytest.mark.parametrize(
    ("arguments", "lasts_s"),
    [
        ({"duration": 5}, 5.0), ({"duration_ms": 1500}, 1.5), ({"seconds": "2"}, 2.0), ({"duration": "90s"}, 90.0),
        ({"duration": "1.5m"}, 90.0), ({"duration": "2h"}, 7200.0), ({"duration": "250ms"}, 0.25),
        ({"duration_ms": "500"}, 0.5), ({"duration": "soon", "seconds": 4}, 4.0), ({"duration": "5 s"}, None),
        ({}, None), ({"timeout": 5}, None),
    ],
)  # fmt: skip
def test_how_long_an_action_asks_for(arguments: dict[str, Any], lasts_s: float | None) -> None:
    """In each spelling; None where it does not say."""
    activity = action("x", type="python", module="m", func="f", arguments=arguments)
    assert duration_asked_s(activity) == lasts_s


@pytest.mark.parametrize(
    ("arguments", "delay_s"),
    [
        ({"delay_ms": 1500}, 1.5), ({"latency_ms": "250"}, 0.25), ({"delay_s": 2}, 2.0), ({"latency": "3s"}, 3.0),
        ({"delay": "80ms"}, 0.08), ({"delay": 80}, None), ({"latency": "80"}, None), ({}, None),
        ({"duration": 5}, None),
    ],
)  # fmt: skip
def test_by_how_much_an_action_delays(arguments: dict[str, Any], delay_s: float | None) -> None:
    """A number without a unit may be either, so it says nothing."""
    activity = action("x", type="python", module="m", func="f", arguments=arguments)
    assert delay_asked_s(activity) == delay_s


def test_what_an_activity_names() -> None:
    """Addresses without their query, files, variables; no programs, no options."""
    assert addresses_of(action("x", type="http", url="http://h/fault/?n=1")) == {"http://h/fault"}
    assert addresses_of(process("rm", "-f /run/a.pid /usr/bin/x ${FILE}")) == {"/run/a.pid", "${FILE}"}
    python = action("x", type="python", module="m", func="f", arguments={"a": "/run/a", "n": 3, "b": "b"})
    assert addresses_of(python) == {"/run/a"}


@pytest.mark.parametrize(
    ("headers", "body", "made_at"),
    [
        ({"Date": "Sat, 28 Nov 2026 10:40:00 GMT"}, "", (1795862400.0,)),
        ({"date": "yesterday"}, "", ()),
        ({"Date": "Sat, 28 Nov 2026 10:40:00 GMT"}, {"checked_at": EPOCH_S}, (EPOCH_S,)),
        ({}, '{"now": 1795000000}', (EPOCH_S,)),
        ({}, "no json", ()),
        ({}, [{"time": EPOCH_S * 1000}], (EPOCH_S,)),
        ({}, {"a": {"updated": "2026-11-28T10:40:00Z"}}, (1795862400.0,)),
        ({}, {"start_time": EPOCH_S, "timeout": EPOCH_S, "time": 30, "size": EPOCH_S}, ()),
        ({}, {"time": 1.0e9}, ()),
        ({}, " " * 65_536 + '{"now": 1795000000}', ()),
    ],
)
def test_when_an_answer_says_that_it_was_made(headers: Any, body: Any, made_at: tuple[float, ...]) -> None:
    """A time under a name that says so, before the header; none of when the service began."""
    assert instants_of(headers, body) == made_at


@pytest.mark.parametrize(
    ("raised", "down"),
    [
        ("ConnectionRefusedError: x", True), ("read timed out", True), ("[Errno 104] reset", True),
        ("503 Service Unavailable", True), ("KeyError: 'items'", False), ("", False),
    ],
)  # fmt: skip
def test_an_outage_by_what_a_probe_raised(raised: str, down: bool) -> None:
    """Against a probe that broke by itself."""
    assert is_outage(raised) is down


def review(name: str = "j.json", **top: Any) -> Review:
    return review_document(reviewed_journal(Path(name), {**honest(), **top}))


def test_what_changed_between_two_runs() -> None:
    """Verdict, findings, parts of the experiment, toolkit, duration."""
    other = {**honest()["experiment"], "configuration": {"a": 1}, "rollbacks": []}
    longer = {"duration": 31.0, "chaoslib-version": "1.45.1"}
    assert changes_between(review(), review()) == []
    assert changes_between(review(), review(status="interrupted", experiment=other, **longer)) == [
        "pass became unknown",
        "ended-early is new",
        "its rollbacks is another",
        "its configuration is another",
        "chaoslib 1.44.0 became 1.45.1",
        "it took 31.0 s instead of 20.0 s",
    ]
    assert changes_between(review(status="aborted"), review()) == [
        "unknown became pass",
        "ended-early is gone",
    ]
    assert changes_between(review(), review(duration=13.0)) == ["it took 13.0 s instead of 20.0 s"]
    assert changes_between(review(), review(duration=30.0)) == []
    assert changes_between(review(duration=1.0), review(duration=2.0)) == []
    unnamed = {"chaoslib-version": ""}
    assert changes_between(review(**unnamed), review()) == ["chaoslib ? became 1.44.0"]
    assert changes_between(review(), review(**unnamed)) == ["chaoslib 1.44.0 became ?"]


def test_runs_of_two_experiments_are_not_compared(tmp_path: Path) -> None:
    """Nor a journal with an experiment, nor with what could not be read."""
    other = review(experiment={**honest()["experiment"], "title": "Another"}, status="failed")
    experiment = review_document(read_document(written(tmp_path, honest()["experiment"], "e.json")))
    unread = Review(file=Path("The shop does without its stock"), document=None, findings=())
    for pair in (
        (review(), other),
        (experiment, review(status="failed")),
        (unread, review()),
        (review(), unread),
    ):
        assert changes_between(*pair) == []


def test_runs_stand_in_the_order_in_which_they_ran() -> None:
    """Of one title; files that began at one instant by their names."""
    late = review("a.json", start="2026-11-29T10:40:00+00:00")
    early, twin = review("c.json"), review("b.json")
    first = review(
        "z.json", experiment={**honest()["experiment"], "title": "A"}, start="2026-12-24T10:40:00+00:00"
    )
    assert runs_in_order([late, early, twin, first]) == [first, twin, early, late]
