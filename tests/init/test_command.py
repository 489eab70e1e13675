"""`chaosproof init` and `chaosproof schema` as commands: which case is meant, what is refused, what is asked."""

import json
from pathlib import Path

import click
import pytest
from jsonschema import Draft202012Validator

from chaosproof.cli.cluster.init import init as cluster_init
from chaosproof.cli.start.init import chooses_cluster
from chaosproof.cli.start.questions import Questions
from chaosproof.errors import UsageError
from tests.support.cli import chaosproof

CLUSTER_ONLY = {"--namespace", "--selector", "--port", "--direction", "--context"}


@pytest.mark.parametrize(
    ("call", "is_cluster"),
    [
        ("", False),
        ("--service shop=x --url http://shop/", False),
        ("--target local", False),
        ("--target kubernetes --help", True),
        ("--target=kubernetes", True),
        ("--namespace shop --selector app=checkout --port 50051", True),
        ("--service checkout --namespace=shop", True),
        ("--target local --namespace shop", False),
    ],
)
def test_an_option_of_a_cluster_chooses_it_and_target_stands_above_that(call: str, is_cluster: bool) -> None:
    assert chooses_cluster(call.split(), CLUSTER_ONLY) is is_cluster


def test_the_options_of_a_cluster_are_all_there_still(tmp_path: Path) -> None:
    shown = chaosproof("init", "--target", "kubernetes", "--help", cwd=tmp_path).stdout
    assert all(name in shown for option in cluster_init.params for name in option.opts if name != "--help")
    missing = chaosproof("init", "--namespace", "shop", cwd=tmp_path)
    assert missing.returncode == 64
    assert "--selector" in missing.stderr


def test_in_an_empty_folder_a_sentence_says_how_to_begin(tmp_path: Path) -> None:
    done = chaosproof("init", "--no-input", cwd=tmp_path)
    assert done.returncode == 64
    assert "chaosproof init --service 'shop=python shop.py'" in done.stderr
    assert not list(tmp_path.iterdir())


def test_what_is_there_is_refused_before_anything_is_tried(tmp_path: Path) -> None:
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments/system.yaml").write_text("mine")
    done = chaosproof("init", "--service", "web=python -m http.server 8080", "--no-input", cwd=tmp_path)
    assert done.returncode == 64
    assert "experiments/system.yaml" in done.stderr and "--force" in done.stderr


def test_without_a_terminal_nothing_is_asked() -> None:
    questions = Questions(on_terminal=False)
    assert questions.services(Path()) == () and questions.switches(["shop"]) == ()
    assert questions.url(["http://shop:80/"]) == "http://shop:80/"
    with pytest.raises(UsageError, match=r"--url.*http://a/, http://b/"):
        questions.url(["http://a/", "http://b/"])


def test_on_a_terminal_each_question_is_asked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["web=python x.py", "", "shop.X=a,b", "http://shop:80/buy"])
    monkeypatch.setattr(click, "prompt", lambda *text, **options: next(answers))
    questions = Questions(on_terminal=True)
    assert questions.services(tmp_path) == ("web=python x.py",)
    assert questions.switches(["shop"]) == ("shop.X=a,b",)
    assert questions.url(["http://shop:80/"]) == "http://shop:80/buy"


def test_the_schema_is_printed_or_written(tmp_path: Path) -> None:
    printed = chaosproof("schema", cwd=tmp_path)
    assert printed.returncode == 0
    Draft202012Validator.check_schema(json.loads(printed.stdout))
    written = chaosproof("schema", "-o", "experiments/schema/experiment.schema.json", cwd=tmp_path)
    assert written.returncode == 0
    assert (tmp_path / "experiments/schema/experiment.schema.json").read_text() == printed.stdout
