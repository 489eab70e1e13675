"""What the toolkit's journal says of activities: whether all of them ran and succeeded, and why one did not."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from chaosproof.json_access import text
from chaosproof.judge.check import unknown
from chaosproof.judge.findings import Findings
from chaosproof.review.facts.effect import Effect, effect_of, last_line_of, name_of
from chaosproof.runfolder.checks import Check
from chaosproof.runfolder.journal import ActivityRun, Journal
from chaosproof.runfolder.run_folder import RunFolder
from chaosproof.wording import counted

__all__ = ["all_succeeded"]


def all_succeeded(
    run: RunFolder,
    id: str,
    evidence: str,
    noun: str,
    planned: Sequence[Mapping[str, Any]],
    done: Sequence[ActivityRun],
    may_miss: Collection[int] = (),
) -> Check:
    """The check that each of the `planned` activities ran, once, and succeeded; `noun` is what they are called.

    Those in the places `may_miss` of `done` need not be within their tolerance.
    """
    if Journal.FILE in run.problems:
        return unknown(id, run.missing(Journal.FILE), evidence)
    if not planned and not done:
        return unknown(id, f"the experiment has no {noun}", evidence)
    findings = Findings(id, evidence)
    for place, entry in enumerate(done):
        if entry.status == "failed":
            findings.wrong.append(f"{noun} {name_of(entry)!r} failed: {last_line_of(entry)}")
        elif entry.status != "succeeded":
            findings.wrong.append(f"{noun} {name_of(entry)!r} did not end")
        elif dry := entry.activity.get("dry") or run.experiment.get("dry"):
            findings.unclear.append(f"{noun} {name_of(entry)!r} ran dry ({dry}): it did nothing")
        elif place not in may_miss:
            _add_effect(effect_of(entry, run.variables), f"{noun} {name_of(entry)!r}", findings)
    if len(done) != len(planned):
        findings.unclear.append(f"{len(done)} of {counted(len(planned), noun)} ran")
    else:
        _compare_names(planned, done, noun, findings)
    return findings.check(f"{counted(len(done), noun)} ran and succeeded")


def _add_effect(effect: Effect, label: str, findings: Findings) -> None:
    if effect.wrong:
        findings.wrong.append(f"{label} {effect.wrong}")
    elif effect.unknown == "status":
        findings.unclear.append(f"with which status {label} ended is not known")
    elif effect.unknown == "tolerance":
        findings.unclear.append(
            f"whether {label} was within its tolerance cannot be known afterwards: "
            "outside of the hypothesis write it as a value, a range, a regex or a jsonpath"
        )


def _compare_names(
    planned: Sequence[Mapping[str, Any]], done: Sequence[ActivityRun], noun: str, findings: Findings
) -> None:
    """Two activities of one name are two: each name ran as often as it is planned."""
    names = Counter(text(activity.get("name")) or text(activity.get("ref")) for activity in planned)
    ran = Counter(entry.name for entry in done)
    for name in sorted({*names, *ran}):
        if names[name] != ran[name]:
            findings.wrong.append(f"{noun} {name!r} is planned {names[name]} times and ran {ran[name]} times")
