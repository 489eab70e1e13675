"""Run `chaos run` as a person would, short, in a journals folder of the test's own."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["REPOSITORY", "SHORT", "Run", "chaos_argv", "run_experiment", "run_s4"]

REPOSITORY = Path(__file__).resolve().parents[2]
# Prometheus looks at new targets every 5 s only: less warm-up than that has no samples. Requests fail only until
# a hit instance is out of service, so their share is larger in a short run.
SHORT = {
    "warmup_s": 8,
    "duration_s": 12,
    "rate_rps": 100,
    "fault_at_s": 2,
    "fault_s": 3,
    "tolerated_error_ratio": 0.03,
}


@dataclass(frozen=True)
class Run:
    """What a run left: exit code, what it printed, Chaos Toolkit's journal, and the run folder."""

    exit_code: int
    stdout: str
    stderr: str
    journal: Mapping[str, Any]
    folder: Path | None

    @property
    def summary(self) -> Mapping[str, Any]:
        assert self.folder is not None, self.stderr
        loaded: Mapping[str, Any] = json.loads((self.folder / "summary.json").read_text())
        return loaded


def chaos_argv(
    journals: Path, journal: Path, variables: Mapping[str, object], experiment: str = "s4"
) -> list[str]:
    """The command line of one run; every file it writes is under the given paths."""
    argv = [str(Path(sys.executable).with_name("chaos")), "--no-version-check", "--no-log-file", "run"]
    argv += ["--journal-path", str(journal), "--var", f"journals={journals}"]
    for name, value in variables.items():
        argv += ["--var", f"{name}={value}"]
    return [*argv, f"experiments/{experiment}.json"]


def run_s4(folder: Path, **variables: object) -> Run:
    """A short S4 in `folder`; variables override those of `SHORT`."""
    return run_experiment(folder, "s4", {**SHORT, **variables})


def run_experiment(folder: Path, experiment: str, variables: Mapping[str, object]) -> Run:
    """Run an experiment in `folder`, to its end."""
    folder.mkdir(parents=True, exist_ok=True)
    journal = folder / "journal.json"
    done = subprocess.run(
        chaos_argv(folder / "journals", journal, variables, experiment),
        cwd=REPOSITORY,
        env={**os.environ, "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    content = json.loads(journal.read_text()) if journal.exists() else {}
    run_dir = content.get("chaosproof", {}).get("run_dir")
    return Run(done.returncode, done.stdout, done.stderr, content, Path(run_dir) if run_dir else None)
