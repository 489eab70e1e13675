"""Where programs are read from: options, a Procfile, a Compose file, and what runs."""

from pathlib import Path

import pytest

from chaosproof.errors import UsageError
from chaosproof.init.discover.command_line import named_command, split_command
from chaosproof.init.discover.compose_config import read_compose, survey_of_config
from chaosproof.init.discover.mentions import mentioned_edges
from chaosproof.init.discover.procfile import read_procfile
from chaosproof.init.discover.running import running_programs, survey_of_processes
from chaosproof.init.gather import gather
from chaosproof.init.survey import Edge, Program
from chaosproof.targets.base import CommandResult

LISTENING = """\
LISTEN 0      4096         0.0.0.0:8080      0.0.0.0:*    users:(("nginx",pid=12,fd=6),("nginx",pid=11,fd=6))
LISTEN 0      5          127.0.0.1:9000      0.0.0.0:*    users:(("python",pid=20,fd=3))
LISTEN 0      128             [::]:22           [::]:*
"""
CONNECTED = """\
0      0          127.0.0.1:51000    127.0.0.1:8080  users:(("python",pid=20,fd=5))
0      0          127.0.0.1:8080    127.0.0.1:51000  users:(("nginx",pid=12,fd=9))
0      0          10.0.0.5:40000     93.184.216.34:8080  users:(("curl",pid=30,fd=5))
"""


def ran(*outputs: str, code: int = 0):
    """A way to run commands: each gets the next of `outputs`."""
    left = list(outputs)
    return lambda argv: CommandResult(tuple(argv), code, left.pop(0) if left else "", "", 0.0)


def test_variables_in_front_of_a_command_are_its_environment() -> None:
    program = named_command("shop=UPSTREAM=http://web:8080 python -u shop.py")
    assert program.name == "shop"
    assert program.environment == {"UPSTREAM": "http://web:8080"}
    assert program.command == ("python", "-u", "shop.py")


def test_what_needs_a_shell_gets_one_and_what_is_quoted_does_not() -> None:
    assert split_command("cat a | sort", "here")[1] == ("sh", "-c", "cat a | sort")
    assert split_command("run $HOME/x", "here")[1] == ("sh", "-c", "run $HOME/x")
    assert split_command("nginx -g 'daemon off;'", "here")[1] == ("nginx", "-g", "daemon off;")
    assert split_command('nginx -g "daemon off;"', "here")[1] == ("nginx", "-g", "daemon off;")


@pytest.mark.parametrize("text", ["shop", "shop=", "=python x.py", "shop='unclosed", "9=python", "shop=A=1"])
def test_a_service_of_another_form_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(UsageError, match=r"\.$"):
        named_command(text)


def test_a_procfile_gives_each_program_its_port_as_its_starters_do() -> None:
    survey = read_procfile(
        "# two\nweb: python -m http.server $PORT\nworker_2: python work.py\n\nrelease: ./migrate\n", (".env",)
    )
    web, worker = survey.programs
    assert (web.command, web.ports) == (("python", "-m", "http.server", "5000"), (5000,))
    assert (worker.name, worker.environment["PORT"], worker.ports) == ("worker-2", "5100", ())
    assert worker.env_files == (".env",)
    assert [item.what for item in survey.left_out] == ["release of the Procfile"]


def test_a_line_of_a_procfile_that_is_none_is_named() -> None:
    with pytest.raises(UsageError, match="Procfile:2"):
        read_procfile("web: python x.py\nnonsense\n")


def test_a_compose_service_whose_command_only_its_image_knows_is_left_out_with_what_to_say(
    tmp_path: Path,
) -> None:
    config = {
        "services": {
            "db": {"image": "postgres:17", "ports": [{"target": 5432}]},
            "api": {
                "command": ["python", "api.py"],
                "environment": {"DB": "postgres://db:5432/x", "COST": "$$5"},
                "depends_on": {"db": {"condition": "service_started"}},
                "ports": [{"target": 8000, "published": "80"}],
                "build": {"context": str(tmp_path)},
            },
        }
    }
    survey = survey_of_config(config, tmp_path, lambda command: command == "python")
    (api,) = survey.programs
    assert (api.ports, api.needs, api.environment["COST"]) == ((8000,), (), "$5")
    assert "--service 'db=COMMAND'" in survey.left_out[0].why
    named = survey_of_config(config, tmp_path, lambda command: command == "python", ["db"])
    assert {program.name: program.needs for program in named.programs} == {"db": (), "api": ("db",)}


def test_a_compose_file_is_read_by_the_compose_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the file that Compose itself puts on top of it."""
    for name in ("compose.yaml", "compose.override.yaml"):
        (tmp_path / name).write_text("services: {}\n")
    cli = tmp_path / "docker-compose"
    cli.write_text('#!/bin/sh\nprintf "services: {web: {command: [%s]}}" "$*"\n')
    cli.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    config = read_compose(tmp_path, ran("Docker Compose version v2.26.1"))
    files = f"--file {tmp_path}/compose.yaml --file {tmp_path}/compose.override.yaml"
    assert config == {"services": {"web": {"command": [f"{files} config"]}}}
    assert read_compose(tmp_path, ran(code=127)) is None


def test_without_a_compose_command_line_a_sentence_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text("services: {}\n")
    with pytest.raises(UsageError, match=r"docker compose config.*none is here.*--service NAME=COMMAND"):
        gather(tmp_path, services=(), processes=(), calls=(), run=ran(code=127))
    survey = gather(tmp_path, services=("web=python x.py",), processes=(), calls=(), run=ran(code=127))
    assert [program.name for program in survey.programs] == ["web"]
    assert [item.what for item in survey.left_out] == ["compose.yaml"]


def test_a_service_of_an_option_is_started_so_and_keeps_what_a_file_says_of_it(tmp_path: Path) -> None:
    (tmp_path / "Procfile").write_text("web: python -m http.server $PORT\n")
    survey = gather(
        tmp_path,
        services=("web=X=1 ./web", "shop=python shop.py web:5000"),
        processes=(),
        calls=(),
        run=ran(),
    )
    web, _ = survey.programs
    assert (web.command, web.ports, web.environment) == (("./web",), (5000,), {"PORT": "5000", "X": "1"})
    assert survey.edges == (Edge("shop", "web", 5000),)


def test_a_program_runs_by_the_python_of_its_folders_own_environment(tmp_path: Path) -> None:
    """The lab's `python` is that of chaosproof, which has nothing of the program's packages."""
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/python").touch()
    survey = gather(tmp_path, services=("a=python3 a.py", "b=./b python"), processes=(), calls=(), run=ran())
    assert [program.command for program in survey.programs] == [
        (".venv/bin/python", "a.py"),
        ("./b", "python"),
    ]


def test_edges_are_read_off_commands_and_settings_but_not_off_names_that_only_begin_alike() -> None:
    web = Program("web", ("web",), "x", ports=(8080,))
    cache = Program("cache", ("redis-server",), "x", ports=(6379,))
    shop = Program(
        "shop",
        ("shop", "--web", "http://web:8080/a"),
        "x",
        environment={"C": "redis://cache", "N": "web-2:1", "W": "cache"},
    )
    assert mentioned_edges([web, cache, shop]) == (Edge("shop", "web", 8080), Edge("shop", "cache", 6379))


def test_who_runs_and_who_of_them_calls_whom_is_read_off_ss() -> None:
    nginx, python = running_programs(LISTENING, CONNECTED)
    assert (nginx.pid, nginx.name, nginx.ports, nginx.calls) == (11, "nginx", (8080,), ())
    assert (python.pid, python.ports, python.calls) == (20, (9000,), (8080,))


def test_a_process_is_copied_with_its_command_and_addresses_of_this_machine_become_names(
    tmp_path: Path,
) -> None:
    proc = tmp_path / "proc"
    for pid, words in (
        (11, ["nginx", "-c", "x"]),
        (20, ["python", "shop.py", "http://127.0.0.1:8080/", "localhost:9000"]),
    ):
        (proc / str(pid)).mkdir(parents=True)
        (proc / str(pid) / "cmdline").write_bytes("\0".join(words).encode() + b"\0")
        (proc / str(pid) / "cwd").symlink_to(tmp_path)
    (proc / "20/environ").write_bytes(b"UPSTREAM=http://localhost:8080/\0TOKEN=hunter2\0OWN=localhost:9000\0")
    running = running_programs(LISTENING, CONNECTED)
    survey = survey_of_processes([("web", 11), ("shop", 20)], running, proc=proc, folder=tmp_path)
    assert survey.edges == (Edge("shop", "web", 8080),)
    assert survey.programs[1].command == ("python", "shop.py", "http://web:8080/", "localhost:9000")
    assert survey.programs[1].working_dir == "."
    assert survey.programs[1].environment == {"UPSTREAM": "http://web:8080/"}


def test_a_process_that_writes_a_title_over_its_command_is_asked_for_it(tmp_path: Path) -> None:
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "cmdline").write_bytes(b"nginx: master process nginx -g daemon off;")
    (tmp_path / "7" / "cwd").symlink_to(tmp_path)
    with pytest.raises(UsageError, match="--service 'web=COMMAND'"):
        survey_of_processes([("web", 7)], (), proc=tmp_path, folder=tmp_path)


def test_where_nothing_is_said_the_programs_that_run_are_offered(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"(?s)--process NAME=PID.*nginx \(process 11\) listens on 8080"):
        gather(tmp_path, services=(), processes=(), calls=(), run=ran(LISTENING, CONNECTED))
