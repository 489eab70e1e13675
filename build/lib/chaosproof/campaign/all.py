"""Every drill of a gate file, side by side where there are cores for it, each in a process of its own."""

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import click

from chaosproof.errors import UsageError
from chaosproof.pack.gate.rules import Rules

__all__ = [
    "DrillResult",
    "chosen",
    "describe_lanes",
    "drill_with",
    "drills_of",
    "lanes_for",
    "profile_of",
    "run_drills",
]

# A lab with its load and Prometheus keeps up to four cores busy for moments at a time.
_CORES_PER_LAB = 4
_LANES_MAX = 2


@dataclass(frozen=True)
class DrillResult:
    """A drill that has ended: its experiment, the exit code of `chaosproof drill`, and how long it took."""

    experiment: str
    exit_code: int
    duration_s: float


Drill = Callable[[str, Path, bool], int]


def drills_of(rules: Rules) -> tuple[str, ...]:
    """The experiments whose runs the suites of a gate file name, in the order of the file."""
    runs = [run for suite in rules.suites.values() for run in suite.runs]
    return tuple(dict.fromkeys(run.rpartition(".")[0] for run in runs))


def chosen(only: str | None, drills: Sequence[str]) -> tuple[str, ...]:
    """The experiments to run, in the order of `drills`, which are all; `UsageError` for one that is not known."""
    if only is None:
        return tuple(drills)
    named = {name.strip().lower() for name in only.split(",") if name.strip()}
    if unknown := sorted(named - set(drills)):
        raise UsageError(f"--only knows {', '.join(drills)}, not {', '.join(unknown)}.")
    if not named:
        raise UsageError(f"--only names no experiment; such as --only {drills[0]}.")
    return tuple(name for name in drills if name in named)


def profile_of(names: Sequence[str]) -> str:
    """The gate's profile for these experiments: whatever was not run counts as missing in `all`."""
    return names[0] if len(names) == 1 else "all"


def lanes_for(cores: int) -> int:
    """How many labs run side by side on so many cores without taking them from each other."""
    return max(1, min(_LANES_MAX, cores // _CORES_PER_LAB))


def describe_lanes(lanes: int, cores: int) -> str:
    """What a person is told of how the drills are run."""
    if lanes > 1:
        return f"{lanes} labs side by side on {cores} cores."
    least = 2 * _CORES_PER_LAB
    return (
        f"One drill after the other: on {cores} cores labs side by side would disturb each other's figures "
        f"(from {least} cores on there are two at a time)."
    )


def run_drills(names: Sequence[str], root: Path, lanes: int, drill: Drill) -> tuple[DrillResult, ...]:
    """Run the drills in `lanes` lanes, each into `root`; returns them in the order of `names`.

    `drill(experiment, root, prefixed)` runs one and returns its exit code. One that fails does not keep the others from
    being run: the pack says what is missing.
    """

    def run_drill(name: str) -> DrillResult:
        began_s = time.monotonic()
        exit_code = drill(name, root, lanes > 1)
        return DrillResult(name, exit_code, time.monotonic() - began_s)

    with ThreadPoolExecutor(lanes) as pool:
        try:
            return tuple(pool.map(run_drill, names))
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def drill_with(variables: Sequence[str], variable_files: Sequence[str] = ()) -> Drill:
    """What runs a drill as a process of its own, with these variables and files of variables."""

    def drill(experiment: str, root: Path, prefixed: bool) -> int:
        program = str(Path(sys.executable).with_name("chaosproof"))
        argv = [program, "drill", experiment, "--journals", str(root)]
        for file in variable_files:
            argv += ["--var-file", file]
        for variable in variables:
            argv += ["--var", variable]
        output = subprocess.PIPE if prefixed else None
        process = subprocess.Popen(
            argv, stdout=output, stderr=subprocess.STDOUT if prefixed else None, text=True
        )
        for line in process.stdout or ():
            click.echo(f"{experiment:4} | {line.rstrip()}")
        return process.wait()

    return drill
