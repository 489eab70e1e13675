"""What would be written: files that every reader of theirs takes, with a question for each edge."""

import json
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml
from chaoslib.experiment import ensure_experiment_is_valid
from jsonschema import Draft202012Validator

from chaosproof.errors import UsageError
from chaosproof.experiment.experiment import mistakes_of
from chaosproof.init.proposal import Proposal, proposal_of, read_switch
from chaosproof.init.sizing import Measured
from chaosproof.init.survey import Edge, LeftOut, Program, Switch
from chaosproof.init.tryout import Trial
from chaosproof.init.write.ci_job import job_files
from chaosproof.init.write.to_disk import write_files
from chaosproof.pack.gate.rules import parse_rules
from chaosproof.targets.system.system_file import load_system
from chaosproof.toolkit.schema.experiment_schema import experiment_schema
from tests.support.schema_of_ci import ci_schema_objects

EXPERIMENTS = PurePosixPath("experiments")
SWITCH = Switch("shop", "FALLBACK", "off", "on")
WEB = Program("web", ("python", "-m", "http.server", "8080"), "--service", ports=(8080,))
SHOP = Program(
    "shop",
    ("python", "shop.py", "cost:$5"),
    "--service",
    environment={"UPSTREAM": "http://web:8080/", "FALLBACK": "on", "API_TOKEN": "hunter2"},
    ports=(9000,),
    needs=("web",),
    replicas=2,
    health_path="/readyz",
)
TRIAL = Trial(
    (WEB, SHOP),
    (Edge("shop", "web", 8080),),
    "http://shop:9000/",
    Measured(300, 0, 2, 8),
    ("shop-0", "web-0"),
)


def proposed(trial: Trial = TRIAL, **more: Any) -> Proposal:
    given: dict[str, Any] = {"name": "mine", "folder": EXPERIMENTS, "kinds": ("reset",), "impossible": {}}
    return proposal_of(trial, **{**given, **more})


def experiment(proposal: Proposal, name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(proposal.files[EXPERIMENTS / f"{name}.json"])
    return content


@pytest.mark.parametrize("switches", [(), (SWITCH,)], ids=["one mode", "two modes"])
@pytest.mark.parametrize("kind", ["reset", "drop", "delay"])
def test_an_experiment_is_whole_by_all_that_read_it(switches: tuple[Switch, ...], kind: str) -> None:
    proposal = proposed(kinds=(kind,), switches=switches)
    content = experiment(proposal, f"shop-web-{kind}")
    ensure_experiment_is_valid(content)
    assert mistakes_of(content) == ()
    assert [error.message for error in Draft202012Validator(experiment_schema()).iter_errors(content)] == []
    modes = content["extensions"][0].get("modes", ["baseline", "resilient"])
    assert modes == (["baseline", "resilient"] if switches else ["resilient"])


def test_the_title_is_the_question() -> None:
    proposal = proposed()
    assert proposal.questions == {
        "shop-web-reset": "When the calls of one of 2 copies of shop to web (port 8080) are reset for 8 s, do users of "
        "http://shop:9000/ notice?"
    }
    assert experiment(proposal, "shop-web-reset")["title"] == proposal.questions["shop-web-reset"]


def test_the_system_file_is_read_back_as_it_was_meant(tmp_path: Path) -> None:
    files = proposed(switches=(SWITCH,)).files
    write_files(files, tmp_path, force=False)
    system = load_system(
        tmp_path / "experiments/system.yaml", "baseline", environment={"API_TOKEN": "from outside"}
    )
    web, shop = system.services
    assert (system.name, web.working_dir, shop.replicas) == ("mine", str(tmp_path), 2)
    assert shop.command == ("python", "shop.py", "cost:$5")
    assert shop.environment == {
        "UPSTREAM": "http://web:8080/",
        "FALLBACK": "off",
        "API_TOKEN": "from outside",
    }
    assert shop.healthcheck and (shop.healthcheck.kind, shop.healthcheck.target) == ("http", "/readyz")
    assert web.healthcheck and web.healthcheck.kind == "tcp"
    assert shop.depends_on == ("web",)


def test_a_secret_is_written_down_nowhere_and_named() -> None:
    proposal = proposed()
    assert not any("hunter2" in text for text in proposal.files.values())
    assert "shop.API_TOKEN" in proposal.notes[0]


def test_a_folder_of_this_machine_is_named() -> None:
    """The job in CI has the repository elsewhere."""
    web = Program("web", ("nginx", "-c", "/my/shop/nginx.conf"), "x", ports=(8080,))
    trial = replace(TRIAL, programs=(web, SHOP))
    assert any(
        "web names a folder of this machine" in note for note in proposed(trial, here="/my/shop").notes
    )
    assert not any("names a folder" in note for note in proposed(here="/my/shop").notes)


@pytest.mark.parametrize("switches", [(), (SWITCH,)], ids=["one mode", "two modes"])
def test_the_gate_requires_every_claim_of_every_experiment(switches: tuple[Switch, ...]) -> None:
    proposal = proposed(kinds=("reset", "drop"), switches=switches)
    rules = parse_rules(proposal.files[EXPERIMENTS / "gate.yaml"], "gate.yaml")
    assert set(rules.profiles) == {"all", "shop-web-reset", "shop-web-drop"}
    required = rules.required("all")
    for name in ("shop-web-reset", "shop-web-drop"):
        (extension,) = experiment(proposal, name)["extensions"]
        assert {f"{name}.resilient.{claim['id']}" for claim in extension["checks"]} <= set(required)
        assert (f"{name}.compare.SHOP_SPARED" in required) is bool(switches)


def test_what_doctor_says_cannot_run_here_is_left_out_and_named() -> None:
    proposal = proposed(kinds=("reset", "delay"), impossible={"delay": "this kernel has no sch_netem"})
    assert list(proposal.questions) == ["shop-web-reset"]
    assert proposal.left_out == (LeftOut("shop calls web:8080, by delay", "this kernel has no sch_netem"),)


def test_where_all_is_impossible_there_is_a_system_file_and_no_gate() -> None:
    proposal = proposed(impossible={"reset": "no nft"}).with_job(
        job_files("github", Path(), EXPERIMENTS, (WEB,), "1")
    )
    assert list(proposal.files) == [EXPERIMENTS / "system.yaml"]


def test_one_port_of_two_services_is_told_apart_by_the_service() -> None:
    trial = Trial(
        (WEB, SHOP),
        (Edge("shop", "web", 80), Edge("shop", "cache", 80)),
        "http://shop/",
        Measured(1, 0, 2, 8),
    )
    arguments = experiment(proposed(trial), "shop-web-reset")["method"][1]["provider"]["arguments"]
    assert arguments["peer"] == "web"


def test_a_caller_that_runs_once_may_be_hit() -> None:
    trial = Trial((WEB, Program("shop", ("x",), "x")), TRIAL.edges, "http://shop:9000/", Measured(1, 0, 2, 8))
    assert experiment(proposed(trial), "shop-web-reset")["configuration"]["allow_all"] is True
    assert "allow_all" not in experiment(proposed(), "shop-web-reset")["configuration"]


def test_without_an_edge_there_is_no_question() -> None:
    with pytest.raises(UsageError, match="--calls CALLER=SERVICE:PORT"):
        proposed(Trial((WEB,), (), "http://web:8080/", Measured(1, 0, 2, 8)))


def test_no_file_is_written_over_and_then_none_is_written(tmp_path: Path) -> None:
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments/gate.yaml").write_text("mine")
    with pytest.raises(UsageError, match=r"experiments/gate\.yaml.*--force"):
        write_files(proposed().files, tmp_path, force=False)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["gate.yaml"]
    write_files(proposed().files, tmp_path, force=True)
    assert (tmp_path / "experiments/gate.yaml").read_text() != "mine"


@pytest.mark.parametrize("text", ["shop", "shop.X=a", "shop=a,b", "shop.X=a,a", "nobody.X=a,b"])
def test_a_switch_of_another_form_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(UsageError, match="--switch"):
        read_switch(text, ["shop"])


def test_the_job_goes_where_the_ci_of_the_repository_looks(tmp_path: Path) -> None:
    assert list(job_files(None, tmp_path, EXPERIMENTS, (WEB,), "1").files) == [
        PurePosixPath(".github/workflows/chaos.yml")
    ]
    (tmp_path / ".gitlab-ci.yml").write_text("stages: [test]\n")
    job = job_files(None, tmp_path, EXPERIMENTS, (WEB,), "1")
    assert list(job.files) == [PurePosixPath("experiments/gitlab-ci.yml")]
    assert "include: [{local: experiments/gitlab-ci.yml}]" in job.notes[0]
    assert not job_files("none", tmp_path, EXPERIMENTS, (WEB,), "1").files
    assert job_files("github", tmp_path, PurePosixPath("chaos"), (WEB,), "1").left_out


@pytest.mark.parametrize(
    ("ci", "schema"), [("github", "vendor.github-workflows"), ("gitlab", "vendor.gitlab-ci")]
)
def test_a_job_is_right_by_the_schema_of_its_ci(ci: str, schema: str, tmp_path: Path) -> None:
    (text,) = job_files(ci, tmp_path, EXPERIMENTS, (WEB,), "1.2.3").files.values()
    file = tmp_path / "job.yml"
    file.write_text(text)
    assert ci_schema_objects(schema, file) == ""


@pytest.mark.parametrize("ci", ["github", "gitlab"])
def test_a_job_installs_the_version_that_wrote_it_and_asks_the_gate(ci: str, tmp_path: Path) -> None:
    (text,) = job_files(ci, tmp_path, EXPERIMENTS, (WEB,), "1.2.3").files.values()
    assert "chaosproof==1.2.3" in text and "$version" not in text and "$programs" not in text
    job = yaml.safe_load(text)
    assert "chaosproof all --out" in json.dumps(job)
