"""The command `chaos` as this project starts it: nothing is left behind, and there are no colours but on a terminal."""

import json
import os
import pty
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.support.chaos import REPOSITORY

ESCAPE = b"\x1b"
OURS = [sys.executable, "-P", "-m", "chaosproof.toolkit.command.chaos", "--no-version-check"]
TOOLKITS = [str(Path(sys.executable).with_name("chaos")), "--no-version-check"]
PLACES = [str(REPOSITORY), os.environ.get("PYTHONPATH")]
PLAIN = {"title": "t", "description": "d", "method": []}
VERDICT = {"name": "verdict", "provider": {"type": "python", "module": "chaosproof.controls.verdict"}}


def run(
    command: list[str], folder: Path, *, errors: int = subprocess.PIPE
) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, timeout=60, check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, PLACES)), "TERM": "xterm-256color"},
    )  # fmt: skip


def test_discover_prints_what_there_is_and_leaves_no_file(tmp_path: Path) -> None:
    """What is installed is looked at, and no package index is asked for a package of the name."""
    done = run([*OURS, "discover", "chaosproof"], tmp_path)
    assert done.returncode == 0, done.stderr.decode()
    discovery = json.loads(done.stdout)
    assert {activity["name"] for activity in discovery["activities"]} >= {"reset", "heal", "error_ratio"}
    assert b"install" not in done.stderr and ESCAPE not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_editable_installation_says_its_top_level_package_too() -> None:
    """By a file of its metadata, whose folder has the version in its name."""
    content = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    project, build = content["project"], content["tool"]["hatch"]["build"]["targets"]["wheel"]
    info = f"{project['name']}-{project['version']}.dist-info"
    (source,) = (file for file, place in build["force-include"].items() if place == f"{info}/top_level.txt")
    assert (REPOSITORY / source).read_text() == "chaosproof\n"


def test_discover_writes_the_file_that_is_asked_for(tmp_path: Path) -> None:
    done = run([*OURS, "discover", "--discovery-path", "own.json", "chaosproof"], tmp_path)
    assert (done.returncode, done.stdout) == (0, b"")
    assert [file.name for file in tmp_path.iterdir()] == ["own.json"]
    assert json.loads((tmp_path / "own.json").read_text())["activities"]


def test_neither_the_console_nor_the_log_file_has_colours_where_there_is_no_terminal(tmp_path: Path) -> None:
    (tmp_path / "e.json").write_text(json.dumps(PLAIN))
    done = run([*OURS, "validate", "e.json"], tmp_path)
    log = (tmp_path / "chaostoolkit.log").read_bytes()
    assert done.returncode == 0 and b"INFO] Validating the experiment's syntax" in done.stderr
    assert b"Running command 'validate'" in log
    assert ESCAPE not in done.stderr + log


def test_a_terminal_has_its_colours(tmp_path: Path) -> None:
    (tmp_path / "e.json").write_text(json.dumps(PLAIN))
    screen, terminal = pty.openpty()
    try:
        assert run([*OURS, "--no-log-file", "validate", "e.json"], tmp_path, errors=terminal).returncode == 0
        assert ESCAPE in os.read(screen, 4096)
    finally:
        os.close(terminal)
        os.close(screen)


@pytest.mark.parametrize("option", ["validate", "run"])
def test_the_toolkits_own_command_is_plain_from_our_control_on(tmp_path: Path, option: str) -> None:
    """What it logs before it comes to the controls is its own."""
    (tmp_path / "e.json").write_text(json.dumps({**PLAIN, "controls": [VERDICT]}))
    done = run([*TOOLKITS, "--no-log-file", option, "e.json"], tmp_path)
    first, *rest = done.stderr.splitlines()
    assert b"Validating the experiment's syntax" in first
    assert b"Experiment looks valid" in rest[0]
    assert ESCAPE not in b"".join(rest), done.stderr.decode()
