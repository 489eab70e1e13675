"""How long the system took to come back after a fault, for those who use it and for the instance that was
hit.

The definitions are those of docs/reference/run-folder.md: recovered is the first moment after which the error ratio of
all requests, over a sliding second of `due_at`, stays within 5 % for 5 s.
"""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from chaosproof.runfolder.readiness import ReadinessRow

__all__ = [
    "ERROR_RATIO_MAX",
    "HOLD_S",
    "WINDOW_S",
    "ErrorsRecovery",
    "errors_recovery",
    "ready_recovery_s",
]

ERROR_RATIO_MAX = 0.05
HOLD_S = 5.0
WINDOW_S = 1.0

_UNREADY = ("not_ready", "started", "exited", "killed")


@dataclass(frozen=True)
class ErrorsRecovery:
    """`recovery_s` from the end of the fault, None when the system was not seen to come back.

    `at_least_s` is what is certain even then: up to here after the fault it had not come back. `observed_s`
    is how long requests were watched after the fault.
    """

    recovery_s: float | None
    at_least_s: float | None
    observed_s: float


def errors_recovery(ended_at: float, due_at: Sequence[float], bad_due_at: Sequence[float]) -> ErrorsRecovery:
    """Fold when requests were due, and when those that failed were, into the recovery after `ended_at`.

    The requests of the second before `ended_at` must be among them. A second without any request is no proof
    of health, so it counts as not within.
    """
    due = sorted(due_at)
    bad = sorted(bad_due_at)
    if not due or due[-1] <= ended_at:
        return ErrorsRecovery(None, None, 0.0)
    last = due[-1]
    total = failed = 0
    good_since: float | None = None
    out_until = ended_at
    moment = ended_at
    for instant, change, bad_change in heapq.merge(
        ((d, 1, 0) for d in due),
        ((d + WINDOW_S, -1, 0) for d in due),
        ((d, 0, 1) for d in bad),
        ((d + WINDOW_S, 0, -1) for d in bad),
        ((last, 0, 0),),
    ):
        if instant > last:
            break
        if instant > moment:
            # the ratio was constant over [moment, instant)
            if total > 0 and failed <= ERROR_RATIO_MAX * total:
                good_since = moment if good_since is None else good_since
                if instant - good_since >= HOLD_S:
                    recovery_s = good_since - ended_at
                    return ErrorsRecovery(recovery_s, recovery_s, last - ended_at)
            else:
                good_since = None
                out_until = instant
            moment = instant
        total += change
        failed += bad_change
    return ErrorsRecovery(None, out_until - ended_at, last - ended_at)


def ready_recovery_s(
    events: Iterable[ReadinessRow], instance: str, began_at: float, ended_at: float
) -> float | None:
    """From the end of the fault until `instance` was ready again, by the target's readiness events.

    0 when it never stopped being ready, None when it did not come back or nothing is known of it. A spell of
    not being ready belongs to the fault when it overlaps the fault or begins within a second of its end.
    """
    unready = False
    recovery_s: float | None = None
    for at, event in sorted((e.at, e.event) for e in events if e.instance == instance and e.at is not None):
        if event == "ready":
            recovery_s = max(0.0, at - ended_at) if unready and at > began_at else recovery_s or 0.0
            unready = False
        elif event in _UNREADY:
            if at > ended_at + WINDOW_S and not unready:
                break
            unready = True
    return None if unready else recovery_s
