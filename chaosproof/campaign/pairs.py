"""Fresh runs of an experiment, in both modes and in its variants, one after the other, and what they show together.

The runs are ordinary `chaos run`s: side by side on one machine they would disturb each other's figures. `chaosproof
drill` and `chaosproof compare --runs` do this.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chaosproof.errors import ChaosproofError, UsageError
from chaosproof.experiment.extension import extensions_of
from chaosproof.experiment.modes import MODES, Variant, variant_mistakes, variants_of
from chaosproof.json_access import sequence

if TYPE_CHECKING:
    from chaosproof.judge.judge import Verdict

__all__ = ["RunRequest", "asked", "run_one", "run_pair", "run_series"]


@dataclass(frozen=True)
class RunRequest:
    """The experiment's `file`, its `modes` (one, or both), its variants, and the variables that all runs share."""

    file: Path
    modes: tuple[str, ...]
    variants: tuple[Variant, ...]
    variables: Mapping[str, str]
    journals: Path


def asked(experiment: str, variables: Sequence[str], target: str | None, journals: Path) -> RunRequest:
    """What to run, checked. `experiment` is a name such as s4, or a file; `variables` are words NAME=VALUE.

    Raises UsageError for an experiment that is not there or is none, and for a word that is no variable.
    """
    file = Path(experiment) if experiment.endswith(".json") else Path("experiments") / f"{experiment}.json"
    if not file.is_file():
        known = ", ".join(sorted(file.stem for file in Path("experiments").glob("*.json"))) or "none"
        raise UsageError(f"There is no experiment {file}; experiments here: {known}.")
    shared: dict[str, str] = {}
    for variable in variables:
        name, equals, value = variable.partition("=")
        if not equals or not name:
            raise UsageError(f"--var takes NAME=VALUE, not {variable!r}.")
        if name == "mode":
            raise UsageError("A drill runs both modes; for one of them: chaos run --var mode=... EXPERIMENT.")
        shared[name] = value
    shared["journals"] = str(journals)
    if target:
        shared["target"] = target
    content = _content(file)
    if mistakes := variant_mistakes(content):
        raise UsageError(f"{file}: {'; '.join(mistakes)}.")
    return RunRequest(file, _modes(content), variants_of(content), shared, journals)


def run_one(asked: RunRequest) -> Path:
    """Run an experiment that has one mode only; returns the run folder, `ChaosproofError` when there is none."""
    return _run(asked.file, asked.variables, asked.modes[0])


def run_pair(asked: RunRequest, *, turned: bool = False) -> dict[str, Path]:
    """Run the baseline and the resilient mode (`turned`: the other way round), then the variants; returns the folders
    by mode. `ChaosproofError` when one run did not get as far as having one.
    """
    folders = {mode: _run(asked.file, asked.variables, mode) for mode in (MODES[::-1] if turned else MODES)}
    for variant in asked.variants:
        own = {name: str(value) for name, value in variant.variables.items()}
        # What was asked for on the command line stands above what the variant would have.
        folders[variant.name] = _run(asked.file, {**own, **asked.variables}, variant.name)
    return folders


def run_series(asked: RunRequest, planned: int) -> int:
    """Pairs of runs until it is decided, or `planned` of them, then their comparison; returns the exit code.

    The order alternates, so that a machine that warms up or fills up does not favour one mode.
    """
    # Imported late: the first lab should start first.
    from chaosproof.cli.verdicts import compare_series
    from chaosproof.compare.compare import compare_pairs
    from chaosproof.judge.judge import judge_run
    from chaosproof.stats.sequential import decide

    if len(asked.modes) == 1:
        raise UsageError(f"{asked.file.stem} has one mode only, so there are no pairs of runs to make.")
    pairs: list[tuple[Verdict, Verdict]] = []
    variants: list[dict[str, Verdict]] = []
    while len(pairs) < planned:
        verdicts = {
            mode: judge_run(folder) for mode, folder in run_pair(asked, turned=len(pairs) % 2 == 1).items()
        }
        pairs.append((verdicts.pop(MODES[0]), verdicts.pop(MODES[1])))
        variants.append(verdicts)
        decision = decide(compare_pairs(pairs, variants, planned=planned).pair_statuses, planned)
        click.echo(f"--- pair {len(pairs)} of at most {planned}: {decision.reason}", err=True)
        if not decision.go_on:
            break
    return compare_series(pairs, planned, asked.journals, variants)


def _content(file: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{file} is no experiment in JSON: {error}.") from error
    if not isinstance(content, dict):
        raise UsageError(f"{file} is no experiment: it holds no object.")
    return content


def _modes(content: Mapping[str, Any]) -> tuple[str, ...]:
    """The modes that the experiment has: one, or baseline and resilient."""
    for words in extensions_of(content):
        if len(modes := sequence(words.get("modes"))) == 1:
            return (str(modes[0]),)
    return MODES


def _run(file: Path, variables: Mapping[str, str], mode: str) -> Path:
    """One `chaos run`; returns its run folder. `ChaosproofError` when it did not get as far as having one."""
    click.secho(f"--- {file.stem}, {mode} ---", bold=True, err=True)
    with tempfile.TemporaryDirectory(prefix="chaosproof-") as scratch:
        journal = Path(scratch) / "journal.json"
        argv = [str(Path(sys.executable).with_name("chaos")), "--no-version-check", "--no-log-file", "run"]
        argv += ["--journal-path", str(journal)]
        for name, value in {**variables, "mode": mode}.items():
            argv += ["--var", f"{name}={value}"]
        process = subprocess.Popen([*argv, str(file)])
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
