"""From a Compose project to experiments on its containers: who calls whom, and what is written, without a start."""

import json
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

import pytest
import yaml
from chaoslib.experiment import ensure_experiment_is_valid
from jsonschema import Draft202012Validator

from chaosproof.errors import UsageError
from chaosproof.experiment.experiment import mistakes_of
from chaosproof.init.containers.project import Project, project_of
from chaosproof.init.containers.propose import proposal_of_project
from chaosproof.init.survey import Edge, Program
from chaosproof.pack.gate.rules import parse_rules
from chaosproof.runner.settings import read_settings
from chaosproof.targets.containers.compose.service_extension import read_extension
from chaosproof.targets.containers.compose.system import system_of_config
from chaosproof.toolkit.schema.experiment_schema import experiment_schema

CONFIG: dict[str, Any] = {
    "name": "shop",
    "services": {
        "web": {
            "image": "shop/web",
            "ports": [{"target": 8080, "published": "80", "protocol": "tcp"}],
            "environment": {"DATABASE_URL": "postgresql://u:p@db/shop", "CACHE": "cache:6379"},
            "depends_on": {"db": {"condition": "service_healthy"}},
        },
        "admin": {"image": "shop/admin", "expose": ["9000"], "command": ["serve", "--db", "my_db:5432"]},
        "db": {
            "image": "docker.io/library/postgres:17@sha256:0",
            "container_name": "my_db",
            "healthcheck": {"test": ["CMD-SHELL", "pg_isready"]},
        },
        "cache": {"image": "example/cache"},
        "migrate": {"image": "shop/web", "environment": {"DB": "db:5432"}},
        "probe": {"image": "x", "network_mode": "service:web", "environment": {"WEB": "web:8080"}},
        "worker": {
            "image": "shop/web",
            "scale": 2,
            "depends_on": {"migrate": {"condition": "service_completed_successfully"}},
        },
    },
}
EDGES = (
    Edge("web", "db", 5432),
    Edge("web", "cache", 6379),
    Edge("admin", "db", 5432),
)


def project(*calls: str) -> Project:
    return project_of(system_of_config(CONFIG, "shop"), CONFIG, calls)


def proposed(**more: Any) -> dict[str, str]:
    given: dict[str, Any] = {
        "url": "http://web:8080/",
        "kinds": ("reset",),
        "impossible": {},
        "folder": PurePosixPath("experiments"),
        "schema": "{}",
        "tested": ["db"],
    }
    proposal = proposal_of_project(project(), ("compose.yaml",), **{**given, **more})
    return {str(name): text for name, text in proposal.files.items()}


def test_who_calls_whom_stands_in_variables_and_commands() -> None:
    """By every name that a service has, and by the usual port where a url has none."""
    assert sorted(project().edges) == sorted(EDGES)


def test_a_port_that_compose_does_not_name_is_that_of_the_image_or_of_the_callers() -> None:
    seen = {program.name: program.ports for program in project().programs}
    assert (seen["db"], seen["cache"], seen["web"], seen["worker"]) == ((5432,), (6379,), (8080,), ())
    assert project().notes == ("db: taken to listen on 5432, as postgres does",)


def test_what_ends_by_itself_and_what_has_no_network_of_its_own_is_left_out_with_the_reason() -> None:
    left_out = {item.what: item.why for item in project().left_out}
    assert "runs once" in left_out["migrate"]
    assert "network_mode: service:web" in left_out["probe"]


def test_users_come_in_where_a_port_is_published() -> None:
    assert project().pages == ("http://web:8080/",)


def test_an_edge_can_be_stated() -> None:
    """A service that is left out is none that could be hit."""
    assert project("worker=cache:6379").edges[0] == Edge("worker", "cache", 6379)
    with pytest.raises(UsageError, match="there is no service 'migrate'"):
        project("migrate=db:5432")


@pytest.mark.parametrize("kind", ["reset", "drop", "delay"])
def test_an_experiment_is_whole_by_all_that_read_it(kind: str) -> None:
    """And its variables are those of a run on containers, of the project's own file and the one beside it."""
    files = proposed(kinds=(kind,))
    content = json.loads(files[f"experiments/web-db-{kind}.json"])
    ensure_experiment_is_valid(content)
    assert mistakes_of(content) == ()
    assert [error.message for error in Draft202012Validator(experiment_schema()).iter_errors(content)] == []
    configuration = content["configuration"]
    assert configuration["target"]["default"] == "containers" and "system" not in configuration
    given = {**configuration, "mode": "resilient", "target": "containers"}
    assert read_settings(given, ("local", "containers")).variables["compose"] == [
        "compose.yaml",
        "experiments/compose.chaosproof.yaml",
    ]
    rules = parse_rules(files["experiments/gate.yaml"], "gate.yaml")
    assert set(rules.profiles) == {"all", f"web-db-{kind}", f"web-cache-{kind}", f"admin-db-{kind}"}


def test_what_compose_does_not_say_of_a_service_stands_in_a_file_of_its_own() -> None:
    """Of those on an edge that have no health test; each entry is one that a run takes."""
    text = proposed()["experiments/compose.chaosproof.yaml"]
    services: Mapping[str, Any] = yaml.safe_load(text)["services"]
    assert set(services) == {"web", "cache", "admin"}
    for name, body in services.items():
        assert list(body) == ["x-chaosproof"]
        extension, mistakes = read_extension(f"services.{name}", body["x-chaosproof"])
        assert mistakes == [] and extension.healthcheck is not None and extension.healthcheck.kind == "tcp"
    assert "healthcheck: {http: /readyz" in text


def test_where_compose_says_all_there_is_no_such_file() -> None:
    whole = Project(
        (Program("web", (), "x", ports=(80,)), Program("db", (), "x")), (Edge("web", "db", 5432),), ()
    )
    proposal = proposal_of_project(
        whole,
        ("compose.yaml",),
        url="http://web:80/",
        kinds=("reset",),
        impossible={},
        folder=PurePosixPath("experiments"),
        schema="",
        tested=["web"],
    )
    names = {path.name for path in proposal.files}
    assert names == {"web-db-reset.json", "gate.yaml"}
    content = json.loads(proposal.files[PurePosixPath("experiments/web-db-reset.json")])
    assert content["configuration"]["compose"] == ["compose.yaml"]
    assert content["configuration"]["allow_all"] is True


def test_what_was_not_measured_is_said() -> None:
    proposal = proposal_of_project(
        project(),
        ("compose.yaml",),
        url="http://web:8080/",
        kinds=("drop",),
        impossible={"drop": "no nft here"},
        folder=PurePosixPath("experiments"),
        schema="",
    )
    assert "the first run shows" in proposal.notes[-1]
    assert proposal.questions == {} and "no nft here" in {item.why for item in proposal.left_out}
