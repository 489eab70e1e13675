"""What the toolkit's journal says of activities: whether all of them ran and succeeded, and why one did not.

The toolkit calls an activity succeeded that did not raise. Here it counts by what it did: a process by its exit status,
an HTTP request by that of its response, and any of them by its own tolerance where it has one.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from chaosproof.json_access import at, text, whole
from chaosproof.judge.check import unknown
from chaosproof.judge.findings import Findings
from chaosproof.judge.tolerance import within
from chaosproof.judge.wording import counted, short
from chaosproof.runfolder.checks import Check
from chaosproof.runfolder.journal import ActivityRun, Journal
from chaosproof.runfolder.run_folder import RunFolder

__all__ = ["Effect", "all_succeeded", "effect_of", "last_line_of", "name_of"]

_HTTP_ERROR = 400
_STATE_IT = "if that is right, its own `tolerance` has to name it"


@dataclass(frozen=True, slots=True)
class Effect:
    """What came of an activity that did not raise: what was `wrong` with it, as a predicate, or what is `unknown`."""

    wrong: str = ""
    unknown: Literal["", "status", "tolerance"] = ""


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
        elif dry := entry.activity.get("dry") or run.experiment.get("dry"):
            findings.unclear.append(f"{noun} {name_of(entry)!r} ran dry ({dry}): it did nothing")
        else:
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


def effect_of(entry: ActivityRun, variables: Mapping[str, Any]) -> Effect:
    """What the activity did, by what it returned; the toolkit asked no more than whether it raised."""
    tolerance = entry.activity.get("tolerance", entry.activity.get("expected"))
    if tolerance is not None or entry.tolerance_met is False:
        met = entry.tolerance_met is not False and within(tolerance, entry.output, variables)
        if met is False:
            bounds = "" if tolerance is None else f" {short(tolerance)}"
            return Effect(wrong=f"was outside of its tolerance{bounds}: it returned {short(entry.output)}")
        if met is None:
            return Effect(unknown="tolerance")
        return Effect()
    status = whole(at(entry.output, "status"))
    match entry.provider.get("type"):
        case "process" | "http" if status is None:
            return Effect(unknown="status")
        case "process" if status:
            last = next(reversed(text(at(entry.output, "stderr")).strip().splitlines()), "it wrote no error")
            return Effect(wrong=f"ended with status {status} ({short(last)}): {_STATE_IT}")
        case "http" if status and status >= _HTTP_ERROR:
            return Effect(wrong=f"was answered with HTTP status {status}: {_STATE_IT}")
    return Effect()


def _compare_names(
    planned: Sequence[Mapping[str, Any]], done: Sequence[ActivityRun], noun: str, findings: Findings
) -> None:
    """Two activities of one name are two: each name ran as often as it is planned."""
    names = Counter(text(activity.get("name")) or text(activity.get("ref")) for activity in planned)
    ran = Counter(entry.name for entry in done)
    for name in sorted({*names, *ran}):
        if names[name] != ran[name]:
            findings.wrong.append(f"{noun} {name!r} is planned {names[name]} times and ran {ran[name]} times")


def name_of(entry: ActivityRun) -> str:
    """Its name, for a sentence."""
    return entry.name or "(no name)"


def last_line_of(entry: ActivityRun) -> str:
    """The last line of the exception that the toolkit kept: the sentence of it."""
    last = next((line.strip() for line in reversed(entry.exception) if line.strip()), "it does not say why")
    return short(last.splitlines()[-1].removeprefix("chaoslib.exceptions.ActivityFailed: "))
