"""The container through which a pod's network is changed: its sidecar, or one that is added to it while it runs.

An ephemeral container (Kubernetes >= 1.25) needs no change of anybody's deployment and goes with its pod. It gets
NET_ADMIN and nothing else, never `privileged`; where a cluster refuses that, there is no other way in, and a sentence
says so. A pod in its node's network is left alone: a fault there would hit everything on the node.
"""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chaosproof import __version__
from chaosproof.errors import TargetError, UsageError
from chaosproof.targets.kubernetes.client.api import Cluster, NotFound, Refused
from chaosproof.targets.kubernetes.pods.containers import NETADMIN_CONTAINER, fresh_name, is_ours
from chaosproof.targets.kubernetes.pods.pods import Pod, read_pod, troubles
from chaosproof.targets.kubernetes.templates import filled

__all__ = [
    "CHAOS_IMAGE",
    "allow_netadmin",
    "ephemeral_container",
    "netadmin_container_of",
    "refuse_host_network",
]

CHAOS_IMAGE = f"chaosproof/chaos:{__version__}"
_WITHIN_S = 30.0
_POLL_S = 0.1


def ephemeral_container(image: str, name: str = NETADMIN_CONTAINER) -> dict[str, Any]:
    """The container that is added to a pod, as the API takes it."""
    values = {"$name": name, "$image": image}
    container: dict[str, Any] = filled(Path(__file__).with_name("ephemeral_container.yaml"), values)
    return container


def allow_netadmin(namespace: str) -> str:
    """What to do where the namespace enforces a Pod Security level that refuses NET_ADMIN."""
    return (
        f"NET_ADMIN needs a namespace that allows it: kubectl label namespace {namespace} --overwrite "
        "pod-security.kubernetes.io/enforce=privileged, or deploy the service in one that does for the experiment."
    )


def refuse_host_network(pod: Pod) -> None:
    """Raises `UsageError` for a pod in its node's network, whether or not it has a sidecar."""
    if pod.host_network:
        raise UsageError(
            f"The pod {pod.name} is in the network of its node {pod.node} (hostNetwork: true), where a fault would hit "
            "everything on that node: choose a service whose pods have a network of their own, or take hostNetwork out "
            "of its deployment."
        )


def netadmin_container_of(cluster: Cluster, pod: Pod, image: str = CHAOS_IMAGE) -> str:
    """The name of the container of `pod` that has NET_ADMIN; one is added where there is none.

    Raises `UsageError` for a pod in its node's network, `TargetError` with one sentence where there can be none.
    """
    refuse_host_network(pod)
    if pod.netadmin is not None:
        return pod.netadmin
    path = cluster.path("pods", pod.name)
    raw = cluster.get(path)
    known = read_pod(raw)
    if known.netadmin is not None:
        return known.netadmin
    name = _under_way(raw, image) or _add(cluster, pod, fresh_name(raw["spec"]), image)
    given_up_at = time.monotonic() + _WITHIN_S
    while True:
        raw = cluster.get(path)
        known = read_pod(raw)
        if known.netadmin is not None:
            return known.netadmin
        ended = _state(raw, name).get("terminated")
        if ended is not None:
            reason = ended.get("message") or ended.get("reason", "")
            why = f"the container {name} ended at once (exit code {ended.get('exitCode')}) {reason}".strip()
            raise TargetError(_neither(pod, f"{why}; {image} must be the image chaosproof/chaos"))
        if time.monotonic() > given_up_at:
            raise TargetError(
                _neither(pod, f"it did not start within {_WITHIN_S:g} s {troubles(raw)}".strip())
            )
        time.sleep(_POLL_S)


def _under_way(raw: Mapping[str, Any], image: str) -> str | None:
    """An ephemeral container of ours that is there and has not ended, and so needs no other beside it."""
    for container in raw["spec"].get("ephemeralContainers", []):
        name = container["name"]
        if is_ours(name) and container.get("image") == image and "terminated" not in _state(raw, name):
            return str(name)
    return None


def _add(cluster: Cluster, pod: Pod, name: str, image: str) -> str:
    body = {"spec": {"ephemeralContainers": [ephemeral_container(image, name)]}}
    try:
        cluster.patch(f"{cluster.path('pods', pod.name)}/ephemeralcontainers", body)
    except NotFound as error:
        raise TargetError(
            _neither(pod, "this cluster has no ephemeral containers (Kubernetes >= 1.25)")
        ) from error
    except Refused as error:
        if "podsecurity" in str(error).lower():
            raise TargetError(
                f"The network of {pod.name} cannot be changed: {error} {allow_netadmin(cluster.namespace)}"
            ) from error
        raise TargetError(_neither(pod, str(error))) from error
    return name


def _state(raw: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The state of an ephemeral container, as far as the kubelet has told of it."""
    statuses = raw.get("status", {}).get("ephemeralContainerStatuses", [])
    state: Mapping[str, Any] = next((each.get("state", {}) for each in statuses if each["name"] == name), {})
    return state


def _neither(pod: Pod, why: str) -> str:
    return (
        f"The network of {pod.name} cannot be changed: it has no sidecar called "
        f"{NETADMIN_CONTAINER}, and none can be added to it "
        f"while it runs: {why}. Give its pods the sidecar (chaosproof init says how)."
    )
