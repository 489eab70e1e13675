"""Where an experiment runs can be said of any experiment."""

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
