"""A pack of another version: what it computed or worded otherwise is a note with both values, and hides no verdict."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chaosproof.judge.judge import Verdict
from chaosproof.pack.differences.pages import page_differences
from chaosproof.pack.open import open_pack
from chaosproof.pack.pack import Pack, documents
from chaosproof.pack.verify import verify_pack
from chaosproof.report.write import verdict_documents
from tests.support.packs import RESILIENT_STAMP

RESILIENT = f"runs/s4/resilient/{RESILIENT_STAMP}"
COMPARISON = "comparisons/s4/compare.json"


def reworded(monkeypatch: pytest.MonkeyPatch, name: str, old: str, new: str) -> None:
    """This build would write the document otherwise."""

    def documents_now(pack: Pack) -> dict[str, str]:
        derived = documents(pack)
        assert old in derived[name]
        return {**derived, name: derived[name].replace(old, new)}

    monkeypatch.setattr("chaosproof.pack.verify.documents", documents_now)


REWORDED = {
    "a sentence of JSON": ("comparisons/s4/compare.json", "the fault breaks the system", "it breaks"),
    "a sentence of JUnit": ("junit.xml", "all 2 runs", "both runs"),
    "a sentence of a table": ("comparisons/s4/checks.tsv", "the baseline broke", "it broke"),
}


@pytest.mark.parametrize("what", REWORDED)
def test_a_document_that_another_version_worded_is_a_note(
    honest: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """By the same version it is a difference, and shuts the gate."""
    reworded(monkeypatch, *REWORDED[what])
    assert open_pack(honest).gate("s4").status == "fail"
    monkeypatch.setattr("chaosproof.pack.verify.__version__", "99.0")
    verification = verify_pack(honest)
    assert verification.differences == ()
    assert "made by chaosproof" in "".join(verification.notes)
    assert open_pack(honest).gate("s4").status == "pass"


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("summary.json", '"gate_pass": true', '"gate_pass": false'),
        ("summary.json", '"verdict": "pass"', '"verdict": "as good as passed"'),
        ("junit.xml", 'failures="0"', 'failures="1"'),
        ("comparisons/s4/checks.tsv", "\tpass\t", "\tfail\t"),
        ("readiness.json", '"score": 100', '"score": 99'),
        ("summary.json", '"errors": 2', '"errors": 3'),
        ("comparisons/s4/compare.json", '"packets": 412', '"packets": 413'),
        ("comparisons/s4/compare.json", '"schema_version": 1,', ""),
    ],
)
def test_to_claim_another_version_hides_no_status_and_no_figure(
    honest: Path, monkeypatch: pytest.MonkeyPatch, name: str, old: str, new: str
) -> None:
    reworded(monkeypatch, name, old, new)
    monkeypatch.setattr("chaosproof.pack.verify.__version__", "99.0")
    assert {difference.place.split(",")[0] for difference in verify_pack(honest).differences} == {name}
    assert open_pack(honest).gate("s4").status == "fail"


def one_request_more(document: Any) -> None:
    """By this build one request more was sent in the window of the fault."""
    document["windows"]["fault"]["requests"] += 1


def test_another_versions_window_is_a_note_with_both_values(
    honest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stated = json.loads((honest / COMPARISON).read_text())["resilient"]["windows"]["fault"]["requests"]

    def documents_now(pack: Pack) -> dict[str, str]:
        derived = documents(pack)
        document = json.loads(derived[COMPARISON])
        one_request_more(document["resilient"])
        return {**derived, COMPARISON: json.dumps(document, indent=2) + "\n"}

    monkeypatch.setattr("chaosproof.pack.verify.documents", documents_now)
    words = f"resilient.windows.fault.requests is {stated}, and the files lead to {stated + 1}"
    assert [str(difference) for difference in verify_pack(honest).differences] == [f"{COMPARISON}: {words}"]
    monkeypatch.setattr("chaosproof.pack.verify.__version__", "99.0")
    verification = verify_pack(honest)
    assert (verification.differences, len(verification.notes)) == ((), 1)
    assert f"{COMPARISON}: {words}; it was made by chaosproof" in verification.notes[0]


def of_runs(monkeypatch: pytest.MonkeyPatch, name: str, change: Callable[[Any], object]) -> None:
    """This build would write a JSON document of each run otherwise."""

    def documents_now(verdict: Verdict) -> Iterator[tuple[str, str]]:
        for file, content in verdict_documents(verdict):
            document = json.loads(content) if file == name else None
            if document is not None:
                change(document)
            yield file, content if document is None else json.dumps(document, indent=2) + "\n"

    monkeypatch.setattr("chaosproof.pack.differences.runs.verdict_documents", documents_now)


def test_a_run_of_another_version_is_held_likewise(honest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    of_runs(monkeypatch, "summary.json", one_request_more)
    places = [difference.place for difference in verify_pack(honest).differences]
    assert [place.split("/")[2] for place in places] == ["baseline", "resilient"]
    monkeypatch.setattr("chaosproof.pack.verify.__version__", "99.0")
    verification = verify_pack(honest)
    assert verification.differences == ()
    assert ["windows.fault.requests is" in note for note in verification.notes] == [True, True]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            lambda summary: summary.update(verdict="unknown"),
            'verdict is "pass", and the files lead to "unknown"',
        ),
        (lambda summary: summary["load"].update(errors=7), "load.errors is 2, and the files lead to 7"),
        (lambda summary: summary["fault"].update(packets=7), "fault.packets is 412, and the files lead to 7"),
    ],
)
def test_a_run_of_another_version_hides_no_verdict_and_no_count(
    honest: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Any], object], says: str
) -> None:
    of_runs(monkeypatch, "summary.json", change)
    monkeypatch.setattr("chaosproof.pack.verify.__version__", "99.0")
    found = [str(difference) for difference in verify_pack(honest).differences]
    assert f"{RESILIENT}/summary.json: {says}" in found


# --- pages ---


def page_of(honest: Path, name: str, old: str, new: str) -> tuple[str, str]:
    """A page of the pack with other text, and the page as it is."""
    content = (honest / name).read_text()
    assert old in content
    return content.replace(old, new, 1), content


@pytest.mark.parametrize(
    ("name", "old", "new", "says"),
    [
        ("report.html", 'data-verdict="pass"', 'data-verdict="fail"', "it shows the verdict 'fail and pass'"),
        (
            "comparisons/s4/report.html",
            "<span>Pass</span>",
            "<span>Fail</span>",
            "it shows the verdict 'pass and fail', and the files lead to 'pass'",
        ),
        ("report.html", "s4, baseline</a>", "s4, other</a>", "it does not show 's4, baseline'"),
        (
            "report.html",
            'class="mark fail"></span> fail',
            'class="mark pass"></span> pass',
            "for 's4, baseline'",
        ),
        (
            f"{RESILIENT}/report.html",
            '<span class="hidden">pass</span>',
            '<span class="hidden">fail</span>',
            "it shows 'pass and fail' for",
        ),
    ],
)
def test_a_page_of_another_version_hides_no_verdict(
    honest: Path, name: str, old: str, new: str, says: str
) -> None:
    (difference,) = page_differences(name, *page_of(honest, name, old, new))
    assert says in difference.message
    assert not difference.by_version


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("How it was run", "Settings", "its words are not this version's, and its hash alone holds them"),
        ('class="verdict', 'class="answer', "it is not built as the pages of this version"),
        ('"values":[', '"values":[7,', "the data of its plots: "),
    ],
)
def test_the_looks_of_a_page_are_its_versions(honest: Path, old: str, new: str, says: str) -> None:
    found = list(page_differences("report.html", *page_of(honest, f"{RESILIENT}/report.html", old, new)))
    assert says in found[0].message
    assert all(difference.by_version for difference in found)


def test_what_no_parser_reads_is_no_page(honest: Path) -> None:
    content = (honest / "report.html").read_text()
    for there in ("", "<![what[", "<p class=verdict", "<" * 10_000):
        (difference,) = page_differences("report.html", there, content)
        assert difference.by_version
