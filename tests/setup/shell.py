"""Run functions of `setup/*.sh` as ./run has them, with the commands that a test names on PATH and no others."""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.support.chaos import REPOSITORY

__all__ = ["bin_folder", "shell"]

_PRELUDE = """
set -eu
here=$1 venv=$2
cd "$here"
say() { printf '%s\\n' "run: $*" >&2; }
die() { say "$*"; exit 2; }
have() { command -v "$1" >/dev/null 2>&1; }
. setup/packages.sh
. setup/environment.sh
"""
_TOOLS = (
    "sh",
    "sed",
    "sort",
    "tr",
    "cat",
    "rm",
    "mktemp",
    "env",
    "dirname",
    "ls",
    "mkdir",
    "cksum",
    "grep",
    "find",
)


def bin_folder(folder: Path, stand_ins: Mapping[str, str], real: tuple[str, ...] = ()) -> Path:
    """A folder for PATH: the system's own small tools, `real` ones, and scripts that stand in for what is not here."""
    folder.mkdir(parents=True)
    for name in (*_TOOLS, *real):
        file = shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin")
        assert file, name
        (folder / name).symlink_to(file)
    for name, text in stand_ins.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    return folder


def shell(
    script: str, *, path: Path | str, venv: Path | str = "/nonexistent", **environment: str
) -> "subprocess.CompletedProcess[str]":
    """Run `script` after the functions are read; its end, with what it printed."""
    return subprocess.run(
        ["sh", "-c", _PRELUDE + script, "sh", str(REPOSITORY), str(venv)],
        env={"PATH": str(path), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
