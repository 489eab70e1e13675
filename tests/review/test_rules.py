"""Each rule finds what it is for, and nothing in an honest journal."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chaosproof.review.finding import verdict_of
from chaosproof.review.reading import read_document
from chaosproof.review.review import review_file
from chaosproof.review.rules.registry import codes, findings_of
from chaosproof.runner.fault_words import fault_word_mistakes
from tests.review.journals import action, honest, probe, written
from tests.review.spoilt import EXPERIMENTS, JOURNALS, NEAR, Content, lint


def found_in(folder: Path, content: Any) -> dict[str, str]:
    return {
        finding.code: finding.severity for finding in findings_of(read_document(written(folder, content)))
    }


def test_nothing_is_found_in_an_honest_journal(tmp_path: Path) -> None:
    """What the spoilt ones begin with is clean."""
    assert found_in(tmp_path, honest()) == {}


@pytest.mark.parametrize(
    ("code", "severity", "make"), JOURNALS, ids=[f"{n}-{c[0]}" for n, c in enumerate(JOURNALS)]
)
def test_a_spoilt_journal_gets_its_finding(
    code: str, severity: str, make: Callable[[], Content], tmp_path: Path
) -> None:
    """The finding is there with its severity, has a place that exists, and says what to do next."""
    document = read_document(written(tmp_path, make()))
    finding = next((f for f in findings_of(document) if f.code == code), None)
    assert finding is not None
    assert finding.severity == severity
    assert finding.next_step and finding.message
    assert verdict_of([finding]) == {"error": "fail", "warning": "unknown", "note": "pass"}[severity]


@pytest.mark.parametrize(
    ("code", "severity", "content"), EXPERIMENTS, ids=[code for code, _, _ in EXPERIMENTS]
)
def test_a_weak_experiment_gets_its_finding_before_it_runs(
    code: str, severity: str, content: Content, tmp_path: Path
) -> None:
    """Lint sees it without a run."""
    assert found_in(tmp_path, content).get(code) == severity


def test_a_key_that_stands_twice_is_found(tmp_path: Path) -> None:
    """Only the text shows it."""
    file = tmp_path / "e.json"
    file.write_text(
        '{"title": "t", "method": [{"type": "action", "name": "a"}], "method": []}', encoding="utf-8"
    )
    assert "doubled-key" in {finding.code for finding in findings_of(read_document(file))}


def test_a_word_that_a_run_would_refuse_is_found_before_it(tmp_path: Path) -> None:
    """By what the kinds of faults declare; nothing is known of them where nobody says."""
    provider = {
        "type": "python",
        "module": "chaosproof.actions.network",
        "func": "reset",
        "arguments": {"sides": "${whom}"},
    }
    content = lint(method=[action("cut", **provider), probe()], configuration={"whom": "clent"})
    file = written(tmp_path, content)
    (finding,) = [f for f in review_file(file, fault_word_mistakes).findings if f.code == "fault-word"]
    assert (finding.severity, finding.message) == ("error", "'cut': sides is 'clent': did you mean client?")
    assert "fault-word" not in {f.code for f in review_file(file).findings}
    file = written(tmp_path, {**content, "configuration": {"whom": "client"}})
    assert "fault-word" not in {f.code for f in review_file(file, fault_word_mistakes).findings}


def test_every_code_has_a_file_that_gets_it() -> None:
    """A rule that nobody tries is a rule that may find nothing."""
    tried = (
        {code for code, _, _ in JOURNALS}
        | {code for code, _, _ in EXPERIMENTS}
        | {"doubled-key", "evidence-missing", "fault-word"}
    )
    assert set(codes()) == tried


@pytest.mark.parametrize(("code", "make"), NEAR, ids=[f"{n}-{c[0]}" for n, c in enumerate(NEAR)])
def test_what_is_nearly_so_is_no_finding(code: str, make: Callable[[], Content], tmp_path: Path) -> None:
    """A rule does not cry wolf."""
    assert code not in found_in(tmp_path, make())
