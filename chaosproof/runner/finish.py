"""The end of a run: everything saved, and the target taken down.

Each step is tried whatever became of the others; what could not be saved is missing from the folder, and the
checks say so.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from chaosproof.errors import ChaosproofError
from chaosproof.experiment.experiment import read_experiment
from chaosproof.experiment.redaction import redact
from chaosproof.load.output.fortio import save_fortio_result
from chaosproof.runfolder.events import EVENTS, record_event
from chaosproof.runfolder.journal import Journal
from chaosproof.runfolder.load import LoadDone, LoadPlan
from chaosproof.runfolder.manifest import raw_hashes
from chaosproof.runfolder.paths import ARTIFACTS, WARMUP, write_json, write_whole
from chaosproof.runfolder.run_folder import read_run
from chaosproof.runfolder.series import Series
from chaosproof.runfolder.session import InstanceState, SessionRecord
from chaosproof.runner.load.job import stop_load
from chaosproof.runner.prometheus import range_series
from chaosproof.runner.session import Session, clock_lead_s
from chaosproof.targets.instance_events import DOWN, LAB

__all__ = ["Saved", "save_and_take_down"]


@dataclass
class Saved:
    """What could not be saved, in sentences; empty when all went well."""

    problems: list[str] = field(default_factory=list)

    def attempt(self, what: str, step: Callable[[], None]) -> None:
        """Do `step`; a failure is remembered, not raised, so that the next step is still tried."""
        try:
            step()
        except ChaosproofError as error:
            self.problems.append(f"{what}: {error}")
        except (OSError, ValueError, KeyError) as error:
            self.problems.append(f"{what}: {error!r}")


def save_and_take_down(
    session: Session, journal: Mapping[str, Any], prometheus: str | None, interrupted: str | None
) -> Saved:
    """Save load, artifacts, series, states and journal into the run folder, then take the target down.

    `prometheus` is where it is asked for the series, `interrupted` the sentence that ended the run early; a run whose
    target is gone by then has ended early, too.
    """
    saved = Saved()
    folder, record = session.folder, session.record
    assert record is not None and record.started_at is not None  # it has begun
    began_at = record.started_at
    watched = read_experiment(journal["experiment"]).series
    states: dict[str, InstanceState] = {}
    lost: list[str] = []

    def keep_states() -> None:
        states.update(
            {name: InstanceState(**asdict(state)) for name, state in session.target.states().items()}
        )

    try:
        saved.attempt("stopping the load", lambda: _stop_loads(session))
        saved.attempt("states of the instances", keep_states)
        if session.foreign:
            watch = session.foreign
            saved.attempt("what others left", lambda: watch.look_at_all("at the end of the run"))
        saved.attempt("artifacts", lambda: _save_artifacts(session, record.expected_artifacts, saved))
        if prometheus and watched:
            saved.attempt(
                "series of Prometheus",
                lambda: write_json(
                    folder / Series.FILE, range_series(prometheus, watched, began_at, time.time())
                ),
            )
        if record.deployed:
            saved.attempt("taking back what faults need", lambda: _release(session))
    finally:
        saved.attempt("whether the target is still up", lambda: lost.extend(_lost_target(session)))
        saved.attempt("taking the target down", session.take_down)
    interrupted = interrupted or next(iter(lost), None)
    saved.attempt("load.json", lambda: _save_load(folder))
    saved.attempt("journal", lambda: write_json(folder / Journal.FILE, journal))
    problems = "; ".join(saved.problems) or None
    ended = replace(
        record,
        ended_at=time.time(),
        complete=interrupted is None,
        interrupted=interrupted,
        clock_moved_s=round(clock_lead_s() - session.clock_lead_s, 6),
        states=states,
        not_saved=problems,
    )
    saved.attempt("session", lambda: write_json(folder / SessionRecord.FILE, ended.to_json()))
    saved.attempt(
        "events",
        lambda: record_event(
            folder,
            "saved",
            {
                "interrupted": interrupted,
                "ended_at": ended.ended_at,
                "sha256": raw_hashes(folder, without=EVENTS),
            },
        ),
    )
    return saved


def _release(session: Session) -> None:
    """A system that goes on gets back its networks as they were."""
    for instance in session.target.instances():
        session.faults.release(instance.name)


def _lost_target(session: Session) -> Iterator[str]:
    """The sentence of a run whose target somebody has ended, with who did as far as that is recorded."""
    if session.is_up():
        return
    rows = read_run(session.folder).readiness
    by = next((row.detail for row in rows if (row.instance, row.event) == (LAB, DOWN) and row.detail), "")
    how = f"was ended by {by}" if by else "was killed"
    yield f"the lab {session.lab} of this run {how} while the run was on"


def _stop_loads(session: Session) -> None:
    for folder in (session.folder / WARMUP, session.folder):
        if (folder / LoadPlan.FILE).exists() and not (folder / LoadDone.FILE).exists():
            stop_load(session.target, folder)


def _save_artifacts(session: Session, expected: Sequence[str], saved: Saved) -> None:
    """What every instance says of itself: `<instance>.prom` or `.metrics`, and `<instance>.log`, as
    expected.
    """
    folder = session.folder / ARTIFACTS
    folder.mkdir(exist_ok=True)
    target = session.target
    readers = {"prom": target.metrics, "metrics": target.metrics, "log": target.logs}

    def save(name: str) -> None:
        instance, _, kind = name.rpartition(".")
        if read := readers.get(kind):
            write_whole(folder / name, redact(read(instance), session.secrets))

    for name in expected:
        saved.attempt(name, partial(save, name))


def _save_load(folder: Path) -> None:
    if (folder / LoadDone.FILE).exists():
        save_fortio_result(folder, folder / ARTIFACTS / "load.json")
