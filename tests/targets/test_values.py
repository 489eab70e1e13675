from pathlib import Path

import pytest

from chaosproof.errors import UsageError
from chaosproof.targets.system.values import load_values, merge


def test_maps_are_merged_and_all_else_is_replaced_as_helm_does_it():
    base = {"a": {"x": 1, "y": [1, 2]}, "b": 1}
    overlay = {"a": {"y": [3], "z": 0}, "b": {"c": 2}}
    assert merge(base, overlay) == {"a": {"x": 1, "y": [3], "z": 0}, "b": {"c": 2}}


def test_null_deletes_a_key():
    assert merge({"a": {"x": 1, "y": 2}}, {"a": {"x": None}}) == {"a": {"y": 2}}


def test_merging_changes_neither_side():
    base, overlay = {"a": {"x": 1}}, {"a": {"x": 2}}
    merge(base, overlay)
    assert (base, overlay) == ({"a": {"x": 1}}, {"a": {"x": 2}})


def _folder(tmp_path: Path, **files: str) -> Path:
    for name, content in files.items():
        (tmp_path / f"values-{name}.yaml").write_text(content)
    return tmp_path


def test_the_scenario_stands_on_top_of_the_mode_and_the_mode_on_top_of_what_is_common(tmp_path):
    folder = _folder(tmp_path, common="a: 1\nb: 1\nc: 1", resilient="b: 2\nc: 2", s4="c: 3")
    values = load_values(folder, "resilient", "s4")
    assert values.merged == {"a": 1, "b": 2, "c": 3}
    assert [Path(file).name for file in values.files] == [
        "values-common.yaml",
        "values-resilient.yaml",
        "values-s4.yaml",
    ]


def test_a_scenario_without_an_overlay_changes_nothing(tmp_path):
    folder = _folder(tmp_path, common="a: 1", baseline="b: 1")
    assert load_values(folder, "baseline", "s9").merged == {"a": 1, "b": 1}


def test_an_unknown_mode_is_answered_with_the_known_ones_and_no_scenarios(tmp_path):
    folder = _folder(tmp_path, common="a: 1", baseline="b: 1", resilient="b: 2", s4="c: 1")
    with pytest.raises(UsageError, match=r"Unknown mode 'resilent'.*Modes here: baseline, resilient\."):
        load_values(folder, "resilent", "s4")


@pytest.mark.parametrize("scenario", ["s1", "s2", "s3", "s4"])
@pytest.mark.parametrize("mode", ["baseline", "resilient"])
def test_every_environment_value_of_the_demo_is_text(mode, scenario):
    values = load_values(Path("charts/chaosproof-demo"), mode, scenario).merged
    settings = [
        value for service in values["services"].values() for value in service.get("environment", {}).values()
    ]
    assert settings and all(isinstance(value, str) for value in settings)
