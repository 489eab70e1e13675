"""Whether the network of a service's pods can be changed, and what stands in the way: the lines that `init` prints."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chaosproof.targets.kubernetes.client.api import Cluster
from chaosproof.targets.kubernetes.pods.containers import NETADMIN_CONTAINER
from chaosproof.targets.kubernetes.pods.netadmin import CHAOS_IMAGE, allow_netadmin
from chaosproof.targets.kubernetes.pods.pods import Pod

__all__ = ["pod_needs"]

_ENFORCE = "pod-security.kubernetes.io/enforce"


def pod_needs(cluster: Cluster, namespace: Mapping[str, Any] | None, pods: Sequence[Pod]) -> Iterator[str]:
    """One line for each thing that a fault on one of `pods` needs; `namespace` is None where it may not be read."""
    yield from _netadmin(cluster, pods)
    yield from _pod_security(cluster, namespace)
    if len(pods) == 1:
        yield 'alone      there is one pod: to hit the only one, the experiment says "allow_all": true'


def _netadmin(cluster: Cluster, pods: Sequence[Pod]) -> Iterator[str]:
    bare = [pod.name for pod in pods if pod.netadmin is None]
    if not bare:
        yield f"ok         every pod has the sidecar {NETADMIN_CONTAINER}"
        return
    version = cluster.get("/version")
    minor = "".join(letter for letter in str(version.get("minor", "")) if letter.isdigit())
    if int(minor or 0) >= 25:
        yield (
            f"ephemeral  {', '.join(bare)}: no sidecar {NETADMIN_CONTAINER}; a container with NET_ADMIN is added "
            f"by a run ({CHAOS_IMAGE} must be where the nodes can pull it), and stays, idle, until the pod goes"
        )
    else:
        yield (
            f"MISSING    {', '.join(bare)}: no sidecar {NETADMIN_CONTAINER}, "
            f"and this cluster ({version.get('gitVersion')}) is too "
            "old to add one to a running pod: docs/reference/kubernetes.md has the lines for the deployment"
        )


def _pod_security(cluster: Cluster, namespace: Mapping[str, Any] | None) -> Iterator[str]:
    if namespace is None:
        yield "unknown    Pod Security: the namespace may not be read, so what it enforces shows when a fault is tried"
        return
    level = (namespace["metadata"].get("labels") or {}).get(_ENFORCE, "privileged")
    if level != "privileged":
        yield (
            f"REFUSED    the namespace enforces Pod Security {level} ({_ENFORCE}), under which no pod may have "
            f"NET_ADMIN. {allow_netadmin(cluster.namespace)}"
        )
