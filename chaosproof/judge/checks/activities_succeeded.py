"""SYS_ACTIVITIES: every activity of the method ran, once, and succeeded."""

from chaosproof.json_access import instant
from chaosproof.judge.capability import missing_capability
from chaosproof.judge.check import skipped
from chaosproof.judge.checks.base import BuiltinCheck, Material
from chaosproof.judge.succeeded import all_succeeded
from chaosproof.review.facts.looks_before import Ran, looks_before
from chaosproof.runfolder.checks import Check
from chaosproof.runfolder.journal import ActivityRun


def _answer(material: Material) -> Check:
    """Every activity of the method was run, once, and succeeded; a probe that shows an action's effect is to be
    outside of its tolerance before that.
    """
    run, id, evidence = material.run, CHECK.id, "journal.json#run"
    if lacking := missing_capability(run):
        return skipped(id, f"this machine cannot do it: {lacking}", evidence)
    done = run.journal.run
    looks = looks_before(run.experiment, [_ran(entry) for entry in done])
    return all_succeeded(run, id, evidence, "activity", run.journal.planned("method"), done, looks)


def _ran(entry: ActivityRun) -> Ran:
    return Ran(entry.name, entry.activity.get("type") == "action", instant(entry.start), instant(entry.end))


CHECK = BuiltinCheck(
    id="SYS_ACTIVITIES",
    position=40,
    title="Did every activity of the method run, once, and succeed?",
    next_step="mend in {file} what is named here (journal.json#run has its output), then: {again}",
    answer=_answer,
)
