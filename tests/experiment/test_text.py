"""The file of an experiment: JSON or YAML, and no key twice."""

import json
from pathlib import Path

import pytest
import yaml

from chaosproof.errors import UsageError
from chaosproof.experiment.text import doubled_keys, read_experiment_file
from chaosproof.runfolder.provenance import experiment_file, experiment_text, means_the_same
from tests.support.chaos import REPOSITORY

S4 = json.loads((REPOSITORY / "experiments/s4.json").read_text())
TWICE = '{"extensions": [{"name": "chaosproof", "checks": [1], "checks": []}]}'
TWICE_YAML = "extensions:\n- name: chaosproof\n  checks: [1]\n  checks: []\n"


@pytest.mark.parametrize(
    ("text", "suffix", "sentence"),
    [
        (TWICE, ".json", "the key \"checks\" stands 2 times in the object of 'chaosproof'"),
        (TWICE_YAML, ".yaml", 'the key "checks" stands in line 4 for the second time'),
        (TWICE, ".yaml", 'the key "checks" stands in line 1'),
    ],
)
def test_a_key_that_is_written_twice_is_refused(
    tmp_path: Path, text: str, suffix: str, sentence: str
) -> None:
    assert sentence in doubled_keys(text, suffix)[0]
    file = tmp_path / f"x{suffix}"
    file.write_text(text)
    with pytest.raises(UsageError, match="only the last would count: keep one"):
        read_experiment_file(file)


@pytest.mark.parametrize(
    "text",
    ['{"a": {"id": 1}, "b": {"id": 1}}', "a: &a {x: 1}\nb: {<<: *a, x: 2}\nc: *a\n", "[", "a: [", "", "7"],
)
def test_keys_of_different_objects_are_no_doubles(text: str) -> None:
    assert doubled_keys(text, ".json") == doubled_keys(text, ".yaml") == []


def test_no_experiment_of_ours_has_a_key_twice() -> None:
    for file in (REPOSITORY / "experiments").rglob("*.json"):
        assert doubled_keys(file.read_text(), ".json") == []


@pytest.mark.parametrize("suffix", [".json", ".yaml", ".yml"])
@pytest.mark.parametrize("title", ["a plain title", "in ${mode} mode"])
def test_the_file_of_an_experiment_is_known_again(tmp_path: Path, suffix: str, title: str) -> None:
    file = tmp_path / f"x{suffix}"
    written = {**S4, "title": title}
    file.write_text(json.dumps(written) if suffix == ".json" else yaml.safe_dump(written))
    # Chaos Toolkit fills in the title before it begins
    experiment = {**S4, "title": title.replace("${mode}", "resilient")}
    assert experiment_file(experiment, ["run", "--var", "mode=resilient", str(file)]) == str(file)
    assert experiment_text(experiment, str(file)) == file.read_text()
    assert not means_the_same(written, {**experiment, "method": []})


def test_keys_that_yaml_takes_for_others_do_not_disturb_the_hash(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text("title: t\nextensions:\n- name: chaosproof\n  on: {local: {a: 1}}\n  8080: x\n")
    content = read_experiment_file(file)
    assert experiment_text(content, str(file))
