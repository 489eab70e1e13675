"""What a review keeps of an entry of a journal, and whether an output is within a tolerance."""

import json
from pathlib import Path
from typing import Any

import pytest

from chaosproof.review.documents import Document
from chaosproof.review.facts.activity import ReviewedActivity, reviewed
from chaosproof.review.facts.effect import Effect, effect_of, last_line_of
from chaosproof.review.facts.session_words import is_without_fault
from chaosproof.review.facts.tolerance import within
from chaosproof.review.reading import read_document
from chaosproof.runfolder.journal import ActivityRun
from tests.review.journals import HTTP, action, entry, honest, met, probe, state, written


def of(raw: dict[str, Any]) -> ReviewedActivity:
    return reviewed(ActivityRun.from_json(raw), "/run/0", "method", {})


def test_the_facts_of_an_entry() -> None:
    """Each from its key."""
    kept = of(met(probe("p", (0, 1)), 1, 0.5, took_s=0.25))
    assert (kept.pointer, kept.phase, kept.name, kept.status) == ("/run/0", "method", "p", "succeeded")
    assert (kept.began_at, kept.ended_at, kept.duration_s) == (1795862401.0, 1795862401.25, 0.25)
    assert (kept.tolerance_met, kept.raised, kept.is_action, kept.was_dry) == (True, "", False, False)
    assert (kept.provider_type, kept.function) == ("python", "shop.probes.error_rate")
    assert kept.declared == {**probe("p"), "tolerance": [0, 1]}


def test_an_entry_without_a_name_has_its_reference() -> None:
    """Else it says that it has none."""
    assert of({"activity": {"ref": "partition"}}).name == "partition"
    assert of({"activity": {}}).name == "(no name)"


def test_how_long_an_entry_took_is_never_negative_and_may_not_be_known() -> None:
    """A clock was put back; a time is missing."""
    assert of(entry(action(), 2, took_s=-1.0)).duration_s == 0.0
    assert of({**entry(action(), 2), "end": None}).duration_s is None
    assert of({**entry(action(), 2), "start": None}).duration_s is None


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ([], ("[]", True, False, False)), ({}, ("{}", True, False, False)), ("", ("", True, False, False)),
        (None, ("None", False, False, False)), (0, ("0", False, True, False)), (1.5, ("1.5", False, True, False)),
        (True, ("True", False, False, False)), (float("inf"), ("inf", False, False, True)),
        ("text", ("text", False, False, False)), (list(range(10)), ("[0, 1, 2, 3, 4, 5, 6, 7]", False, False, False)),
    ],
)  # fmt: skip
def test_what_is_kept_of_an_output(value: Any, kept: tuple[str, bool, bool, bool]) -> None:
    """Its begin, and whether it is empty, a figure, or endless."""
    output = of(entry(probe("p", None), 1, value)).output
    assert (output.value, output.is_empty, output.is_figure, output.is_endless) == kept


def test_the_body_of_an_answer_is_told_from_another() -> None:
    """By a digest; of an HTTP probe alone."""

    def digest(body: Any, declared: dict[str, Any]) -> str:
        return of(entry(declared, 1, {"status": 200, "headers": {}, "body": body})).output.digest

    asks = probe("p", 200, **HTTP)
    assert len({digest(body, asks) for body in ("a", "b", {"a": 1}, {"a": 2})}) == 4
    assert digest("a", asks) == digest("a", asks) and len(digest("a", asks)) == 16
    assert digest("", asks) == digest(None, asks) == ""
    assert digest("a", probe("p", 200)) == ""


def test_when_an_answer_was_made_is_kept() -> None:
    """By its header, where its body does not say."""
    headers = {"Date": "Sat, 28 Nov 2026 10:40:00 GMT"}
    kept = of(entry(probe("p", 200, **HTTP), 1, {"status": 200, "headers": headers, "body": ""})).output
    assert kept.instants == (1795862400.0,)
    bodiless = of(entry(probe("p", 200, **HTTP), 1, {"status": 200, "headers": headers})).output
    assert bodiless.instants == ()


def test_what_raised_is_the_last_line_that_says_something() -> None:
    """Without the name of the toolkit's exception."""

    def last(*lines: str) -> str:
        return last_line_of(ActivityRun.from_json({"activity": {}, "exception": list(lines)}))

    assert last("Traceback\n", "chaoslib.exceptions.ActivityFailed: refused\n", " \n") == "refused"
    assert last("first\nsecond\n") == "second"
    assert last(" \n") == "it does not say why"
    assert of({"activity": {}, "exception": ["ValueError: x\n"]}).raised == "ValueError: x"


PROCESS = action("a", type="process", path="x")
WEB = action("a", **HTTP)


@pytest.mark.parametrize(
    ("declared", "output", "effect"),
    [
        (PROCESS, {"status": 0}, Effect()),
        (PROCESS, {}, Effect(unknown="status")),
        (WEB, None, Effect(unknown="status")),
        (WEB, {"status": 399}, Effect()),
        (WEB, {"status": 400}, Effect(wrong="was answered with HTTP status 400: " + (NAME := "if that is right, its "
            "own `tolerance` has to name it"))),
        (PROCESS, {"status": 1, "stderr": "a\nb \n"}, Effect(wrong=f"ended with status 1 (b): {NAME}")),
        (PROCESS, {"status": 1}, Effect(wrong=f"ended with status 1 (it wrote no error): {NAME}")),
        (action(), {"status": 500}, Effect()),
        ({**WEB, "tolerance": 500}, {"status": 500}, Effect()),
        ({**WEB, "expected": 500}, {"status": 500}, Effect()),
        ({**WEB, "tolerance": 200}, {"status": 500}, Effect(wrong="was outside of its tolerance 200: it returned "
            "{'status': 500}")),
        ({**WEB, "tolerance": {"type": "probe"}}, {"status": 500}, Effect(unknown="tolerance")),
        ({**WEB, "tolerance": "${no}"}, {"status": 500}, Effect(unknown="tolerance")),
    ],
)  # fmt: skip
def test_what_came_of_an_activity(declared: dict[str, Any], output: Any, effect: Effect) -> None:
    """By its status, or by its own tolerance where it has one."""
    assert effect_of(ActivityRun.from_json(entry(declared, 1, output)), {}) == effect


def test_an_activity_that_the_toolkit_calls_out_of_its_tolerance_is() -> None:
    """Whatever is computed here."""
    raw = entry({**action(), "tolerance": 1}, 1, 1, tolerance_met=False)
    assert effect_of(ActivityRun.from_json(raw), {}).wrong == "was outside of its tolerance 1: it returned 1"
    without = effect_of(ActivityRun.from_json(entry(action(), 1, 1, tolerance_met=False)), {})
    assert without.wrong == "was outside of its tolerance: it returned 1"


JSON = {"type": "jsonpath", "path": "$.a[*]"}
REGEX = {"type": "regex", "pattern": "^u", "target": "stdout"}


@pytest.mark.parametrize(
    ("tolerance", "output", "met"),
    [
        (200, {"status": 200}, True), (200, {"status": 201}, False), ("200", {"status": 200}, False),
        ([200, 204], {"status": 204}, True), ([200, 204], {"status": 202}, False), ([200, 204], 202, True),
        ([0, 1], 1, True), ([0, 1], 0, True), ([0, 1], 1.1, False), ([0, 1], "x", False), ([0, 1], True, False),
        (["a", "b", "c"], "b", True), (["a", "b", "c"], "d", False),
        ({"type": "range", "range": [0, 5]}, "3", True), ({"type": "range", "range": [0, 5]}, 6, False),
        ({"type": "range", "range": [0, 5], "target": "n"}, {"n": 5}, True), ({"type": "range"}, 3, False),
        (REGEX, {"stdout": "up"}, True), (REGEX, {"stdout": "down"}, False), (REGEX, {"stdout": {"a": 1}}, False),
        ({"type": "regex", "pattern": "("}, "x", False), ({"type": "regex", "pattern": "^${w}$"}, "word", True),
        (JSON, {"a": [1]}, True), (JSON, {"a": []}, False), (JSON, '{"a": [1]}', True), (JSON, "no json", False),
        ({**JSON, "count": 2}, {"a": [1, 2]}, True), ({**JSON, "count": 1}, {"a": [1, 2]}, False),
        ({**JSON, "expect": [1, 2]}, {"a": [1, 2]}, True), ({**JSON, "expect": 1}, {"a": [1]}, True),
        ({**JSON, "expect": "${w}"}, {"a": ["word"]}, True), ({**JSON, "expect": 2}, {"a": [1]}, False),
        ({"type": "jsonpath", "path": " $.${w} "}, {"word": 1}, True), ({"type": "jsonpath", "path": "$["}, {}, False),
        ({**JSON, "target": "body"}, {"body": '{"a": [1]}'}, True),
        ("${w}", "word", True), ("${other}", "word", None), ({"type": "probe"}, 1, None), (True, True, True),
    ],
)  # fmt: skip
def test_an_output_under_a_tolerance(tolerance: Any, output: Any, met: bool | None) -> None:
    """In each form that the toolkit has; None where the journal alone cannot answer."""
    assert within(tolerance, output, {"w": "word"}) is met


@pytest.mark.parametrize(("value", "without"), [(True, True), (["a"], False), (None, False)])
def test_an_experiment_may_have_no_fault_on_purpose(value: Any, without: bool) -> None:
    """It says so in the extension."""
    assert is_without_fault({"extensions": [{"name": "chaosproof", "no_fault": value}]}) is without


def during_of(folder: Path, *entries: Any) -> tuple[Document, list[ReviewedActivity]]:
    content = honest()
    content["steady_states"]["during"] = [{"steady_state_met": True, "probes": list(entries)}]
    document = read_document(written(folder, content))
    return document, list(document.at_phase("during"))


def test_a_probe_that_was_met_during_the_method_keeps_its_times(tmp_path: Path) -> None:
    """Its output is not decoded: there may be 100,000 of them."""
    _, (kept,) = during_of(tmp_path, met(probe(), 2, 0.01, took_s=0.5))
    assert (kept.pointer, kept.name, kept.status, kept.tolerance_met) == (
        "/steady_states/during/0/probes/0", "error rate", "succeeded", True,
    )  # fmt: skip
    assert (kept.began_at, kept.ended_at) == (1795862402.0, 1795862402.5)
    assert (kept.declared, kept.output.value, kept.raised) == (json.loads(json.dumps(probe())), "", "")


def test_any_other_entry_during_the_method_is_kept_whole(tmp_path: Path) -> None:
    """One that missed, one that failed, one without a name; what is no entry is passed over."""
    missed = met(probe(), 2, 0.9, tolerance_met=False)
    failed = met(probe(), 3, None, status="failed", exception=["X: refused"])
    document, kept = during_of(tmp_path, missed, failed, met({"type": "probe"}, 4), 7, None)
    assert [(a.name, a.status, a.output.value, a.raised) for a in kept] == [
        ("error rate", "succeeded", "0.9", ""), ("error rate", "failed", "None", "X: refused"),
        ("(no name)", "succeeded", "", ""),
    ]  # fmt: skip
    assert document.measured == {"before": True, "during": True, "after": True}


def test_the_hypothesis_was_met_during_the_method_if_it_was_each_time(tmp_path: Path) -> None:
    """In whatever order."""
    content = honest()
    states = [state(met(probe(), 2)), state(met(probe(), 3, tolerance_met=False)), state(met(probe(), 4))]
    content["steady_states"]["during"] = states
    assert read_document(written(tmp_path, content)).measured["during"] is False
    content["steady_states"]["during"] = states[0]
    document = read_document(written(tmp_path, content))
    assert (document.measured["during"], len(document.at_phase("during"))) == (True, 1)
