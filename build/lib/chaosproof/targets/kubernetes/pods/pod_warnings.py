"""What the cluster itself says of an object that does not get on: its newest warning."""

from contextlib import suppress

from chaosproof.errors import ChaosproofError
from chaosproof.targets.kubernetes.client.api import Cluster

__all__ = ["last_warning"]


def last_warning(cluster: Cluster, name: str) -> str:
    """The newest warning about the object of that name, in brackets: ` (event FailedCreate: exceeded quota ...)`.

    Empty where there is none, or where events may not be read.
    """
    events = []
    with suppress(ChaosproofError):
        selector = f"involvedObject.name={name},type=Warning"
        events = cluster.get(cluster.path("events"), fieldSelector=selector)["items"]
    if not events:
        return ""
    newest = max(events, key=lambda event: str(event.get("lastTimestamp") or event.get("eventTime") or ""))
    return f" (event {newest.get('reason', '')}: {str(newest.get('message', '')).strip()})"
