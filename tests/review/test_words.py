"""What a review says of each spoilt journal and each weak experiment, word for word."""

from pathlib import Path
from typing import Any

from syrupy.assertion import SnapshotAssertion

from chaosproof.review.finding import Finding
from chaosproof.review.reading import read_document
from chaosproof.review.rules.registry import findings_of
from tests.review.journals import written
from tests.review.spoilt import EXPERIMENTS, JOURNALS


def sentences_of(folder: Path, content: Any) -> list[str]:
    return [
        line for finding in findings_of(read_document(written(folder, content))) for line in lines(finding)
    ]


def lines(finding: Finding) -> list[str]:
    where = finding.pointer or "(the file)"
    return [f"{finding.severity} {finding.code} at {where}: {finding.message}", f"    {finding.next_step}"]


def test_the_words_of_a_spoilt_journal(tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    """All findings of it: another rule that begins to find something in it shows, too."""
    texts = [f"{n} {code}" for n, (code, _, make) in enumerate(JOURNALS)]
    assert {
        text: sentences_of(tmp_path, make()) for text, (_, _, make) in zip(texts, JOURNALS, strict=True)
    } == snapshot


def test_the_words_of_a_weak_experiment(tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    """Before it runs."""
    texts = [f"{n} {code}" for n, (code, _, _) in enumerate(EXPERIMENTS)]
    assert {
        t: sentences_of(tmp_path, content) for t, (_, _, content) in zip(texts, EXPERIMENTS, strict=True)
    } == snapshot
