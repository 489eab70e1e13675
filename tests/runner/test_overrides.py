"""Where an experiment runs can be said of any experiment."""

import pytest

from chaosproof.errors import UsageError
from chaosproof.runner.overrides import place_variables, variables_there


def test_where_it_runs_is_taken_from_the_command_line_and_what_is_tested_is_not():
    line = (
        "run --var namespace=shop --var=keep=true --var rate_rps=5 "
        "--var image_demo=a:1=x --var service:str=web x.json"
    )
    assert place_variables(line.split()) == {
        "namespace": "shop",
        "keep": "true",
        "image_demo": "a:1=x",
        "service": "web",
    }


def test_what_an_experiment_says_of_a_place_holds_there_unless_the_command_line_says_otherwise():
    on = {"kubernetes": {"back_within_s": 2.0, "other": 1}}
    assert variables_there(on, "kubernetes", ["--var", "other=5"]) == {"back_within_s": 2.0}
    assert variables_there(on, "local", []) == {}
    assert variables_there({}, "kubernetes", []) == {}


def test_a_file_of_variables_counts_as_the_command_line_does(tmp_path, monkeypatch):
    """Below a --var, whatever the order; a variable may be declared there."""
    monkeypatch.setenv("WHERE", "shop")
    file = tmp_path / "vars.yaml"
    file.write_text(
        "configuration: {namespace: {type: env, key: WHERE}, context: kind, other: 1, rate_rps: 5}\n"
    )
    line = ["run", "--var", "context=mine", "--var-file", str(file), "x.json"]
    assert place_variables(line) == {"namespace": "shop", "context": "mine"}
    on = {"kubernetes": {"back_within_s": 2.0, "other": 2}}
    assert variables_there(on, "kubernetes", [f"--var-file={file}"]) == {"back_within_s": 2.0}


def test_a_limit_is_never_dropped():
    """The toolkit drops what the experiment's configuration does not have."""
    assert place_variables(["--var", "protected_ports=5432", "--var", "ceiling_s=20"]) == {
        "protected_ports": "5432",
        "ceiling_s": "20",
    }


@pytest.mark.parametrize(("name", "text"), [("none.json", None), ("bad.json", "{"), ("bad.yml", "a: [")])
def test_a_file_of_variables_that_cannot_be_read_is_refused(tmp_path, name, text):
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(UsageError, match=f"--var-file .*{name} "):
        place_variables(["--var-file", str(tmp_path / name)])
