"""Which system an experiment's variables name."""

import stat
from pathlib import Path

import pytest

from chaosproof.errors import UsageError
from chaosproof.targets.system.chosen_system import system_to_run

SYSTEM = "services: {web: {command: [x]}}\n"


def test_compose_files_alone_are_read_by_the_compose_cli(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name is the project's own, and the files are the system's."""
    (tmp_path / "compose.yaml").write_text("services: {web: {image: x}}\n")
    cli = tmp_path / "docker-compose"
    cli.write_text(
        "#!/bin/sh\ncase $1 in version) echo Docker Compose version v2.26.1;; "
        '*) echo "{name: shop, services: {web: {image: x, expose: [80]}}}";; esac\n'
    )
    cli.chmod(cli.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    system = system_to_run({"compose": str(tmp_path / "compose.yaml")}, "resilient", None, one_mode=True)
    assert (system.name, system.compose) == ("shop", (str(tmp_path / "compose.yaml"),))
    assert system.services[0].ports == {"80": 80}


def test_compose_files_stand_above_those_of_the_system_file(tmp_path: Path) -> None:
    for name in ("compose.yaml", "other.yaml"):
        (tmp_path / name).write_text("services: {}\n")
    (tmp_path / "system.yaml").write_text(f"compose: compose.yaml\n{SYSTEM}")
    variables = {"system": str(tmp_path / "system.yaml")}
    other = str(tmp_path / "other.yaml")
    assert system_to_run(variables, "", None).compose == (str(tmp_path / "compose.yaml"),)
    assert system_to_run({**variables, "compose": [other]}, "", None).compose == (other,)


def test_what_is_deployed_is_named_alone() -> None:
    assert system_to_run({"service": "web"}, "", None).services[0].name == "web"
    with pytest.raises(UsageError, match="must say 'system', on containers 'compose'"):
        system_to_run({"project": "shop"}, "", None)
