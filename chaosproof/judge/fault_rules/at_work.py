"""Which activities of the method ran while a fault was on."""

from chaosproof.json_access import instant
from chaosproof.runfolder.faults import FaultRecord
from chaosproof.runfolder.journal import ActivityRun

__all__ = ["at_work"]


def at_work(entry: ActivityRun, fault: FaultRecord) -> bool:
    """Whether the activity ran at a moment at which the fault was on; one whose times are not known did.

    What has no planned end, as a kill, is on from its moment.
    """
    began_at, ended_at = instant(entry.start), instant(entry.end)
    if began_at is None or ended_at is None or fault.applied_at is None:
        return True
    over_at = fault.ended_at if fault.planned_s is not None else None
    return ended_at >= fault.applied_at and (over_at is None or began_at <= over_at)
