"""Whether a fault is on now, by its row: what is measured beside a fault says nothing about it."""

import time

from chaosproof.errors import ChaosproofError
from chaosproof.runfolder.faults import FaultRecord, read_faults
from chaosproof.runner.session import Session

__all__ = ["must_be_on"]


def must_be_on(session: Session, kind: str, when: str) -> None:
    """Raise `ChaosproofError` unless a fault of that kind is on; nothing need be where `kind` is empty.

    `when` says `before` or `after` the measurement that is asked for.
    """
    if not kind:
        return
    now = time.time()
    for fault in read_faults(session.folder / FaultRecord.FILE):
        if fault.kind == kind and not fault.ended and now < (fault.expires_at or 0):
            return
    raise ChaosproofError(
        f"No {kind} is on {when} this measurement, so it says nothing about one: apply it first, or for longer."
    )
