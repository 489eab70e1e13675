"""What an experiment calls the proof of an action's effect has to be in its journal."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chaosproof.review.reading import read_document
from chaosproof.review.rules.registry import findings_of
from tests.review.journals import action, entry, probe, written
from tests.review.spoilt import Content, ran

PLUG = action("pull the plug", type="python", module="plug", func="pull")
DARK = probe("it is dark", True, type="python", module="plug", func="is_dark")


def proved(shows: Any, *run: dict[str, Any]) -> Callable[[], Content]:
    """A journal of an experiment that says what shows that the plug was pulled."""
    evidence = [{"activity": "pull the plug", "shows": shows}]

    def make() -> Content:
        content = ran(*run)()
        extension = {"name": "chaosproof", "evidence": evidence}
        return {**content, "experiment": {**content["experiment"], "extensions": [extension]}}

    return make


BY_PROBE = {"probe": "it is dark"}
SHELL = {**action("pull the plug", type="process", path="pull"), "tolerance": 3}
PRINTED = {"status": 0, "stdout": "[]\n", "stderr": ""}
NOTHING = {"ended": [], "count": 0}
UNSTATED = action("pull the plug", type="process", path="pull")
CALL = action("pull the plug", type="http", url="http://plug/")


def dry(what: str) -> Callable[[], Content]:
    """A journal of `chaos run --dry`; it was dark before already, only nobody had looked."""

    def make() -> Content:
        content = proved(BY_PROBE, entry(PLUG, 1), entry(DARK, 2, True))()
        return {**content, "experiment": {**content["experiment"], "dry": what}}

    return make


EVIDENCE: list[tuple[str, str, Callable[[], Content]]] = [
    ("", "a probe", proved(BY_PROBE, entry(PLUG, 1), entry(DARK, 2, True))),
    ("", "otherwise before", proved(BY_PROBE, entry(DARK, 0.5, False), entry(PLUG, 1), entry(DARK, 2, True))),
    ("it is dark' was outside", "false", proved(BY_PROBE, entry(PLUG, 1), entry(DARK, 2, False))),
    (
        "there before the action already",
        "true before",
        proved(BY_PROBE, entry(DARK, 0.5, True), entry(PLUG, 1), entry(DARK, 2, True)),
    ),
    ("was not asked for behind", "only before", proved(BY_PROBE, entry(DARK, 0.5, False), entry(PLUG, 1))),
    ("had no answer", "raised", proved(BY_PROBE, entry(PLUG, 1), entry(DARK, 2, status="failed"))),
    ("there is no such action in the method", "no action", proved(BY_PROBE, entry(DARK, 2, True))),
    ("that did not succeed", "failed", proved("output is not empty", entry(PLUG, 1, ["x"], status="failed"))),
    (
        "that did not succeed",
        "dry",
        proved("output is not empty", entry({**PLUG, "dry": True}, 1, ["x"])),
    ),
    ("", "a list", proved("output is not empty", entry(PLUG, 1, ["stock-0"]))),
    ("returned []", "an empty list", proved("output is not empty", entry(PLUG, 1, []))),
    (
        "returned {'ended': [], 'count': 0}",
        "nothing in it",
        proved("output is not empty", entry(PLUG, 1, NOTHING)),
    ),
    ("", "the first two of some", proved("output is not empty", entry(PLUG, 1, [0]), entry(PLUG, 2, ["0"]))),
    ("", "something in it", proved("output is not empty", entry(PLUG, 1, {"ended": [], "count": 1}))),
    ("returned nan", "no number", proved("output is not empty", entry(PLUG, 1, float("nan")))),
    ("returned None", "nothing", proved("output is not empty", entry(PLUG, 1))),
    (
        "returned 0",
        "the second of two",
        proved("output is not empty", entry(PLUG, 1, 3), entry(PLUG, 2, 0)),
    ),
    ("", "printed", proved("output is not empty", entry(SHELL, 1, {"status": 3, "stdout": "off\n"}))),
    (
        "was not seen",
        "printed nothing",
        proved("output is not empty", entry(SHELL, 1, {"status": 3, "stdout": "\n"})),
    ),
    (
        "'pull the plug' ended with status 1",
        "an error's text",
        proved("output is not empty", entry(UNSTATED, 1, {"status": 1, "stdout": "usage: pull"})),
    ),
    (
        "was answered with HTTP status 500",
        "an error's body",
        proved("output is not empty", entry(CALL, 1, {"status": 500, "headers": {}, "body": "oops"})),
    ),
    (
        "was not asked for behind the action",
        "asked while the action began",
        proved(BY_PROBE, entry(DARK, 0.5, True, took_s=1), entry(PLUG, 1)),
    ),
    (
        "cannot be outside of its tolerance",
        "any number",
        proved(BY_PROBE, entry(PLUG, 1), entry({**DARK, "tolerance": [0, 1e308]}, 2, 5)),
    ),
    ("that did not succeed", "a dry experiment", dry("actions")),
    ("", "dry pauses", dry("pause")),
    ("was not seen", "printed a list of nothing", proved("output is not empty", entry(UNSTATED, 1, PRINTED))),
    ("", "a status", proved("output is within its tolerance", entry(SHELL, 1, {"status": 3, "stdout": ""}))),
    (
        "was outside of its tolerance",
        "another status",
        proved("output is within its tolerance", entry(SHELL, 1, {"status": 0, "stdout": ""})),
    ),
    (
        "the action has no `tolerance`",
        "no tolerance",
        proved("output is within its tolerance", entry(PLUG, 1, 3)),
    ),
    (
        "that 'it hurts', proves nothing: `shows` must be",
        "a word of nobody's",
        proved("it hurts", entry(PLUG, 1, 3)),
    ),
]


@pytest.mark.parametrize(
    ("why", "make"), [(why, make) for why, _, make in EVIDENCE], ids=[i for _, i, _ in EVIDENCE]
)
def test_what_the_experiment_calls_a_proof_has_to_be_seen(
    why: str, make: Callable[[], Content], tmp_path: Path
) -> None:
    """Else the effect is not known, whatever the hypothesis says."""
    findings = findings_of(read_document(written(tmp_path, make())))
    missing = [finding.message for finding in findings if finding.code == "evidence-missing"]
    assert len(missing) == (1 if why else 0)
    assert why in "".join(missing)


def test_a_look_before_the_action_is_to_miss(tmp_path: Path) -> None:
    """What shows the effect is otherwise before it; behind it, it is not."""
    looks = entry(DARK, 0.5, False), entry(PLUG, 1), entry(DARK, 2, True)
    assert codes_of(tmp_path, proved(BY_PROBE, *looks)()) == set()
    assert codes_of(tmp_path, proved("output is not empty", *looks)()) == {
        "evidence-missing",
        "method-probe-missed",
    }
    late = entry(PLUG, 1), entry(DARK, 2, False), entry(DARK, 3, True)
    assert codes_of(tmp_path, proved(BY_PROBE, *late)()) == {"evidence-missing", "method-probe-missed"}
    again = *looks, entry(DARK, 2.5, False), entry(PLUG, 3), entry(DARK, 4, True)
    assert codes_of(tmp_path, proved(BY_PROBE, *again)()) == {"evidence-missing", "method-probe-missed"}


@pytest.mark.parametrize(
    ("evidence", "sentence"),
    [
        ({"activity": "pull the plug"}, "evidence must be of type array, not {'activity': 'pull the plug'}"),
        (None, "evidence must be of type array, not None"),
        (["pull the plug"], "evidence[0] must be of type object, not 'pull the plug'"),
        ([{"activity": "pull the plug", "show": "output is not empty"}], "evidence[0] needs 'shows'"),
        ([{"activity": "pull the plug", "shows": ""}], "evidence[0].shows is empty"),
        (
            [{"activity": "pull the plug", "shows": {"probe": 3}}],
            "evidence[0].shows.probe must be of type string",
        ),
        (
            [{"activity": 3, "shows": "output is not empty"}],
            "evidence[0].activity must be of type string, not 3",
        ),
    ],
)
@pytest.mark.parametrize("kind", ["journal", "experiment"])
def test_evidence_that_cannot_be_read_is_said(
    tmp_path: Path, evidence: Any, sentence: str, kind: str
) -> None:
    """Passed over in silence, it would prove nothing and seem to."""
    content = proved(BY_PROBE, entry(PLUG, 1, 1), entry(DARK, 2, True))()
    content["experiment"]["extensions"][0]["evidence"] = evidence
    file = written(tmp_path, content if kind == "journal" else content["experiment"])
    found = [
        f for f in findings_of(read_document(file)) if f.code in ("evidence-missing", "extension-mistake")
    ]
    assert len(found) == 1
    assert sentence in found[0].message


def test_what_the_hypothesis_measured_before_the_method_was_there_before(tmp_path: Path) -> None:
    """The share of errors was 0.01 then."""
    wide, high = probe("many errors", (0, 0.9)), probe("many errors", (0.1, 0.9))
    by_errors = {"probe": "many errors"}
    assert codes_of(tmp_path, proved(by_errors, entry(PLUG, 1), entry(wide, 2, 0.3))()) == {
        "evidence-missing"
    }
    assert codes_of(tmp_path, proved(by_errors, entry(PLUG, 1), entry(high, 2, 0.3))()) == set()


def codes_of(folder: Path, content: Content) -> set[str]:
    """What is above a note."""
    findings = findings_of(read_document(written(folder, content)))
    return {finding.code for finding in findings if finding.severity != "note"}


def test_an_action_that_did_not_run_has_proved_nothing(tmp_path: Path) -> None:
    """The method has it, and the run ended before it."""
    content = proved(BY_PROBE, entry(PLUG, 1), entry(DARK, 2, True))()
    content["run"] = content["run"][1:]
    findings = findings_of(read_document(written(tmp_path, content)))
    (missing,) = [finding.message for finding in findings if finding.code == "evidence-missing"]
    assert missing.endswith("is of an action that did not run")
