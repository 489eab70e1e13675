"""What a review is shown as: text, JSON, JUnit, SARIF, a page, and the toolkit's document for agents."""

import gzip
import io
import json
import re
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest
from rich.console import Console

from chaosproof.report.reviews.reviews_agent import agent_document, reviews_agent
from chaosproof.report.reviews.reviews_ci import review_annotations, review_summary
from chaosproof.report.reviews.reviews_json import reviews_json
from chaosproof.report.reviews.reviews_junit import reviews_junit
from chaosproof.report.reviews.reviews_page import reviews_page
from chaosproof.report.reviews.reviews_sarif import reviews_sarif
from chaosproof.report.reviews.reviews_terminal import print_reviews
from chaosproof.review.places import Located
from chaosproof.review.review import Review, review_file
from chaosproof.review.rules.registry import codes
from tests.review.journals import action, entry, honest, probe, written

HERE = Path(__file__).parent
EVIL = "<script>alert(1)</script>\x1b[31m"


@pytest.fixture
def reviews(tmp_path: Path) -> list[Review]:
    """One of each verdict."""
    failing, empty = honest(), honest()
    failing["run"] = [entry(action(), 1, None, status="failed", exception=["ActivityFailed: no"])]
    failing["experiment"]["title"] = EVIL
    failing["start"] = "2026-11-29T10:00:00+00:00"
    empty["run"][0]["output"] = []
    contents = {"pass": honest(), "fail": failing, "unknown": empty}
    return [review_file(written(tmp_path, content, f"{name}.json")) for name, content in contents.items()]


def test_the_text_has_each_finding_and_what_to_do_next(reviews: list[Review]) -> None:
    """No colour, and no control character of a journal, goes to what is no terminal."""
    out = io.StringIO()
    print_reviews(reviews, Console(file=out, soft_wrap=True))
    text = out.getvalue()
    assert "\x1b" not in text
    assert re.search(
        r"warning empty-selection: .* returned \[\].* \(/run/0/output\)\n    Next: mend its selection", text
    )
    assert text.splitlines()[-1] == "3 files (1 pass, 1 fail, 1 unknown): fail"


def test_the_json_has_all_of_it(reviews: list[Review]) -> None:
    """Worst verdict first, then a review for each file."""
    document = json.loads(reviews_json(reviews))
    assert document["verdict"] == "fail"
    assert [review["verdict"] for review in document["reviews"]] == ["pass", "fail", "unknown"]
    finding = document["reviews"][2]["findings"][0]
    assert (finding["code"], finding["severity"], finding["pointer"]) == (
        "empty-selection",
        "warning",
        "/run/0/output",
    )


def test_junit_has_a_case_for_each_file(reviews: list[Review]) -> None:
    """A contradiction is a failure, a doubt an error."""
    root = ElementTree.fromstring(reviews_junit(reviews))
    cases = root.findall("testsuite/testcase")
    assert [[child.tag for child in case] for case in cases] == [["system-out"], ["failure"], ["error"]]


def test_sarif_shows_a_finding_of_a_journal_at_the_line_of_its_experiment(tmp_path: Path) -> None:
    """Where the experiment is among the files; else at the journal."""
    content = honest()
    content["run"][0]["output"] = []
    journal = review_file(written(tmp_path, content))
    experiment = tmp_path / "experiment.json"
    experiment.write_text(json.dumps(content["experiment"], indent=1), encoding="utf-8")
    log = json.loads(reviews_sarif([journal], Located.among([review_file(experiment).document]), "1"))
    result = log["runs"][0]["results"][0]
    place = result["locations"][0]["physicalLocation"]
    line = place["region"]["startLine"]
    assert place["artifactLocation"]["uri"] == str(experiment)
    assert experiment.read_text(encoding="utf-8").splitlines()[line - 2].strip() == '"method": ['
    assert result["level"] == "none"
    assert log["runs"][0]["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == "empty-selection"
    alone = json.loads(reviews_sarif([journal], Located({}), "1"))["runs"][0]["results"][0]
    assert alone["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].endswith("journal.json")


def test_sarif_is_what_its_schema_says(reviews: list[Review]) -> None:
    """Code-scanning tools refuse anything else."""
    schemas = Path(__file__).parents[1] / "pack" / "schemas"
    schema = json.loads(gzip.decompress((schemas / "sarif-2.1.0-rtm.5.json.gz").read_bytes()))
    jsonschema.validate(json.loads(reviews_sarif(reviews, Located({}), "1")), schema)


def test_sarif_finds_the_line_in_yaml(tmp_path: Path) -> None:
    """An experiment is more often YAML than JSON."""
    file = tmp_path / "e.yaml"
    file.write_text(
        "title: t\ndescription: d\nsteady-state-hypothesis:\n  title: h\n  probes: []\nmethod:\n"
        "- type: action\n  name: a\n  provider: {type: process, path: kill}\n- {type: probe, name: p}\n",
        encoding="utf-8",
    )
    log = json.loads(reviews_sarif([review_file(file)], Located({}), "1"))
    lines = {
        r["ruleId"]: r["locations"][0]["physicalLocation"]["region"]["startLine"]
        for r in log["runs"][0]["results"]
    }
    assert lines == {"empty-hypothesis": 3}


def test_the_page_is_text_whatever_a_journal_says(reviews: list[Review]) -> None:
    """It loads nothing and runs nothing."""
    page = reviews_page(reviews)
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "Next: mend its selection" in page


def test_the_page_says_what_changed_since_the_run_before(tmp_path: Path) -> None:
    """Two runs of one experiment stand under each other."""
    earlier, later = honest(), honest()
    later["start"] = "2026-11-29T10:40:00+00:00"
    later["run"][0]["output"] = []
    later["duration"] = 60.0
    files = [written(tmp_path, content, name) for name, content in (("a.json", earlier), ("b.json", later))]
    page = reviews_page([review_file(file) for file in files])
    assert "pass became unknown; empty-selection is new; it took 60.0 s instead of 20.0 s" in page


def test_an_agent_gets_a_pass_that_is_conclusive_only_without_a_doubt(reviews: list[Review]) -> None:
    """The words of Chaos Toolkit's document, and our codes in its warnings."""
    honest_one, _, doubtful = map(agent_document, reviews)
    assert (honest_one["outcome"], honest_one["conclusive"], honest_one["warnings"]) == ("passed", True, [])
    assert (doubtful["outcome"], doubtful["conclusive"]) == ("passed", False)
    assert doubtful["warnings"][0]["code"] == "empty-selection"
    assert isinstance(json.loads(reviews_agent(reviews)), list)


@pytest.mark.parametrize(
    ("spoil", "outcome", "conclusive"),
    [
        ({"status": "interrupted"}, "interrupted", False),
        ({"status": "aborted"}, "aborted", False),
        ({"deviated": True}, "deviated", True),
    ],
)
def test_an_agent_gets_the_outcome_of_the_journal(
    spoil: dict[str, object], outcome: str, conclusive: bool, tmp_path: Path
) -> None:
    """`deviated` is read, which the toolkit's own document passes over."""
    document = agent_document(review_file(written(tmp_path, {**honest(), **spoil})))
    assert (document["outcome"], document["conclusive"]) == (outcome, conclusive)


def test_a_refused_probe_is_an_outage_for_an_agent(tmp_path: Path) -> None:
    """The toolkit calls it an error of the probe."""
    content = honest()
    down = entry(probe(), 8, None, status="failed", tolerance_met=False, exception=["X: Connection refused"])
    content["steady_states"]["after"] = {"steady_state_met": False, "probes": [down]}
    assert agent_document(review_file(written(tmp_path, content)))["outcome"] == "deviated"


def test_every_code_has_a_meaning_that_is_a_sentence() -> None:
    """SARIF viewers show it, and the page of the review lists it."""
    assert all(meaning.endswith(".") and meaning[0].isupper() for meaning in codes().values())


def test_annotations_are_at_the_line_and_the_summary_has_a_row_for_each_file(reviews: list[Review]) -> None:
    """What a journal says cannot end a command or a cell."""
    lines = review_annotations(reviews, Located({}))
    assert {line.partition(" ")[0] for line in lines} == {"::error", "::warning"}
    assert all(line.count("\n") == 0 and ",line=1,title=" in line for line in lines)
    rows = review_summary(reviews).splitlines()[4:]
    assert [row.replace("\\|", "").count("|") for row in rows] == [5, 5, 5]
    assert "<script>" not in "".join(rows)
