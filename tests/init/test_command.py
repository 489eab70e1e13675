"""`chaosproof init` and `chaosproof schema` as commands: which case is meant, what is refused, what is asked."""

import json
import os
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


PROJECT = """\
name: shop
services:
  web: {image: x, expose: ["80"], environment: {DB: "db:5432"}}
  db: {image: postgres}
"""


def with_compose_cli(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project whose Compose CLI is a stand-in that prints it as it is."""
    (folder / "compose.yaml").write_text(PROJECT)
    cli = folder / "bin/docker-compose"
    cli.parent.mkdir()
    cli.write_text(
        '#!/bin/sh\ncase $1 in version) echo Docker Compose version v2.26.1;; *) cat "$2";; esac\n'
    )
    cli.chmod(0o755)
    monkeypatch.setenv("PATH", f"{cli.parent}:{os.environ['PATH']}")


def test_a_compose_project_is_read_and_its_files_stay_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is written names the project's file and the one beside it; a second time nothing is written over."""
    with_compose_cli(tmp_path, monkeypatch)
    done = chaosproof("init", "--target", "containers", "--no-input", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "web calls db on 5432" in done.stderr
    assert "Next:  chaosproof drill web-db-reset" in done.stdout
    assert (tmp_path / "compose.yaml").read_text() == PROJECT
    content = json.loads((tmp_path / "experiments/web-db-reset.json").read_text())
    assert content["configuration"]["compose"] == ["compose.yaml", "experiments/compose.chaosproof.yaml"]
    again = chaosproof("init", "--target=containers", "--no-input", cwd=tmp_path)
    assert again.returncode == 64 and "There already" in again.stderr


def test_a_folder_without_a_compose_file_is_answered_with_what_to_say(tmp_path: Path) -> None:
    done = chaosproof("init", "--target", "containers", cwd=tmp_path)
    assert done.returncode == 64
    assert "There is no Compose file here; name it: --compose FILE." in done.stderr


def test_a_project_in_which_nobody_calls_anybody_asks_for_an_edge(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_compose_cli(tmp_path, monkeypatch)
    (tmp_path / "compose.yaml").write_text("services: {web: {image: x}, db: {image: y}}\n")
    done = chaosproof("init", "--target", "containers", "--no-input", cwd=tmp_path)
    assert done.returncode == 64
    assert "--calls CALLER=SERVICE:PORT, of web, db" in done.stderr
    stated = ("--calls", "web=db:5432", "--url", "http://web:80/", "--dry-run")
    shown = chaosproof("init", "--target", "containers", "--no-input", *stated, cwd=tmp_path)
    assert shown.returncode == 0
    assert "would write experiments/web-db-reset.json" in shown.stdout
    assert not (tmp_path / "experiments").exists()
