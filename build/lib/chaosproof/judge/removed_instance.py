"""A hit instance that somebody took away in the middle of its fault: what was tried was not tried to its end."""

from chaosproof.runfolder.run_folder import RunFolder

__all__ = ["REMOVED", "removed_instance"]

REMOVED = "the pod was deleted"
"""How a target begins the detail of an `exited` event when the instance did not end by itself, but was taken away."""


def removed_instance(run: RunFolder) -> str:
    """Which instance died of having been taken away while a fault was on it, in words; empty when none did.

    One that crashed is another matter: that may be what the fault has brought to light.
    """
    for fault in run.fault_records:
        if fault.applied_at is None or fault.planned_s is None:
            continue
        for event in run.readiness:
            if (
                event.instance == fault.instance
                and event.event == "exited"
                and event.detail.startswith(REMOVED)
                and event.at is not None
                and fault.applied_at <= event.at <= fault.applied_at + fault.planned_s
            ):
                into_s = event.at - fault.applied_at
                return f"the instance {fault.instance} died {into_s:.1f} s into its fault: it was taken away"
    return ""
