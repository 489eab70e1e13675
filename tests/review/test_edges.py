"""At the edges of the rules it is known which of them find something, and all that they say."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from chaosproof.review.reading import read_document
from chaosproof.review.rules import registry
from chaosproof.review.rules.base import Rule
from tests.review.edges import EXPERIMENT_EDGES, JOURNAL_EDGES
from tests.review.journals import honest, written
from tests.review.spoilt import Content


def found_in(folder: Path, content: Any) -> tuple[set[str], list[str]]:
    """The codes above a note, and each finding in full."""
    findings = registry.findings_of(read_document(written(folder, content)))
    shown = [f"{f.severity} {f.code} at {f.pointer}: {f.message} | {f.next_step}" for f in findings]
    return {f.code for f in findings if f.severity != "note"}, shown


@pytest.mark.parametrize(("what", "codes", "make"), JOURNAL_EDGES, ids=[what for what, _, _ in JOURNAL_EDGES])
def test_a_journal_at_an_edge(
    what: str, codes: set[str], make: Callable[[], Content], tmp_path: Path, snapshot: SnapshotAssertion
) -> None:
    """No finding more, and none less."""
    found, shown = found_in(tmp_path, make())
    assert found == codes
    assert shown == snapshot


@pytest.mark.parametrize(
    ("what", "codes", "content"), EXPERIMENT_EDGES, ids=[w for w, _, _ in EXPERIMENT_EDGES]
)
def test_an_experiment_at_an_edge(
    what: str, codes: set[str], content: Content, tmp_path: Path, snapshot: SnapshotAssertion
) -> None:
    """Before it runs."""
    found, shown = found_in(tmp_path, content)
    assert found == codes
    assert shown == snapshot


def test_a_key_that_stands_twice_in_a_file_is_named(tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    """With what to do about it."""
    file = tmp_path / "e.json"
    file.write_text('{"title": "t", "method": [], "method": [], "rollbacks": []}', encoding="utf-8")
    findings = registry.findings_of(read_document(file))
    assert [(f.severity, f.message, f.next_step) for f in findings if f.code == "doubled-key"] == snapshot


def test_a_rule_that_crashes_is_a_doubt_with_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And never a pass."""

    def crash(_: object) -> Any:
        raise ValueError("no such key")

    broken = Rule(codes={}, reads="either", examine=crash)
    monkeypatch.setattr(registry, "all_rules", lambda: (("broken", broken),))
    (finding,) = registry.findings_of(read_document(written(tmp_path, honest())))
    assert (finding.code, finding.severity) == ("rule-failed", "warning")
    assert finding.message == "the rule broken could not look at this file: ValueError('no such key')"
    assert finding.next_step == "report it with the file: no journal should make a rule fail"
