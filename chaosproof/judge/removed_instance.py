"""A hit instance that somebody took away in the middle of its fault: what was tried was not tried to its end."""

from chaosproof.json_access import number
from chaosproof.runfolder.run_folder import RunFolder

__all__ = ["REMOVED", "removed_instance"]

REMOVED = "the pod was deleted"
"""How a target begins the detail of an `exited` event when the instance did not end by itself, but was taken away."""


def removed_instance(run: RunFolder) -> str:
    """Which instance died of having been taken away while a fault was on it, in words; empty when none did.

    One that crashed is another matter: that may be what the fault has brought to light.
    """
    for fault in run.faults:
        applied_at, planned_s = number(fault.get("applied_at")), number(fault.get("planned_s"))
        if applied_at is None or planned_s is None:
            continue
        for event in run.readiness:
            if (
                event.instance == fault.get("instance")
                and event.event == "exited"
                and event.detail.startswith(REMOVED)
                and event.at is not None
                and applied_at <= event.at <= applied_at + planned_s
            ):
                into_s = event.at - applied_at
                return (
                    f"the instance {fault['instance']} died {into_s:.1f} s into its fault: it was taken away"
                )
    return ""
