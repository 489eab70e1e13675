"""The verdict over a lab: the checks of load and faults of `chaosproof judge`, and claims, over the lab's own folder.

What a run of an experiment has beyond it (a steady state, a log of events, a manifest that holds the files together) a
lab in a test has not, and no check of it is answered here.
"""

import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from chaosproof.errors import UsageError
from chaosproof.experiment.claims import claims_of
from chaosproof.judge.check import worst
from chaosproof.judge.checks.base import Material
from chaosproof.judge.checks.registry import answers
from chaosproof.judge.claims import judge_claims
from chaosproof.judge.figures.request_stats import fold_requests
from chaosproof.judge.figures.summary import fault_span, figures_of
from chaosproof.judge.nothing_claimed import nothing_claimed
from chaosproof.runfolder.checks import Check, Status
from chaosproof.runfolder.journal import Journal
from chaosproof.runfolder.paths import WARMUP, write_json
from chaosproof.runfolder.readiness import ReadinessRow
from chaosproof.runfolder.requests import REQUESTS
from chaosproof.runfolder.run_folder import read_run
from chaosproof.runfolder.session import InstanceRecord, InstanceState, SessionRecord
from chaosproof.targets.base import Running
from chaosproof.testing.activities import ActivityEntry

__all__ = ["ANSWERED", "LabVerdict", "judge_lab"]

ANSWERED = (
    "SYS_LOAD_ACCOUNTED", "SYS_LOAD_RATE", "SYS_FAULT_HIT", "SYS_FAULT_ENDED", "SYS_FAULT_CANARY", "SYS_INSTANCES",
)  # fmt: skip
"""The built-in checks that a lab answers."""


@dataclass(frozen=True)
class LabVerdict:
    """`status` is the worst of `checks`; `figures` is what claims may name."""

    status: Status
    checks: tuple[Check, ...]
    figures: Mapping[str, Any]

    def __str__(self) -> str:
        lines = [
            f"  {check.status} {check.id}: {check.details}" for check in self.checks if check.status != "pass"
        ]
        return "\n".join([self.status, *lines])


def judge_lab(
    folder: Path,
    running: Running,
    entries: Sequence[ActivityEntry],
    claims: Sequence[Mapping[str, Any]],
    events_file: Path,
    *,
    began_at: float,
    no_fault: bool = False,
) -> LabVerdict:
    """Write what the checks read into `folder`, and answer them; `UsageError` for a claim that is malformed."""
    own = [dict(claim) for claim in claims]
    extension = {"name": "chaosproof", "experiment": "lab", "checks": own, "no_fault": no_fault}
    experiment = {
        "title": "a lab in a test",
        "method": [dict(entry.activity) for entry in entries],
        "extensions": [extension],
    }
    wanted = claims_of(experiment, "checks")
    if mistakes := [claim.mistake for claim in wanted if claim.mistake]:
        raise UsageError(f"{'; '.join(mistakes)}.")
    states = running.target.states()
    record = SessionRecord(
        experiment="lab",
        title="a lab in a test",
        experiment_file=None,
        experiment_sha256=None,
        mode=None,
        target=running.target.kind,
        lab=running.name,
        started_at=began_at,
        ready_at=began_at,
        ended_at=time.time(),
        complete=True,
        variables={},
        seed=None,
        values={},
        values_files=(),
        expected_artifacts=(),
        events=None,
        versions={},
        kernel=None,
        hostname=None,
        commit=None,
        dirty=None,
        instances=tuple(
            InstanceRecord(name=instance.name, service=instance.service, address=instance.address)
            for instance in running.target.instances()
        ),
        states={name: InstanceState(**asdict(state)) for name, state in states.items()},
    )
    write_json(folder / SessionRecord.FILE, record.to_json())
    status = "failed" if any(entry.error for entry in entries) else "completed"
    journal = {"experiment": experiment, "status": status, "deviated": False, "steady_states": {}}
    write_json(
        folder / Journal.FILE, {**journal, "run": [entry.to_json() for entry in entries], "rollbacks": []}
    )
    if events_file.exists() and not (folder / ReadinessRow.FILE).exists():
        shutil.copy(events_file, folder / ReadinessRow.FILE)
    run = read_run(folder)
    fold = fold_requests(folder / REQUESTS, closed=run.load_plan.closed, fault=fault_span(run))
    warmup = fold_requests(folder / WARMUP / REQUESTS, closed=False, fault=None)
    measured = figures_of(run, fold)
    material = Material(run, fold, warmup, measured)
    builtin = tuple(check for check in answers(material) if check.id in ANSWERED)
    figures = measured.as_json()
    checks = (*builtin, *nothing_claimed(run, wanted), *judge_claims(wanted, figures, {}))
    return LabVerdict(worst([check.status for check in checks]), checks, figures)
