"""Fresh pairs of runs: in alternating order, each with its variants, until it is decided. The runs themselves are made
by hand here; `test_drill.py` makes real ones.
"""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from chaosproof.campaign import pairs
from chaosproof.campaign.request import run_request
from chaosproof.cli.compare import compare
from chaosproof.cli.drill import drill
from chaosproof.errors import UsageError
from chaosproof.experiment.experiment import read_experiment
from tests.support.chaos import REPOSITORY
from tests.support.runs import Run
from tests.support.variant_runs import baseline, pool1, resilient

Made = list[tuple[str, dict[str, str]]]


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Made:
    """The mode and the variables of every run that was asked for; each is a folder that tells of a true run."""
    runs: dict[str, Callable[[], Run]] = {"baseline": baseline, "resilient": resilient, "pool1": pool1}
    asked_for: Made = []

    def run(file: Path, variables: dict[str, str], mode: str) -> Path:
        asked_for.append((mode, dict(variables)))
        return (
            runs[mode]()
            .apart(len(asked_for))
            .write(tmp_path / "journals/s4" / mode / f"20261121T1930{len(asked_for):02}Z")
        )

    monkeypatch.setattr(pairs, "_run", run)
    monkeypatch.chdir(Path(__file__).parents[2])
    return asked_for


def test_pairs_alternate_and_end_when_they_are_as_many_as_asked_for(made: Made, tmp_path: Path) -> None:
    for command in (compare, drill):
        made.clear()
        arguments = ["s4", "--runs", "2", "--journals", str(tmp_path / command.name)]
        done = CliRunner().invoke(command, arguments)
        assert done.exit_code == 0, done.output
        assert [mode for mode, _ in made] == [
            "baseline",
            "resilient",
            "pool1",
            "resilient",
            "baseline",
            "pool1",
        ]
        assert "all 2 planned pairs are done" in done.output
        (document,) = (tmp_path / command.name / "s4/compare").glob("*/compare.json")
        content = json.loads(document.read_text())
        assert (len(content["pairs"]), content["verdict"]) == (2, "pass")
        assert all("pool1" in pair for pair in content["pairs"])


def test_a_variant_is_run_with_its_variables_unless_the_caller_says_otherwise(
    made: Made, tmp_path: Path
) -> None:
    arguments = ["s4", "--journals", str(tmp_path / "journals")]
    assert CliRunner().invoke(drill, arguments).exit_code == 0
    assert CliRunner().invoke(drill, [*arguments, "--var", "duration_s=40"]).exit_code == 0
    assert [variables.get("duration_s") for _, variables in made] == [None, None, "32", "40", "40", "40"]


def test_a_file_of_variables_stands_above_what_a_variant_would_have(made: Made, tmp_path: Path) -> None:
    """And a drill runs both modes, whatever the file says."""
    file = tmp_path / "vars.json"
    file.write_text('{"configuration": {"duration_s": 40}}')
    arguments = ["s4", "--journals", str(tmp_path / "journals"), "--var-file", str(file)]
    assert CliRunner().invoke(drill, arguments).exit_code == 0
    assert [variables.get("duration_s") for _, variables in made] == [None, None, None]
    file.write_text('{"configuration": {"mode": "baseline"}}')
    assert "take mode out of the --var-file" in str(CliRunner().invoke(drill, arguments).exception)


def test_a_series_of_one_run_only_is_one_pair(made: Made, tmp_path: Path) -> None:
    done = CliRunner().invoke(compare, ["s4", "--runs", "1", "--journals", str(tmp_path / "journals")])
    assert done.exit_code == 0, done.output
    assert [mode for mode, _ in made] == ["baseline", "resilient", "pool1"]


def test_a_pair_that_does_not_hold_ends_the_series_at_once(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = pairs._run

    def spoiled(file: Path, variables: dict[str, str], mode: str) -> Path:
        folder = whole(file, variables, mode)
        if mode == "resilient":
            (folder / "requests.csv.gz").unlink()
        return folder

    monkeypatch.setattr(pairs, "_run", spoiled)
    done = CliRunner().invoke(compare, ["s4", "--runs", "9", "--journals", str(tmp_path / "journals")])
    assert done.exit_code in (1, 2)
    assert len(made) == 3 and "the worst verdict wins" in done.output


WRONG = [
    (["s4", "--runs", "2", "--json"], "leave --out and --json out"),
    (["a", "b", "--runs", "2"], "makes fresh runs of one experiment, not of 2 words"),
    (["s4", "--var", "rate_rps=5"], "are for fresh runs: give --runs, too"),
    (["r1", "--runs", "2"], "r1 has one mode only"),
    (["s9", "--runs", "2"], "There is no experiment experiments/s9.json"),
]


@pytest.mark.parametrize(("arguments", "sentence"), WRONG)
def test_a_wrong_call_is_one_sentence(made: Made, arguments: list[str], sentence: str) -> None:
    done = CliRunner().invoke(compare, arguments)
    assert isinstance(done.exception, UsageError)
    assert sentence in str(done.exception)
    assert made == []


def test_a_file_that_is_no_experiment_is_one_sentence(tmp_path: Path) -> None:
    for content, sentence in (("[", "is no experiment in JSON"), ("[]", "it holds no object")):
        (tmp_path / "x.json").write_text(content)
        with pytest.raises(UsageError, match=sentence):
            run_request(str(tmp_path / "x.json"), [], None, tmp_path)


def test_a_folder_of_runs_that_a_drill_would_not_use_is_refused(tmp_path: Path) -> None:
    file = str(REPOSITORY / "experiments/s4.json")
    with pytest.raises(UsageError, match=r"--journals elsewhere\."):
        run_request(file, ["journals=elsewhere"], None, tmp_path)


@pytest.mark.parametrize("suffix", [".yaml", ".yml"])
def test_an_experiment_in_yaml_is_drilled(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"x{suffix}"
    file.write_text(yaml.safe_dump(json.loads((REPOSITORY / "experiments/s4.json").read_text())))
    request = run_request(str(file), [], None, tmp_path)
    assert (request.file, request.modes) == (file, ("baseline", "resilient"))


@pytest.mark.parametrize("extensions", [None, 7, [1], [{"name": "chaosproof", "modes": 3}]])
def test_extensions_that_are_none_leave_an_experiment_its_two_modes_and_are_not_run(
    tmp_path: Path, extensions: object
) -> None:
    (tmp_path / "x.json").write_text(json.dumps({"extensions": extensions}))
    assert read_experiment({"extensions": extensions}).modes == ("baseline", "resilient")
    with pytest.raises(UsageError, match="extension"):
        run_request(str(tmp_path / "x.json"), [], None, tmp_path)


def test_the_latest_runs_are_compared_and_what_could_not_be_judged_is_said(tmp_path: Path) -> None:
    baseline().write(tmp_path / "s4/baseline/20261121T193005Z")
    resilient().write(tmp_path / "s4/resilient/20261121T193205Z")
    done = CliRunner().invoke(compare, ["s4", "--journals", str(tmp_path)], env={"COLUMNS": "200"})
    assert done.exit_code == 0, done.output
    assert "C07 is not judged: it needs a run of pool1 (--var mode=pool1)" in done.output
    pool1().write(tmp_path / "s4/pool1/20261121T193405Z")
    done = CliRunner().invoke(compare, ["s4", "--journals", str(tmp_path)], env={"COLUMNS": "200"})
    assert done.exit_code == 0 and "not judged" not in done.output and "C07" in done.output
