"""SYS_ACTIVITIES: every activity of the method ran, once, and succeeded."""

from chaosproof.judge.capability import missing_capability
from chaosproof.judge.check import skipped
from chaosproof.judge.checks.base import BuiltinCheck, Material
from chaosproof.judge.succeeded import all_succeeded
from chaosproof.runfolder.checks import Check


def _answer(material: Material) -> Check:
    """Every activity of the method was run, once, and succeeded."""
    run, id, evidence = material.run, CHECK.id, "journal.json#run"
    if lacking := missing_capability(run):
        return skipped(id, f"this machine cannot do it: {lacking}", evidence)
    return all_succeeded(run, id, evidence, "activity", run.journal.planned("method"), run.journal.run)


CHECK = BuiltinCheck(
    id="SYS_ACTIVITIES",
    position=40,
    title="Did every activity of the method run, once, and succeed?",
    next_step="mend in {file} what is named here (journal.json#run has its output), then: {again}",
    answer=_answer,
)
