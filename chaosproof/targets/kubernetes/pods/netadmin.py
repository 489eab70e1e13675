"""The container through which a pod's network is changed: its sidecar, or one that is added to it while it runs.

An ephemeral container (Kubernetes >= 1.25) needs no change of anybody's deployment and goes with its pod. It gets
NET_ADMIN and nothing else, never `privileged`; where a cluster refuses that, there is no other way in, and a sentence
says so.
"""

import time
from pathlib import Path
from typing import Any

from chaosproof import __version__
from chaosproof.errors import TargetError
from chaosproof.targets.kubernetes.client.api import Cluster, NotFound, Refused
from chaosproof.targets.kubernetes.pods.pods import NETADMIN_CONTAINER, Pod, read_pod, troubles
from chaosproof.targets.kubernetes.templates import filled

__all__ = ["CHAOS_IMAGE", "ephemeral_container", "netadmin_container_of"]

CHAOS_IMAGE = f"chaosproof/chaos:{__version__}"
_WITHIN_S = 30.0
_POLL_S = 0.1


def ephemeral_container(image: str) -> dict[str, Any]:
    """The container that is added to a pod, as the API takes it."""
    values = {"$name": NETADMIN_CONTAINER, "$image": image}
    container: dict[str, Any] = filled(Path(__file__).with_name("ephemeral_container.yaml"), values)
    return container


def netadmin_container_of(cluster: Cluster, pod: Pod, image: str = CHAOS_IMAGE) -> str:
    """The name of the container of `pod` that has NET_ADMIN; one is added where there is none.

    Raises `TargetError` with one sentence where that cannot be.
    """
    if pod.netadmin is not None:
        return pod.netadmin
    path = cluster.path("pods", pod.name)
    known = read_pod(cluster.get(path))
    if known.netadmin is not None:
        return known.netadmin
    body = {"spec": {"ephemeralContainers": [ephemeral_container(image)]}}
    try:
        cluster.patch(f"{path}/ephemeralcontainers", body)
    except NotFound as error:
        raise TargetError(
            _neither(pod, "this cluster has no ephemeral containers (Kubernetes >= 1.25)")
        ) from error
    except Refused as error:
        raise TargetError(_neither(pod, str(error))) from error
    given_up_at = time.monotonic() + _WITHIN_S
    while True:
        raw = cluster.get(path)
        known = read_pod(raw)
        if known.netadmin is not None:
            return known.netadmin
        if time.monotonic() > given_up_at:
            raise TargetError(
                _neither(pod, f"it did not start within {_WITHIN_S:g} s {troubles(raw)}".strip())
            )
        time.sleep(_POLL_S)


def _neither(pod: Pod, why: str) -> str:
    return (
        f"The network of {pod.name} cannot be changed: it has no sidecar called "
        f"{NETADMIN_CONTAINER}, and none can be added to it "
        f"while it runs: {why}. Give its pods the sidecar (chaosproof init says how)."
    )
