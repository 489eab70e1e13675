"""`chaosproof all`, which is `./run all`: every drill, then the pack, its gate, its readiness and one page over all.

Try it: ./run all --only s4,r1
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import click

from chaosproof.errors import UsageError

__all__ = ["ALL", "DrillResult", "all_drills", "lanes_for", "run_drills"]

ALL = ("s1", "s2", "s3", "s4", "r1", "r2", "r3", "r4", "r5", "r6")

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


@click.command("all")
@click.option("--only", metavar="S4,R1,...", help="These experiments, instead of all of them.")
@click.option("--target", help="Where to run: local (default) or kubernetes.")
@click.option(
    "--var", "variables", multiple=True, metavar="NAME=VALUE", help="Override a variable in every experiment."
)
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    help="Folder for the runs and the pack; must not exist. Default: journals/all/STAMP.",
)
@click.option("--profile", default=None, help="The gate's profile. Default: all, or that of the only one.")
@click.pass_context
def all_drills(
    ctx: click.Context,
    /,
    only: str | None,
    target: str | None,
    variables: Sequence[str],
    out: Path | None,
    profile: str | None,
) -> None:
    """Run every drill (s1 to s4 and r1 to r6), and put what they prove into one evidence pack.

    OUT/EXPERIMENT/MODE/STAMP are the run folders, OUT/pack is the pack; its report.html is the page over all of them.

    Exit codes: those of the gate over the pack: 0 only when every required check passed, 1 when one failed or is
    missing, 2 when one is not known, 64 for a wrong call.
    """
    # Imported late: the first lab should start at once.
    from chaosproof.campaign.conclude import pack_and_gate
    from chaosproof.cli.verdicts import EXIT_CODES
    from chaosproof.report.formats.pack_terminal import print_gate

    names = chosen(only)
    root = out or Path("journals") / "all" / time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    if root.exists():
        raise UsageError(f"{root} is there already; name a folder that is not, so that no older run gets in.")
    root.mkdir(parents=True)
    shared = [*variables, *([f"target={target}"] if target else [])]
    cores = len(os.sched_getaffinity(0))
    lanes = lanes_for(cores)
    click.echo(lanes_said(lanes, cores), err=True)
    drilled = run_drills(names, root, lanes, _drill_with(shared))
    for one in drilled:
        click.echo(f"{one.experiment:4} exit {one.exit_code}  {one.duration_s:6.1f} s", err=True)
    verdict = pack_and_gate(
        root,
        root / "pack",
        profile=profile or profile_of(names),
        now=time.time(),
        say=lambda words: click.echo(f"... {words}", err=True),
    )
    print_gate(verdict)
    click.echo(f"{root / 'pack' / 'report.html'}")
    ctx.exit(EXIT_CODES[verdict.status])


def chosen(only: str | None) -> tuple[str, ...]:
    """The experiments to run, in the order of `ALL`; `UsageError` for one that is not known."""
    if only is None:
        return ALL
    asked = {name.strip().lower() for name in only.split(",") if name.strip()}
    if unknown := sorted(asked - set(ALL)):
        raise UsageError(f"--only knows {', '.join(ALL)}, not {', '.join(unknown)}.")
    if not asked:
        raise UsageError("--only names no experiment; such as --only s4,r1.")
    return tuple(name for name in ALL if name in asked)


def profile_of(names: Sequence[str]) -> str:
    """The gate's profile for these experiments: whatever was not run counts as missing in `all`."""
    return names[0] if len(names) == 1 else "all"


def lanes_for(cores: int) -> int:
    """How many labs run side by side on so many cores without taking them from each other."""
    return max(1, min(_LANES_MAX, cores // _CORES_PER_LAB))


def lanes_said(lanes: int, cores: int) -> str:
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

    def one(name: str) -> DrillResult:
        began_s = time.monotonic()
        exit_code = drill(name, root, lanes > 1)
        return DrillResult(name, exit_code, time.monotonic() - began_s)

    with ThreadPoolExecutor(lanes) as pool:
        try:
            return tuple(pool.map(one, names))
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _drill_with(variables: Sequence[str]) -> Drill:
    def drill(experiment: str, root: Path, prefixed: bool) -> int:
        argv = [
            str(Path(sys.executable).with_name("chaosproof")),
            "drill",
            experiment,
            "--journals",
            str(root),
        ]
        for variable in variables:
            argv += ["--var", variable]
        output = subprocess.PIPE if prefixed else None
        process = subprocess.Popen(
            argv, stdout=output, stderr=subprocess.STDOUT if prefixed else None, text=True
        )
        teller = _prefix(process.stdout, experiment) if process.stdout else None
        exit_code = process.wait()
        if teller:
            teller.join()
        return exit_code

    return drill


def _prefix(lines: IO[str], experiment: str) -> threading.Thread:
    def tell() -> None:
        for line in lines:
            click.echo(f"{experiment:4} | {line.rstrip()}")

    teller = threading.Thread(target=tell, name=f"output of {experiment}", daemon=True)
    teller.start()
    return teller
