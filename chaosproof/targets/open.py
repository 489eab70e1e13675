"""From a name to a `Target`: the only place that knows which kinds there are."""

from chaosproof.errors import UsageError
from chaosproof.targets.local.local import LocalTarget
from chaosproof.targets.target import Target

__all__ = ["KINDS", "open_target"]

KINDS = ("local", "kubernetes")


def open_target(kind: str, name: str) -> Target:
    """The target `name`: a lab's name for `local`, a namespace for `kubernetes`; an unknown kind is a `UsageError`."""
    if kind == "local":
        return LocalTarget(name)
    if kind == "kubernetes":
        # Imported late: the client of a cluster takes its time, and a lab needs none.
        from chaosproof.targets.kubernetes.api import connect
        from chaosproof.targets.kubernetes.kubernetes import KubernetesTarget
        from chaosproof.targets.kubernetes.services import find_services

        cluster = connect(name)
        return KubernetesTarget(cluster, find_services(cluster, []))
    raise UsageError(f"Unknown target {kind!r}; known targets: {', '.join(KINDS)}.")
