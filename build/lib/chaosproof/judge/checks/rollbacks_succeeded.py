"""SYS_ROLLBACKS: every rollback of the experiment ran, once, and succeeded."""

from chaosproof.judge.check import passed
from chaosproof.judge.checks.base import BuiltinCheck, Material
from chaosproof.judge.succeeded import all_succeeded
from chaosproof.runfolder.checks import Check


def _answer(material: Material) -> Check:
    """Every rollback of the experiment was run, once, and succeeded."""
    run = material.run
    planned, done = run.journal.planned("rollbacks"), run.journal.rollbacks
    id, evidence = CHECK.id, "journal.json#rollbacks"
    if not planned and not done and "journal.json" not in run.problems and run.experiment:
        return passed(id, "the experiment declares no rollbacks", evidence)
    return all_succeeded(run, id, evidence, "rollback", planned, done)


CHECK = BuiltinCheck(
    id="SYS_ROLLBACKS",
    position=100,
    title="Did every rollback run, once, and succeed?",
    next_step="mend the rollback in {file}, see that nothing is left (chaosproof halt), then: {again}",
    answer=_answer,
)
