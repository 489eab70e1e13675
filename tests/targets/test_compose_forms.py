"""Compose's forms in a system file mean what they mean in Compose, or are answered with what to write instead."""

from pathlib import Path

import pytest

from chaosproof.errors import UsageError
from chaosproof.targets.system.interpolation import interpolated
from chaosproof.targets.system.system_file import load_system

SET = {"PORT": "9", "EMPTY": "", "LEVEL": "3"}


def load(folder: Path, text: str):
    (folder / "system.yaml").write_text(text)
    return {s.name: s for s in load_system(folder / "system.yaml", environment=SET).services}


def refused(folder: Path, text: str) -> str:
    with pytest.raises(UsageError) as caught:
        load(folder, text)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("http://${HOST:-stock}:7000 $$5", "http://stock:7000 $5"),
        ("$PORT ${PORT} ${PORT:-8}", "9 9 9"),
        ("${EMPTY:-a} ${EMPTY-a}", "a "),
        ("${PORT:+there} ${NONE+there}", "there "),
        ("${NONE:-${PORT}0}", "90"),
        ("${EMPTY}", ""),
    ],
)
def test_variables_are_replaced_as_compose_does_it(text, result):
    assert interpolated(text, SET) == result


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("$NONE", r"NONE is not set; set it, write \$\{NONE:-default\}, or \$\$NONE"),
        ("${NONE:?the shop}", "NONE is not set: the shop"),
        ("$(date)", r"a \$ stands before no name; for a dollar sign write \$\$"),
        ("${PORT", r"a \$\{ has no \}"),
        ("${PORT/9/8}", "is no variable"),
    ],
)
def test_what_cannot_be_replaced_is_a_sentence_with_the_remedy(text, sentence):
    with pytest.raises(ValueError, match=sentence):
        interpolated(text, SET)


def test_a_variable_in_a_file_is_replaced_and_a_number_of_it_is_a_number(tmp_path):
    (tmp_path / ".env").write_text("COPIES=3\nPORT=1\n")
    web = load(
        tmp_path,
        "services: {web: {command: [x, '${PORT}'], replicas: '${COPIES}', environment: {A: '${PORT}'}}}",
    )["web"]
    assert (web.command, web.replicas, web.environment["A"]) == (("x", "9"), 3, "9")


def test_a_variable_that_is_not_set_has_its_line(tmp_path):
    text = "services:\n  web:\n    command: [x, '${NONE}']\n"
    assert "system.yaml:3: services.web.command.0" not in refused(tmp_path, text)
    assert "system.yaml:3: services.web.command.1: the variable NONE is not set" in refused(tmp_path, text)


def test_a_map_is_merged_and_its_own_keys_stand_above(tmp_path):
    services = load(
        tmp_path,
        "version: '3.8'\nx-env: &env {A: '1', B: '2'}\n"
        "services:\n"
        "  a: &a {command: [x], environment: {<<: *env, B: '3'}, x-note: {for: readers}}\n"
        "  b: {<<: *a, replicas: 2}\n",
    )
    assert services["a"].environment == services["b"].environment == {"A": "1", "B": "3"}
    assert (services["a"].replicas, services["b"].replicas) == (1, 2)


def test_aliases_without_end_are_refused(tmp_path):
    assert "hold themselves" in refused(tmp_path, "services: &a {web: *a}")
    lines = ["x-0: &x0 [a]"] + [f"x-{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert "hold themselves, or never end" in refused(tmp_path, "\n".join(lines))


def test_a_control_character_has_its_line(tmp_path):
    assert "system.yaml:2: not valid YAML: the control character 0x07" in refused(tmp_path, "a: 1\nb: \a\n")


def test_what_is_text_is_taken_as_it_was_written(tmp_path):
    web = load(
        tmp_path,
        "x-port: &port 0123\n"
        "services: {web: {command: [x, 80], restart: no, user: 1000, environment: {A: *port, B: yes, C: 1.10}}}",
    )["web"]
    assert (web.command, web.restart, web.user) == (("x", "80"), "no", "1000")
    assert web.environment == {"A": "0123", "B": "yes", "C": "1.10"}


def test_environment_is_a_list_a_map_and_files(tmp_path):
    (tmp_path / "one.env").write_text("# notes\nexport A=1 # why\nB='$no'\nC=\"${A}2\"\n")
    text = "services: {web: {command: x -m 'a b', env_file: [one.env, {path: none, required: false}], %s}}"
    listed = load(tmp_path, text % "environment: [C=c=d, LEVEL, NONE]")["web"]
    assert listed.environment == {"A": "1", "B": "$no", "C": "c=d", "LEVEL": "3"}
    assert listed.command == ("x", "-m", "a b")
    mapped = load(tmp_path, text % "environment: {LEVEL: , NONE: null, A: }")["web"]
    assert mapped.environment == {"A": "1", "B": "$no", "C": "12", "LEVEL": "3"}


def test_conditions_say_which_service_ends_by_itself(tmp_path):
    services = load(
        tmp_path,
        "services:\n"
        "  migrate: {command: [x]}\n"
        "  db: {command: [x]}\n"
        "  app:\n"
        "    command: [x]\n"
        "    depends_on:\n"
        "      migrate: {condition: service_completed_successfully}\n"
        "      db: {condition: service_healthy}\n",
    )
    assert services["app"].depends_on == ("migrate", "db")
    assert [name for name, service in services.items() if service.one_shot] == ["migrate"]


def test_a_service_that_ends_has_no_health_check(tmp_path):
    text = (
        "services: {m: {command: [x], one_shot: true, ports: {a: 1}, healthcheck: {tcp: a}, restart: always}}"
    )
    assert "`healthcheck`" in refused(tmp_path, text) and "`restart`" in refused(tmp_path, text)


@pytest.mark.parametrize(
    ("test", "command"),
    [
        ("[CMD, pg_isready, -U, me]", ("pg_isready", "-U", "me")),
        ("[CMD-SHELL, 'a || b']", ("sh", "-c", "a || b")),
        ("a || b", ("sh", "-c", "a || b")),
    ],
)
def test_a_health_test_is_a_command(tmp_path, test, command):
    check = load(
        tmp_path,
        f"services: {{db: {{command: [x], stop_grace_period: 1m30s, healthcheck: {{test: {test}, "
        "interval: 500ms, timeout: 3s, retries: 10, start_period: 5s}}}",
    )["db"].healthcheck
    assert check is not None
    assert (check.kind, check.command, check.interval_s, check.answer_timeout_s) == (
        "test",
        command,
        0.5,
        3.0,
    )
    assert (check.retries, check.timeout_s) == (10, 40.0)


@pytest.mark.parametrize("check", ["{test: NONE}", "{test: [NONE]}", "{disable: true}"])
def test_a_health_check_can_be_switched_off(tmp_path, check):
    assert load(tmp_path, f"services: {{a: {{command: [x], healthcheck: {check}}}}}")["a"].healthcheck is None


def test_all_mistakes_of_a_file_come_at_once_each_with_line_and_remedy(tmp_path):
    message = refused(
        tmp_path,
        "services:\n"
        "  web:\n"
        "    image: nginx:1.27\n"
        "    ports: ['8080:80']\n"
        "    depends_on: {api: {condition: service_healthier}}\n"
        "    ulimits: {nofile: 1024}\n"
        "  api:\n"
        "    command: [x]\n"
        "    depends_on: [stok]\n"
        "    stop_grace_period: soon\n"
        "volumes: {data: {}}\n",
    )
    for sentence in (
        "has 8 mistakes",
        ":2: services.web: 'command' is a required property",
        ":3: services.web.image: a lab runs programs of this machine, not images",
        ":4: services.web.ports: a lab gives each port a name",
        ":5: services.web.depends_on.api: expected {condition: service_healthy or",
        ":6: services.web.ulimits: a lab sets no limits",
        ":9: services.api.depends_on: 'stok' is not another service",
        ":10: services.api.stop_grace_period: expected a time such as 5s",
        ":11: volumes: programs of a lab see this machine's files",
    ):
        assert sentence in message


@pytest.mark.parametrize(
    ("services", "sentence"),
    [
        (
            "app: {command: [x], replicas: 2}, app-0: {command: [x]}",
            "'app-0' is also the name of an instance of 'app'",
        ),
        ("localhost: {command: [x]}", "'localhost' is each instance itself"),
        ("prometheus: {command: [x], ports: {a: 1}, metrics: {port: a}}", "the lab's own Prometheus"),
    ],
)
def test_a_name_that_leads_somewhere_else_is_refused(tmp_path, services, sentence):
    assert sentence in refused(tmp_path, f"services: {{{services}}}")


@pytest.mark.parametrize(
    ("folder", "name"), [("My shop", "my-shop"), ("-x", "x"), ("7", "lab-7"), ("__", "lab")]
)
def test_a_lab_is_called_as_the_folder_of_its_file(tmp_path, monkeypatch, folder, name):
    (tmp_path / folder).mkdir()
    monkeypatch.chdir(tmp_path / folder)
    Path("system.yaml").write_text("services: {on: {command: [x]}}")
    system = load_system(Path("system.yaml"))
    assert (system.name, system.services[0].name) == (name, "on")
