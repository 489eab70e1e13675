"""What the log of events says of the session itself: who it was, which instances were ready, when it was saved."""

from collections.abc import Mapping
from typing import Any

from chaosproof.json_access import sequence
from chaosproof.runfolder.readiness import ReadinessRow
from chaosproof.runfolder.run_folder import RunFolder
from chaosproof.runfolder.session import BOUND_KEYS, IDENTITY, identity_sha256

__all__ = ["begun_objects", "ready_objects", "saved_objects"]

_NEEDED = ("experiment", "mode", "started_at", "experiment_sha256")
# a row is written a moment after what it tells of
_CLOCK_SLACK_S = 1.0


def begun_objects(run: RunFolder, begun: Mapping[str, Any]) -> list[str]:
    """What session.json says otherwise than the row `session_begun`. Logs of before 0.3 bind fewer keys."""
    session = run.session.source
    objections = [
        f"its {key} is {begun.get(key)!s:.80}, and that of session.json {session.get(key)!s:.80}"
        for key in BOUND_KEYS
        if (key in begun or key in _NEEDED) and begun.get(key) != session.get(key)
    ]
    if not objections and IDENTITY in begun and begun[IDENTITY] != identity_sha256(session):
        objections.append(
            "the variables, values, versions or machine in session.json are not those that the session began with"
        )
    return objections


def saved_objects(run: RunFolder, saved: Mapping[str, Any]) -> list[str]:
    """Whether session.json names another end than the row `saved`."""
    stated, ended_at = saved.get("ended_at"), run.session.source.get("ended_at")
    if "ended_at" not in saved or stated == ended_at:
        return []
    return [f"its ended_at is {stated}, and that of session.json {ended_at}"]


def ready_objects(run: RunFolder, ready: Mapping[str, Any], at: float) -> list[str]:
    """The instances that were up by the row `target_ready`, and of which readiness.ndjson or session.json knows nothing
    until then.
    """
    named = {name for name in sequence(ready.get("instances")) if isinstance(name, str)}
    objections = []
    if named != run.session.names:
        others = ", ".join(sorted(named ^ run.session.names)[:3])
        objections.append(f"it and session.json have not the same instances: {others}")
    if not run.readiness or run.session.deployed:
        return objections
    seen = {row.instance for row in run.readiness if row.at is not None and row.at <= at + _CLOCK_SLACK_S}
    objections += [
        f"{name} was up by it, and {ReadinessRow.FILE} knows nothing of {name} until then"
        for name in sorted(named - seen)
    ]
    return objections
