"""From a name to a `Target`: the only place that knows which kinds there are."""

from chaosproof.errors import UsageError
from chaosproof.targets.base import Target
from chaosproof.targets.local.target import LocalTarget

__all__ = ["KINDS", "open_target"]

KINDS = ("local", "kubernetes")


def open_target(kind: str, name: str) -> Target:
    """The target `name`: a lab's name for `local`, a namespace for `kubernetes`; an unknown kind is a `UsageError`."""
    if kind == "local":
        return LocalTarget(name)
    if kind == "kubernetes":
        # Imported late: the client of a cluster takes its time, and a lab needs none.
        from chaosproof.targets.kubernetes.client.api import connect
        from chaosproof.targets.kubernetes.pods.services import find_services
        from chaosproof.targets.kubernetes.target import KubernetesTarget

        cluster = connect(name)
        return KubernetesTarget(cluster, find_services(cluster, []))
    raise UsageError(f"Unknown target {kind!r}; known targets: {', '.join(KINDS)}.")
