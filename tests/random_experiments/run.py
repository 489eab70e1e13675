"""One written experiment through the real Chaos Toolkit and the product's own control, in a made-up world."""

import contextlib
import io
import json
import logging
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

import chaostoolkit.commands.run as toolkit  # type: ignore[import-untyped]
from chaoslib.control import reset_global_controls

import chaosproof.runner.lifecycle as lifecycle
import chaosproof.toolkit.control as control
import chaosproof.toolkit.verdict as verdict_module
from chaosproof.judge.judge import Verdict, judge_run
from tests.random_experiments.clock import Clock
from tests.random_experiments.faults import MadeUpEngine, MadeUpProcesses
from tests.random_experiments.world import Nature, World

__all__ = ["Ending", "run_written"]


@dataclass
class Ending:
    """What became of an experiment: how `chaos run` ended, what it logged, and what was judged, if anything was."""

    exit_code: int
    logged: list[str]
    journal: dict[str, Any] | None
    verdict: Verdict | None
    world: World

    @property
    def status(self) -> str:
        """`refused` before anything was started, or the verdict; `no session` where nobody judged."""
        if self.verdict is not None:
            return self.verdict.status
        return "refused" if self.exit_code else "no session"


class _Launcher:
    def __init__(self, world: World) -> None:
        self.launch = world.launch


class _NoProgress:
    def __init__(self, *_: object) -> None:
        """Nobody looks."""

    def start(self) -> None:
        """Nothing to show."""

    stop = start


class _NoWatch:
    """Nobody else puts anything into the networks of a made-up system."""

    def __init__(self, *_: object) -> None:
        """There is nothing to look at."""

    def look_at_all(self, when: str) -> None:
        """There is nothing of others."""


class _Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def run_written(file: Path, folder: Path, nature: Nature, seed: int, options: tuple[str, ...] = ()) -> Ending:
    """`chaos run` of `file`, with every file it writes in `folder`."""
    clock = Clock()
    world = World(clock, nature, Random(seed))
    verdicts: list[Verdict] = []
    arguments = ["--journal-path", str(folder / "toolkit.json"), *options, str(file)]
    with _in(world, clock, verdicts, ["run", *arguments]), _kept_log() as logged:
        try:
            ended = toolkit.run.main(
                arguments, obj={"settings_path": str(folder / "none.yaml")}, standalone_mode=False
            )
            exit_code = 0 if isinstance(ended, dict) else int(ended or 0)
        except Exception as error:  # Chaos Toolkit itself died, with a traceback and exit code 1
            logged.append(f"died: {error!r}")
            exit_code = 1
    journal = _journal(folder / "toolkit.json")
    return Ending(exit_code, logged, journal, verdicts[-1] if verdicts else None, world)


def _journal(file: Path) -> dict[str, Any] | None:
    """What Chaos Toolkit wrote when the experiment had ended; nothing where it was refused or died."""
    if not file.exists():
        return None
    journal: dict[str, Any] = json.loads(file.read_text())
    return journal


@contextlib.contextmanager
def _in(world: World, clock: Clock, verdicts: list[Verdict], arguments: list[str]) -> Iterator[None]:

    def judged(folder: Path) -> Verdict:
        verdicts.append(judge_run(folder))
        return verdicts[-1]

    hook = sys.excepthook
    with (
        clock.in_place_of_the_real_one(),
        patch.object(sys, "argv", ["chaos", *arguments]),
        patch.object(lifecycle, "launcher_of", lambda name: _Launcher(world)),
        patch.object(lifecycle, "FaultEngine", MadeUpEngine),
        patch.object(lifecycle, "ProcessFaults", MadeUpProcesses),
        patch.object(lifecycle, "ForeignWatch", _NoWatch),
        patch.object(lifecycle, "git_commit", lambda folder: ("c" * 40, False)),
        patch.object(lifecycle, "versions", lambda path: {"chaosproof": "0"}),
        patch.object(control, "Progress", _NoProgress),
        patch.object(verdict_module, "judge_run", judged),
        # pages and tables follow from the verdict, and are slow to make
        patch.object(verdict_module, "write_verdict", lambda folder, verdict: None),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        try:
            yield
        finally:
            sys.excepthook = hook
            reset_global_controls()


@contextlib.contextmanager
def _kept_log() -> Iterator[list[str]]:
    logger, kept = logging.getLogger("chaostoolkit"), _Kept()
    logger.addHandler(kept)
    propagates, logger.propagate = logger.propagate, False
    try:
        yield kept.lines
    finally:
        logger.removeHandler(kept)
        logger.propagate = propagates
