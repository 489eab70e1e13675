"""Every form that public Compose projects have means the same here, whichever Compose CLI has read it."""

import shutil
import subprocess
from pathlib import Path

import pytest

from chaosproof.errors import UsageError
from chaosproof.targets.containers.compose.choose_cli import find_any_compose
from chaosproof.targets.containers.compose.cli import ComposeCli, printed_config, read_config
from chaosproof.targets.containers.compose.system import system_of_config
from chaosproof.targets.host_command import command_path, run_to_end
from chaosproof.targets.system.system_file import load_system
from tests.targets.containers.compose_projects import (
    NAMES,
    PRINTED,
    PROJECTS,
    VARIABLES,
    expected,
    facts,
    files_of,
    printed_by,
)

RECORDED = [
    (folder.name, file.stem) for folder in sorted(PRINTED.iterdir()) for file in sorted(folder.iterdir())
]
# It does not say what `extends` brings.
UNRESOLVED = ("podman-compose", "extends")


@pytest.mark.parametrize(("cli_name", "name"), RECORDED)
def test_what_a_cli_printed_is_the_system_that_was_written(cli_name: str, name: str) -> None:
    cli, printed = printed_by(cli_name, name)
    config = printed_config(cli, printed, PROJECTS / name, VARIABLES)
    if (cli_name.rpartition("-")[0], name) == UNRESOLVED:
        with pytest.raises(UsageError, match="does not say what `extends` of web brings"):
            system_of_config(config, name)
        return
    assert facts(system_of_config(config, name), expected(name)) == expected(name)


def clis() -> list[ComposeCli]:
    """Those of this machine, each once."""
    candidates = [["docker-compose"], ["docker", "compose"], ["podman-compose"]]
    there = [argv for argv in candidates if shutil.which(argv[0], path=command_path())]
    usable = []
    for argv in there:
        done = subprocess.run([*argv, "version"], capture_output=True, text=True, check=False)
        if done.returncode == 0 and "1.29" not in done.stdout:
            usable.append(ComposeCli(tuple(argv), argv[-1], is_podman="podman" in argv[0]))
    return usable


@pytest.mark.containers
@pytest.mark.parametrize("name", NAMES)
def test_every_cli_of_this_machine_reads_a_project_as_it_was_written(name: str) -> None:
    """Without an engine."""
    there = clis()
    assert there, "this machine has no Compose CLI"
    for cli in there:
        if (cli.name, name) == UNRESOLVED:
            continue
        config = read_config(cli, files_of(name), environment=VARIABLES)
        assert facts(system_of_config(config, name), expected(name)) == expected(name), cli.name


@pytest.mark.containers
@pytest.mark.parametrize("name", ["grpc", "router", "own-service"])
def test_a_demos_compose_file_has_the_services_and_ports_of_its_system_file(name: str) -> None:
    """They are two files on one system."""
    system = load_system(Path(f"chaosproof/demo/{name}/system.yaml"), "resilient", None)
    config = read_config(find_any_compose(run_to_end), system.compose, environment=VARIABLES)
    services = {service.name: service for service in system_of_config(config, name).services}
    assert set(services) == {service.name for service in system.services}
    for service in system.services:
        ports = set(services[service.name].ports.values())
        assert ports == set(service.ports.values()), service.name
