"""What `./run test --containers` says of engines that it cannot start, and its exit code."""

import os
import sys
from pathlib import Path

import pytest

from tests.containers.__main__ import main
from tests.containers.machines import ENGINES, NOT_STARTED, Engine, pytest_command, row_of


def test_what_cannot_be_tried_is_named_and_ends_with_3(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """Each engine has a row, and the reason."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(sys, "argv", ["tests.containers"])
    with pytest.raises(SystemExit) as ended:
        main()
    printed = capsys.readouterr().out
    assert ended.value.code == 3
    assert [engine.name for engine in ENGINES if f"{engine.name} |  | not tried" in printed] == [
        "podman-rootless",
        "podman-rootful",
        "docker-rootless",
        "docker-rootful",
    ]
    assert "podman-rootful: only root can make a machine of its own" in printed


def test_the_tests_are_those_that_are_marked():
    """All of them, unless pytest's own arguments name some."""
    paths = [argument for argument in pytest_command([]) if argument.endswith(".py")]
    assert "tests/targets/containers/test_engine_client.py" in paths
    assert not [path for path in paths if "mark.containers" not in Path(path).read_text()]
    assert pytest_command(["tests/x.py", "-k", "y"])[-3:] == ["tests/x.py", "-k", "y"]


@pytest.mark.parametrize(
    "exit_code, trouble, impossible", [(0, "", False), (1, "exit 1", False), (NOT_STARTED, "exit 75", True)]
)
def test_a_row_has_the_tests_and_what_the_engine_printed(
    tmp_path, exit_code: int, trouble: str, impossible: bool
):
    """An engine that did not answer was not tried; failed tests are failures."""
    (tmp_path / "engine.log").write_text("no such runtime\n")
    lines = ["..F\n", "=== 1 failed, 2 passed in 3.00s ===\n"]
    row = row_of(Engine("podman", 0), exit_code, lines, tmp_path / "engine.log")
    assert (row.engine, row.tests, row.impossible) == (
        "podman-rootful",
        "1 failed, 2 passed in 3.00s",
        impossible,
    )
    assert row.trouble == (f"{trouble}\nno such runtime" if trouble else "")
