"""What the toolkit's journal says of activities: whether all of them ran and succeeded, and why one did not."""

from collections.abc import Mapping, Sequence
from typing import Any

from chaosproof.judge.check import unknown
from chaosproof.judge.findings import Findings
from chaosproof.judge.wording import counted, short
from chaosproof.runfolder.checks import Check
from chaosproof.runfolder.journal import ActivityRun, Journal
from chaosproof.runfolder.run_folder import RunFolder

__all__ = ["all_succeeded", "last_line_of", "name_of"]


def all_succeeded(
    run: RunFolder,
    id: str,
    evidence: str,
    noun: str,
    planned: Sequence[Mapping[str, Any]],
    done: Sequence[ActivityRun],
) -> Check:
    """The check that each of the `planned` activities ran, once, and succeeded; `noun` is what they are called."""
    if Journal.FILE in run.problems:
        return unknown(id, run.missing(Journal.FILE), evidence)
    if not planned and not done:
        return unknown(id, f"the experiment has no {noun}", evidence)
    findings = Findings(id, evidence)
    for entry in done:
        if entry.status == "failed":
            findings.wrong.append(f"{noun} {name_of(entry)!r} failed: {last_line_of(entry)}")
        elif entry.status != "succeeded":
            findings.wrong.append(f"{noun} {name_of(entry)!r} did not end")
        elif entry.tolerance_met is False:
            findings.wrong.append(f"{noun} {name_of(entry)!r} was outside of its tolerance")
        if dry := entry.activity.get("dry") or run.experiment.get("dry"):
            findings.unclear.append(f"{noun} {name_of(entry)!r} ran dry ({dry}): it did nothing")
    if len(done) != len(planned):
        findings.unclear.append(f"{len(done)} of {counted(len(planned), noun)} ran")
    return findings.check(f"{counted(len(done), noun)} ran and succeeded")


def name_of(entry: ActivityRun) -> str:
    """Its name, for a sentence."""
    return entry.name or "(no name)"


def last_line_of(entry: ActivityRun) -> str:
    """The last line of the exception that the toolkit kept: the sentence of it."""
    last = next((line.strip() for line in reversed(entry.exception) if line.strip()), "it does not say why")
    return short(last.splitlines()[-1].removeprefix("chaoslib.exceptions.ActivityFailed: "))
