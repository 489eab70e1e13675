"""Other people's formats: what a pack writes is what their schemas and their tools take."""

import gzip
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
import xmlschema
import yaml

from chaosproof.judge.check import failed, passed, skipped, unknown
from chaosproof.pack.claim_locations import place_of
from chaosproof.pack.documents.sarif import sarif_text
from chaosproof.pack.files import hash_file
from chaosproof.pack.gate.rules import parse_rules, read_rules
from chaosproof.pack.pack import Pack
from chaosproof.pack.write_pack import write_pack
from chaosproof.report.formats.junit import junit_xml
from chaosproof.runfolder.checks import parse_checks
from tests.support.packs import NOW, true_pack, true_pair
from tests.support.runs import Run
from tests.support.shown_runs import spoilt

SCHEMAS = Path(__file__).parent / "schemas"


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    """A pack in which some things do not hold."""
    folder = tmp_path_factory.mktemp("bad")
    folders = true_pair(folder / "journals", spoilt, spoilt)
    return write_pack(folders, [], folder / "pack", now=NOW, profile="s4")


def sarif(pack: Pack) -> dict[str, Any]:
    log: dict[str, Any] = json.loads((pack.path / "results.sarif").read_text())
    return log


def test_sarif_is_what_its_schema_says(bad: Pack, honest: Path) -> None:
    schema = json.loads(gzip.decompress((SCHEMAS / "sarif-2.1.0-rtm.5.json.gz").read_bytes()))
    validator = jsonschema.Draft4Validator(schema)
    for log in (sarif(bad), json.loads((honest / "results.sarif").read_text())):
        assert [error.message for error in validator.iter_errors(log)] == []
    with pytest.raises(jsonschema.ValidationError):
        validator.validate({"version": "2.1.0", "runs": [{"results": []}]})


def test_each_result_of_sarif_is_a_row_that_does_not_hold(bad: Pack, honest: Path) -> None:
    results = {one["ruleId"]: one for one in sarif(bad)["runs"][0]["results"]}
    amiss = {
        row.id: row.status for row in bad.checks if row.status != "pass" and not row.id.startswith("INFO_")
    }
    assert set(results) == set(amiss)
    for id, status in amiss.items():
        assert (results[id]["kind"], results[id]["level"]) == (
            ("open", "none") if status == "unknown" else ("fail", "error")
        )
    assert json.loads((honest / "results.sarif").read_text())["runs"][0]["results"] == []


def test_a_failed_claim_is_shown_at_its_line_of_the_experiment(bad: Pack) -> None:
    results = {one["ruleId"]: one for one in sarif(bad)["runs"][0]["results"]}
    place = results["s4.resilient.C90"]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "experiments/s4.json", "uriBaseId": "%SRCROOT%"}
    run = next(run for run in bad.judged.runs if run.mode == "resilient")
    text = (bad.path / run.place / "experiment.json").read_text()
    assert '"id": "C90"' in text.splitlines()[place["region"]["startLine"] - 1]
    fault = results["s4.resilient.SYS_FAULT_HIT"]["locations"][0]["physicalLocation"]
    assert '"method": [' in text.splitlines()[fault["region"]["startLine"] - 1]
    rules = {rule["id"]: rule for rule in sarif(bad)["runs"][0]["tool"]["driver"]["rules"]}
    assert rules["s4.resilient.C90"]["shortDescription"]["text"] == "hardly any request fails"


def test_a_pack_that_was_just_made_knows_the_lines_too(bad: Pack) -> None:
    run = next(run for run in bad.judged.runs if run.mode == "resilient")
    assert run.run.path == bad.path / run.place
    assert place_of(run, "C90").line > 1


def test_a_text_that_is_not_the_one_that_was_run_gives_no_line(bad: Pack, tmp_path: Path) -> None:
    folders = true_pair(tmp_path / "journals", spoilt, spoilt)
    path = folders[1] / "experiment.json"
    path.write_text(path.read_text().replace('"at_most": 1', '"at_most": 2'))
    pack = write_pack(folders, [], tmp_path / "pack", now=NOW, profile="s4")
    run = next(run for run in pack.judged.runs if run.mode == "resilient")
    assert place_of(run, "C90").line == 1


def test_an_experiment_in_yaml_is_shown_at_its_lines(tmp_path: Path) -> None:
    def in_yaml(run: Run) -> None:
        spoilt(run)
        run.session.update(experiment_file="experiments/s4.yaml")

    folders = true_pair(tmp_path / "journals", in_yaml, in_yaml)
    for folder in folders:
        text = folder / "experiment.json"
        (folder / "experiment.yaml").write_text(yaml.safe_dump(json.loads(text.read_text())))
        text.unlink()
    pack = write_pack(folders, [], tmp_path / "pack", now=NOW, profile="s4")
    places = {
        one["ruleId"]: one["locations"][0]["physicalLocation"] for one in sarif(pack)["runs"][0]["results"]
    }
    lines = (folders[1] / "experiment.yaml").read_text().splitlines()
    assert places["s4.resilient.C90"]["artifactLocation"]["uri"] == "experiments/s4.yaml"
    assert "id: C90" in lines[places["s4.resilient.C90"]["region"]["startLine"] - 1]
    assert lines[places["s4.resilient.SYS_FAULT_HIT"]["region"]["startLine"] - 1] == "method:"
    assert all("region" in place for place in places.values())


def test_a_check_of_the_whole_pack_has_a_file_and_a_region(bad: Pack) -> None:
    run = bad.judged.runs[0]
    checks = [
        failed("SYS_RUNS_UNCHANGED", f"{run.place}/faults.jsonl is changed", "x"),
        unknown("SYS_ONE_COMMIT", "", "x"),
    ]
    results = json.loads(sarif_text(checks, bad.judged, bad.rules, "1"))["runs"][0]["results"]
    places = [one["locations"][0]["physicalLocation"] for one in results]
    assert [place["artifactLocation"]["uri"] for place in places] == [
        "experiments/s4.json",
        "experiments/gate.yaml",
    ]
    assert all(place["region"]["startLine"] >= 1 for place in places)


def test_an_experiment_outside_of_the_repository_is_not_named_by_its_path(tmp_path: Path) -> None:
    for name in ("../../secret/s4.json", "/home/me/s4.json"):
        folders = true_pair(
            tmp_path / str(len(name)), bool, lambda run, name=name: run.session.update(experiment_file=name)
        )
        pack = write_pack([folders[1]], [], tmp_path / f"pack{len(name)}", now=NOW)
        assert place_of(pack.judged.runs[0], "C08").file == "experiments/s4.json"


def test_a_warning_is_a_warning(bad: Pack) -> None:
    check = failed("PERF_S4_P99", "load.p99_ms = 120 (at most 100)", "x")
    (result,) = json.loads(sarif_text([check], bad.judged, bad.rules, "1"))["runs"][0]["results"]
    assert (result["level"], result["kind"]) == ("warning", "fail")
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "experiments/s4.json"


@pytest.mark.parametrize("name", ["junit.xml", "comparisons/s4/junit.xml", "run"])
def test_junit_is_what_its_schema_says(bad: Pack, name: str) -> None:
    schema = xmlschema.XMLSchema(SCHEMAS / "junit-10.xsd")
    path = bad.path / (f"{bad.judged.runs[0].place}/junit.xml" if name == "run" else name)
    assert [str(error.reason) for error in schema.iter_errors(str(path))] == []


def test_junit_of_every_kind_of_answer_and_of_strange_words_is_valid() -> None:
    schema = xmlschema.XMLSchema(SCHEMAS / "junit-10.xsd")
    strange = "<![CDATA[ ]]> & \x00 \x1b[31m 🙂 \ud800 \"'"
    checks = [make("SYS_X", strange, strange) for make in (passed, failed, unknown, skipped)]
    text = junit_xml("a<b", checks)
    assert [str(error.reason) for error in schema.iter_errors(text)] == []
    text.encode()
    with pytest.raises(xmlschema.XMLSchemaValidationError):
        schema.validate("<testsuites><other/></testsuites>")


def test_in_junit_nothing_that_only_informs_is_a_failure(bad: Pack) -> None:
    text = (bad.path / "junit.xml").read_text()
    assert "INFO_" not in text
    assert 'name="SYS_S4"' in text


def test_in_junit_a_figure_that_warns_is_skipped_with_its_words(tmp_path: Path) -> None:
    slow = read_rules().text.replace("figure: load.p99_ms, at_most: 100", "figure: load.p99_ms, at_most: 0.1")
    pack = true_pack(tmp_path, rules=parse_rules(slow, "slow.yaml"))
    suite = ElementTree.parse(pack.path / "junit.xml").getroot()[0]
    (case,) = (case for case in suite if case.get("name") == "PERF_S4_P99")
    assert case[0].tag == "skipped"
    assert str(case[0].get("message")).startswith("warning: 99 % of the answers come within 100 ms")
    assert (suite.get("failures"), suite.get("errors"), pack.status) == ("0", "0", "pass")
    said = json.loads((pack.path / "attestation.intoto.json").read_text())["predicate"]
    assert (said["result"], said["warnedTests"]) == ("WARNED", ["PERF_S4_P99"])


def test_the_attestation_is_a_statement_of_in_toto_about_every_file(honest: Path, bad: Pack) -> None:
    said = json.loads((honest / "attestation.intoto.json").read_text())
    assert said["_type"] == "https://in-toto.io/Statement/v1"
    assert said["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"
    subjects = {one["name"]: one["digest"]["sha256"] for one in said["subject"]}
    names = {p.relative_to(honest).as_posix() for p in honest.rglob("*") if p.is_file()}
    assert set(subjects) == names - {"attestation.intoto.json", "MANIFEST.sha256"}
    assert subjects["checks.tsv"] == hash_file(honest / "checks.tsv")
    assert [one["name"] for one in said["predicate"]["configuration"]] == ["meta/gate.yaml", "meta/pack.json"]
    rows = parse_checks((honest / "checks.tsv").read_text())
    predicate = said["predicate"]
    assert (predicate["result"], predicate["warnedTests"], predicate["failedTests"]) == ("PASSED", [], [])
    assert predicate["passedTests"] == [row.id for row in rows if not row.id.startswith("INFO_")]

    worse = json.loads((bad.path / "attestation.intoto.json").read_text())["predicate"]
    assert worse["result"] == "FAILED"
    assert {"SYS_S4", "s4.resilient.C90", "s4.resilient.C91"} <= set(worse["failedTests"])


def test_an_absent_check_is_a_failed_test_of_the_attestation(tmp_path: Path) -> None:
    pack = true_pack(tmp_path, profile="all")
    said = json.loads((pack.path / "attestation.intoto.json").read_text())["predicate"]
    assert said["result"] == "FAILED"
    assert "SYS_RECONNECT" in said["failedTests"]
