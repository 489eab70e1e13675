"""Fresh runs of an experiment, in both modes and in its variants, one after the other, and what they show together.

The runs are ordinary `chaos run`s: side by side on one machine they would disturb each other's figures. `chaosproof
drill` and `chaosproof compare --runs` do this.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chaosproof.campaign.request import RunRequest
from chaosproof.errors import ChaosproofError, UsageError
from chaosproof.experiment.modes import MODES
from chaosproof.runner.overrides import assigned_in_files

if TYPE_CHECKING:
    from chaosproof.judge.judge import Verdict

__all__ = ["run_one", "run_pair", "run_series"]

_CHAOS = "chaosproof.toolkit.command.chaos"


def run_one(request: RunRequest) -> Path:
    """Run an experiment that has one mode only; returns the run folder, `ChaosproofError` when there is none."""
    return _run(request, request.variables, request.modes[0])


def run_pair(request: RunRequest, *, turned: bool = False) -> dict[str, Path]:
    """Run the baseline and the resilient mode (`turned`: the other way round), then the variants; returns the folders
    by mode. `ChaosproofError` when one run did not get as far as having one.
    """
    folders = {mode: _run(request, request.variables, mode) for mode in (MODES[::-1] if turned else MODES)}
    from_files = assigned_in_files(request.variable_files)
    for variant in request.variants:
        own = {name: str(value) for name, value in variant.variables.items() if name not in from_files}
        # What was asked for on the command line stands above what the variant would have.
        folders[variant.name] = _run(request, {**own, **request.variables}, variant.name)
    return folders


def run_series(request: RunRequest, planned: int) -> int:
    """Pairs of runs until it is decided, or `planned` of them, then their comparison; returns the exit code.

    The order alternates, so that a machine that warms up or fills up does not favour one mode.
    """
    # Imported late: the first lab should start first.
    from chaosproof.campaign.comparison import keep_comparison
    from chaosproof.compare.compare import compare_pairs
    from chaosproof.judge.judge import judge_run
    from chaosproof.stats.sequential import decide

    if len(request.modes) == 1:
        raise UsageError(f"{request.file.stem} has one mode only, so there are no pairs of runs to make.")
    pairs: list[tuple[Verdict, Verdict]] = []
    variants: list[dict[str, Verdict]] = []
    for number in range(1, planned + 1):
        verdicts = {
            mode: judge_run(folder) for mode, folder in run_pair(request, turned=number % 2 == 0).items()
        }
        pairs.append((verdicts.pop(MODES[0]), verdicts.pop(MODES[1])))
        variants.append(verdicts)
        comparison = compare_pairs(pairs, variants, planned=planned)
        decision = decide(comparison.pair_statuses, planned)
        click.echo(f"--- pair {number} of at most {planned}: {decision.reason}", err=True)
        if not decision.go_on:
            break
    return keep_comparison(comparison, request.journals)


def _run(request: RunRequest, variables: Mapping[str, str], mode: str) -> Path:
    """One `chaos run`; returns its run folder. `ChaosproofError` when it did not get as far as having one."""
    click.secho(f"--- {request.file.stem}, {mode} ---", bold=True, err=True)
    with tempfile.TemporaryDirectory(prefix="chaosproof-") as scratch:
        journal = Path(scratch) / "journal.json"
        # -P: a module in the folder of the caller must not stand in for an installed one
        argv = [sys.executable, "-P", "-m", _CHAOS, "--no-version-check", "--no-log-file", "run"]
        argv += ["--journal-path", str(journal)]
        for variable_file in request.variable_files:
            argv += ["--var-file", variable_file]
        for name, value in {**variables, "mode": mode}.items():
            argv += ["--var", f"{name}={value}"]
        process = subprocess.Popen([*argv, str(request.file)])
        try:
            process.wait()
        except KeyboardInterrupt:
            # Ctrl-C reached it too; it rolls back, saves and takes its lab down before it ends.
            process.wait()
            raise
        content = json.loads(journal.read_text(encoding="utf-8")) if journal.exists() else {}
    run_dir = content.get("chaosproof", {}).get("run_dir")
    if run_dir is None:
        raise ChaosproofError(f"The {mode} run did not begin (exit code {process.returncode}); see above.")
    return Path(run_dir)
