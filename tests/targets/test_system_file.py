import pickle
from pathlib import Path

import pytest

from chaosproof.errors import UsageError
from chaosproof.targets.local.launcher import launch_lab
from chaosproof.targets.local.spec import plan_lab
from chaosproof.targets.system.system_file import load_system

GOOD = """\
services:
  web:
    command: [python, -m, http.server]
    replicas: 2
    ports: {http: 8000}
    healthcheck: {http: /, port: http, timeout_s: 3}
"""


def _write(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "system.yaml"
    file.write_text(text)
    return file


def test_the_demo_has_two_app_a_and_three_app_b():
    system = load_system(Path("chaosproof/demo/grpc/system.yaml"), "resilient", "s4")
    assert {service.name: service.replicas for service in system.services} == {"app-a": 2, "app-b": 3}


def test_overlays_stand_on_top_of_the_file(tmp_path):
    (tmp_path / "values-common.yaml").write_text(
        "services: {web: {replicas: 5, environment: {A: '1'}}, other: {replicas: 2}}"
    )
    system = load_system(_write(tmp_path, "values: .\n" + GOOD + "    environment: {A: '0', B: '0'}\n"))
    (web,) = system.services
    assert (web.replicas, dict(web.environment)) == (5, {"A": "1", "B": "0"})


def test_ports_are_resolved_by_name(tmp_path):
    (web,) = load_system(_write(tmp_path, GOOD)).services
    assert web.healthcheck is not None
    assert (web.healthcheck.port, web.healthcheck.interval_s, web.healthcheck.timeout_s) == (8000, 0.1, 3.0)


MISTAKES = {
    "a wrong key": (
        GOOD + "    comand: [x]\n",
        ":7: services.web.comand: unknown key 'comand'; known here: command",
    ),
    "a wrong type": (
        GOOD.replace("replicas: 2", "replicas: two"),
        ":4: services.web.replicas: expected integer",
    ),
    "a number where text is needed": (
        GOOD + "    working_dir: 1\n",
        ":7: services.web.working_dir: expected string, got 1; write it in quotes",
    ),
    "a port that does not exist": (
        GOOD.replace("port: http", "port: grpc"),
        ":6: services.web.healthcheck: port 'grpc' is not one of this service's ports (http)",
    ),
    "a port out of range": (
        GOOD.replace("8000", "70000"),
        ":5: services.web.ports.http: 70000 is greater than",
    ),
    "no command": (
        GOOD.replace("    command: [python, -m, http.server]\n", ""),
        ":2: services.web: 'command' is a required property",
    ),
    "a process that runs already": (
        GOOD + "    attach: {pid: 1}\n",
        ":7: services.web.attach: a lab runs what it starts itself, and cannot attach what runs already",
    ),
    "no services": ("services: {}\n", ":1: services: {} should be non-empty"),
    "a bad name": (GOOD.replace("web:", "Web:"), "'Web' does not match"),
    "a key twice": (GOOD + "    replicas: 3\n", ":7: not valid YAML: the key 'replicas' stands here twice"),
    "broken YAML": ("services: {web: [}\n", ":1: not valid YAML"),
    "an empty file": ("", ":1: the file: expected object, got None"),
    "a list": ("- a\n", ":1: the file: expected object"),
    "an unknown dependency": (
        GOOD + "    depends_on: [db]\n",
        ":7: services.web.depends_on: 'db' is not another",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_answered_with_file_line_and_what_was_expected(tmp_path, mistake):
    text, sentence = MISTAKES[mistake]
    file = _write(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        load_system(file)
    assert sentence in str(caught.value)
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_does_not_exist_is_one_sentence(tmp_path):
    with pytest.raises(UsageError, match=r"Cannot read .*nothing\.yaml: No such file"):
        load_system(tmp_path / "nothing.yaml")


def test_a_mode_needs_a_folder_of_values(tmp_path):
    with pytest.raises(UsageError, match="names no folder of `values`"):
        load_system(_write(tmp_path, GOOD), "baseline")


def test_compose_files_are_found_beside_the_file_and_their_services_need_no_command(tmp_path):
    """Compose's names of services are allowed with them, which a lab has not."""
    for name in ("compose.yaml", "more.yaml"):
        (tmp_path / name).write_text("services: {}\n")
    text = "services: {my_db: {ports: {sql: 5432}, healthcheck: {tcp: sql}}}\n"
    system = load_system(_write(tmp_path, "compose: [compose.yaml, more.yaml]\n" + text))
    assert system.compose == (str(tmp_path / "compose.yaml"), str(tmp_path / "more.yaml"))
    assert [(service.name, service.command) for service in system.services] == [("my_db", ())]
    assert load_system(_write(tmp_path, "compose: more.yaml\n" + text)).compose == (
        str(tmp_path / "more.yaml"),
    )
    with pytest.raises(UsageError, match=r"my_db has no `command`.*--target containers"):
        launch_lab(system)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("compose: none.yaml", r"system.yaml:1: compose: there is no file .*/none.yaml"),
        ("compose: 3", r"system.yaml:1: compose: expected string or array, got 3"),
        ("name: x", r"system.yaml:2: services.web: 'command' is a required property: the program that"),
    ],
)
def test_a_compose_file_that_is_not_there_and_a_service_of_a_lab_without_a_command(tmp_path, line, sentence):
    with pytest.raises(UsageError, match=sentence):
        load_system(_write(tmp_path, f"{line}\nservices: {{web: {{}}}}\n"))


def test_services_that_wait_for_each_other_in_a_circle_are_refused(tmp_path):
    text = "services:\n"
    for name, other in (("a", "b"), ("b", "c"), ("c", "a")):
        text += f"  {name}: {{command: [x], depends_on: [{other}]}}\n"
    with pytest.raises(UsageError, match=r"wait for each other.*: a, b, c"):
        plan_lab(load_system(_write(tmp_path, text)), name="x", path="", prometheus=None)


def test_every_instance_has_a_name_and_addresses_of_its_own(tmp_path):
    spec = plan_lab(
        load_system(_write(tmp_path, GOOD.replace("replicas: 2", "replicas: 50"))),
        name="x",
        path="",
        prometheus=None,
    )
    assert len({instance.name for instance in spec.instances}) == 50
    assert len({instance.address for instance in spec.instances}) == 50
    assert len({instance.address6 for instance in spec.instances}) == 50


def test_a_spec_survives_its_way_to_the_supervisor():
    spec = plan_lab(
        load_system(Path("chaosproof/demo/grpc/system.yaml"), "baseline", "s4"),
        name="x",
        path="/bin",
        prometheus="/bin/true",
    )
    assert pickle.loads(pickle.dumps(spec)) == spec
