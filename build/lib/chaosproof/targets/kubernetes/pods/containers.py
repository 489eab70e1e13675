"""Which of a pod's containers is the program, which may change its network, and which belong to a mesh: pure.

A sidecar is a container, or since Kubernetes 1.28 an init container that is always restarted.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = [
    "LOAD",
    "NETADMIN_CONTAINER",
    "fresh_name",
    "is_ours",
    "mesh_proxy_of",
    "netadmin_of",
    "program_of",
    "staying",
]

NETADMIN_CONTAINER = "chaos"
"""The container that may change the network of its pod: a sidecar, or an ephemeral container of this name."""
LOAD = "load"
# What meshes add to a pod, first in the list or last: never the service itself.
_MESH = frozenset(
    {"linkerd-proxy", "istio-proxy", "kuma-sidecar", "consul-dataplane", "envoy-sidecar", "osm-proxy"}
)
_DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"


def staying(spec: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The containers that are there as long as the pod: its own, and its native sidecars."""
    native = [each for each in spec.get("initContainers", []) if each.get("restartPolicy") == "Always"]
    return [*spec["containers"], *native]


def program_of(meta: Mapping[str, Any], containers: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The container of the service itself: the one that its pod names, else the first that nobody added to it."""
    chosen = (meta.get("annotations") or {}).get(_DEFAULT_CONTAINER)
    named = [each for each in containers if each["name"] == chosen]
    own = [each for each in containers if each["name"] not in (NETADMIN_CONTAINER, LOAD, *_MESH)]
    load = [each for each in containers if each["name"] == LOAD]
    return next(iter([*named, *own, *load, *containers]))


def netadmin_of(spec: Mapping[str, Any], status: Mapping[str, Any]) -> str | None:
    """The container that may change the pod's network: a sidecar, or an ephemeral container that runs."""
    if any(each["name"] == NETADMIN_CONTAINER for each in staying(spec)):
        return NETADMIN_CONTAINER
    running = (
        each["name"]
        for each in status.get("ephemeralContainerStatuses", [])
        if "running" in each.get("state", {}) and is_ours(each["name"])
    )
    return next(running, None)


def mesh_proxy_of(spec: Mapping[str, Any]) -> str:
    """The mesh's proxy in the pod, through which its connections pass; empty where there is none."""
    return next((each["name"] for each in staying(spec) if each["name"] in _MESH), "")


def is_ours(name: str) -> bool:
    """Whether an ephemeral container of that name is one that this project added: `chaos`, `chaos-2`, ..."""
    return re.fullmatch(rf"{NETADMIN_CONTAINER}(-\d+)?", name) is not None


def fresh_name(spec: Mapping[str, Any]) -> str:
    """A name that no container of the pod has yet: an ephemeral one cannot be taken out, nor started again."""
    taken = {
        each["name"]
        for kind in ("containers", "initContainers", "ephemeralContainers")
        for each in spec.get(kind, [])
    }
    number, name = 1, NETADMIN_CONTAINER
    while name in taken:
        number += 1
        name = f"{NETADMIN_CONTAINER}-{number}"
    return name
