"""The recipes of docs/extending.md that show commands, each followed to the letter in a copy of the repository."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
RECIPES = dict(re.findall(r"^## (An? [^\n]+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
_FILE = re.compile(r"^`([\w./-]+)`:\n\n```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COPIED = ("chaosproof", "actions", "probes", "controls", "experiments", "charts", "pyproject.toml")


@pytest.fixture
def copy(tmp_path):
    """A copy of the repository, for a recipe to write into."""
    for name in _COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


@pytest.mark.parametrize("name", [name for name, text in RECIPES.items() if "```console" in text])
def test_a_recipe_does_what_it_says(copy, name):
    """Its files are written, its commands are run, and they print what the page shows."""
    files, blocks = _FILE.findall(RECIPES[name]), _CONSOLE.findall(RECIPES[name])
    assert files and blocks, "a recipe writes at least one file and runs at least one command"
    for path, content in files:
        (copy / path).parent.mkdir(parents=True, exist_ok=True)
        (copy / path).write_text(content, encoding="utf-8")
    for block in blocks:
        for command, shown in re.findall(r"^\$ (.*(?:\\\n.*)*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE):
            printed = run(shlex.split(command.replace("\\\n", " ")), copy)
            pattern = ".*?".join(re.escape(part.strip()) for part in shown.split("..."))
            assert re.search(pattern, printed, re.DOTALL), f"$ {command}\n{printed}"


def run(argv: list[str], folder: Path) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, "PYTHONPATH": str(folder), "PATH": path}
    done = subprocess.run(argv, cwd=folder, env=env, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout + done.stderr


def test_there_are_five_recipes():
    """One for each place where somebody adds a file."""
    assert list(RECIPES) == ["A fault kind", "A target", "A load protocol", "A check", "A plot"]
