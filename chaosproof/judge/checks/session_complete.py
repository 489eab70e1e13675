"""SYS_SESSION_COMPLETE: the session wrote its own end, and all of it is of one experiment and one clock."""

from itertools import pairwise

from chaosproof.json_access import instant
from chaosproof.judge.check import unknown
from chaosproof.judge.checks.base import BuiltinCheck, Material
from chaosproof.judge.findings import Findings
from chaosproof.runfolder.checks import Check
from chaosproof.runfolder.journal import Journal
from chaosproof.runfolder.load import LoadProgress
from chaosproof.runfolder.provenance import experiment_sha256
from chaosproof.runfolder.readiness import ReadinessRow
from chaosproof.runfolder.run_folder import RunFolder
from chaosproof.wording import short

# a clock that is set right moves by less
_CLOCK_SLACK_S = 1.0


def _answer(material: Material) -> Check:
    """The session wrote its own end, the toolkit came to one, and both tell of one experiment and one clock."""
    run, id, evidence = material.run, CHECK.id, "session.json#complete"
    if why := run.unfinished:
        return unknown(id, why, "journal.json#status" if "journal" in why else evidence)
    findings = Findings(id, evidence)
    started_at, ended_at = run.session.started_at, run.session.ended_at
    if started_at is None or ended_at is None:
        findings.unclear.append("session.json does not say when the session started and ended")
    elif ended_at < started_at:
        findings.wrong.append(f"the session ended {started_at - ended_at:.1f} s before it started")
    began_with = run.session.experiment_sha256
    if began_with and run.experiment and experiment_sha256(run.experiment) != began_with:
        findings.wrong.append("the experiment in journal.json is not the one that the session began with")
    if not_saved := run.session.not_saved:
        findings.unclear.append(f"not everything could be saved: {short(not_saved)}")
    if clock := _clock_moved(run):
        findings.wrong.append(clock)
    for key, value in (("experiment", run.session.experiment), ("mode", run.session.mode)):
        if not value:
            findings.unclear.append(f"session.json names no {key}")
    return findings.check("the session ended by itself")


def _clock_moved(run: RunFolder) -> str:
    """Whether rows that were written one after the other go back in time, or the session's clock went another way than
    time did; such instants prove no order, and no duration.
    """
    moved_s = run.session.clock_moved_s or 0.0
    if abs(moved_s) > _CLOCK_SLACK_S:
        return (
            f"the clock was set {'forward' if moved_s > 0 else 'back'} by {abs(moved_s):.1f} s during the run, or the "
            "machine slept: run again once its clock is in step (timedatectl) and while it stays awake"
        )
    recorded = {
        Journal.FILE: [instant(entry.start) for entry in run.journal.run],
        ReadinessRow.FILE: [event.at for event in run.readiness],
        LoadProgress.FILE: [row.at for row in run.progress],
    }
    for file, instants in recorded.items():
        known = [instant for instant in instants if instant is not None]
        back_s = max((before - after for before, after in pairwise(known)), default=0.0)
        if back_s > _CLOCK_SLACK_S:
            return f"the clock was moved back by {back_s:.1f} s during the run, by {file}"
    return ""


CHECK = BuiltinCheck(
    id="SYS_SESSION_COMPLETE",
    position=10,
    title="Did the session come to its own end, with one experiment and one clock?",
    next_step="let it run to its end: {again}",
    answer=_answer,
)
