"""An experiment of the catalogue, run end to end as a person would run it."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.chaos import REPOSITORY, chaos_argv

__all__ = ["run", "unmet"]


def run(
    folder: Path, name: str, *, timeout_s: float = 60, **variables: object
) -> tuple[int, Mapping[str, Any], list[list[str]]]:
    """Run experiments/catalogue/NAME; its exit code, summary.json, and the rows of checks.tsv."""
    journal = folder / "journal.json"
    done = subprocess.run(
        chaos_argv(folder / "journals", journal, variables, f"catalogue/{name}"),
        cwd=REPOSITORY,
        env={**os.environ, "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    assert "Traceback" not in done.stdout + done.stderr
    assert journal.exists(), done.stderr
    session = json.loads(journal.read_text()).get("chaosproof")
    assert session, done.stdout + done.stderr
    run_dir = Path(session["run_dir"])
    rows = [line.split("\t") for line in (run_dir / "checks.tsv").read_text().splitlines()[2:]]
    return done.returncode, json.loads((run_dir / "summary.json").read_text()), rows


def unmet(rows: list[list[str]]) -> list[list[str]]:
    return [row for row in rows if row[1] != "pass"]
