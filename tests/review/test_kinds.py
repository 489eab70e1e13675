"""The kinds of empty experiments, run for real with Chaos Toolkit 1.19 and 1.21: each journal gets its kind."""

import json
from pathlib import Path

import pytest

from chaosproof.report.reviews.reviews_agent import agent_document
from chaosproof.review.review import review_file

HERE = Path(__file__).parent
VERSIONS = ("1.19", "1.21")
# kind -> the verdict of its journal, and the finding that names it
KINDS = {
    "empty_selection": ("unknown", "empty-selection"),
    "method_probe_500": ("fail", "method-probe-missed"),
    "slowdown_in_timeout": ("unknown", "slower-within-tolerance"),
    "single_sample": ("unknown", "single-sample"),
    "arming_failed": ("fail", "action-failed"),
    "arming_failed_raised": ("fail", "action-failed"),
    "healthy_after_dependency_back": ("fail", "method-probe-missed"),
    "no_hypothesis": ("unknown", "no-hypothesis"),
    "empty_probes": ("unknown", "empty-hypothesis"),
    "service_dead_pid_file": ("unknown", "only-a-file"),
    "service_dead_pid_file_refused": ("fail", "only-a-file"),
    "too_soon": ("unknown", "checked-too-soon"),
    "cached_health": ("unknown", "same-answer"),
    "red_by_construction": ("unknown", "red-by-construction"),
    "red_by_construction_flag": ("unknown", "red-by-construction"),
    "baseline_not_met": ("fail", "baseline-not-met"),
}


def test_every_recorded_kind_is_asked_for() -> None:
    """A folder that nobody looks into would be left out in silence."""
    assert {folder.name for folder in (HERE / "kinds").iterdir()} == set(KINDS)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_journal_gets_its_kind(kind: str, version: str) -> None:
    """Its verdict and its finding, in either version of the toolkit."""
    verdict, code = KINDS[kind]
    review = review_file(HERE / "kinds" / kind / f"journal-{version}.json")
    assert review.verdict == verdict
    assert code in {finding.code for finding in review.findings}


@pytest.mark.parametrize("kind", KINDS)
def test_no_kind_is_a_conclusive_pass_for_an_agent(kind: str) -> None:
    """Chaos Toolkit's own document calls some of them passed and conclusive; put right, none is."""
    review = review_file(HERE / "kinds" / kind / "journal-1.21.json")
    own = json.loads((HERE / "kinds" / kind / "agent-1.21.json").read_text(encoding="utf-8"))
    ours = agent_document(review)
    assert own["schema"] == ours["schema"]
    assert set(own) == set(ours)
    assert not (ours["outcome"] == "passed" and ours["conclusive"])


def test_the_toolkits_own_document_is_wrong_about_some() -> None:
    """Otherwise there were nothing to put right: it calls these passed, and conclusive."""
    documents = {
        kind: json.loads((HERE / "kinds" / kind / "agent-1.21.json").read_text(encoding="utf-8"))
        for kind in KINDS
    }
    wrong = {kind for kind, own in documents.items() if own["outcome"] == "passed" and own["conclusive"]}
    assert wrong >= {"empty_selection", "method_probe_500", "cached_health", "too_soon"}
