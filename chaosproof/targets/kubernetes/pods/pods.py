"""What a pod's JSON says that a target needs, and which pod is which instance: pure.

A pod of a StatefulSet keeps its name for good, so the instance has the pod's name (`web-0`). Other pods are named
anew with every life, so there the instance is a place: `checkout-0` is the oldest pod at the start, and the pod that
takes over from it takes its place.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chaosproof.errors import TargetError, UsageError
from chaosproof.targets.base import Address, Instance

__all__ = [
    "NETADMIN_CONTAINER",
    "Pod",
    "ServiceBackend",
    "assign_instances",
    "instance_of",
    "read_pod",
    "selects",
    "service_backend_of",
    "troubles",
]

NETADMIN_CONTAINER = "chaos"
"""The container that may change the network of its pod: a sidecar, or an ephemeral container of this name."""
LOAD = "load"
_OURS = (NETADMIN_CONTAINER, LOAD)
_DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"
# What a container that waits may be waiting for without anything being wrong.
_PATIENT = frozenset({"", "ContainerCreating", "PodInitializing"})


@dataclass(frozen=True)
class Pod:
    """One pod. `life` changes when its program is started again; `netadmin` and `load` are the names of containers."""

    name: str
    uid: str
    created: str
    ip: str
    node: str
    labels: Mapping[str, str]
    owner: str
    program: str
    image: str
    netadmin: str | None
    load: str | None
    shares_processes: bool
    named_ports: Mapping[str, int]
    annotations: Mapping[str, str]
    life: str
    running: bool
    ready: bool
    leaving: bool
    exit_detail: str


@dataclass(frozen=True)
class ServiceBackend:
    """A Service of the cluster: its address, its ports by name, and the labels of the pods behind it."""

    name: str
    ip: str
    ports: Mapping[str, int]
    pod_ports: Mapping[str, int | str] = field(default_factory=dict)
    selector: Mapping[str, str] = field(default_factory=dict)

    @property
    def address(self) -> Address:
        return Address(host=self.name, ip=self.ip, ports=self.ports)


def read_pod(raw: Mapping[str, Any]) -> Pod:
    """The pod in the API's JSON."""
    meta, spec, status = raw["metadata"], raw["spec"], raw.get("status", {})
    containers: list[Mapping[str, Any]] = spec["containers"]
    program = _program(meta, containers)
    names = [container["name"] for container in containers]
    running_ephemeral = [
        container["name"]
        for container in status.get("ephemeralContainerStatuses", [])
        if "running" in container.get("state", {}) and container["name"].startswith(NETADMIN_CONTAINER)
    ]
    state: Mapping[str, Any] = next(
        (s for s in status.get("containerStatuses", []) if s["name"] == program["name"]), {}
    )
    ended = state.get("state", {}).get("terminated") or state.get("lastState", {}).get("terminated") or {}
    conditions = {each["type"]: each["status"] for each in status.get("conditions", [])}
    running = status.get("phase") == "Running" and "running" in state.get("state", {})
    leaving = "deletionTimestamp" in meta
    return Pod(
        name=meta["name"],
        uid=meta["uid"],
        created=str(meta.get("creationTimestamp", "")),
        ip=status.get("podIP", ""),
        node=spec.get("nodeName", ""),
        labels=meta.get("labels") or {},
        owner=next(
            (owner["kind"] for owner in meta.get("ownerReferences", []) if owner.get("controller")), ""
        ),
        program=program["name"],
        image=program.get("image", ""),
        netadmin=NETADMIN_CONTAINER if NETADMIN_CONTAINER in names else next(iter(running_ephemeral), None),
        load=LOAD if LOAD in names else None,
        shares_processes=bool(spec.get("shareProcessNamespace")),
        named_ports={
            port["name"]: int(port["containerPort"])
            for container in containers
            for port in container.get("ports", [])
            if "name" in port
        },
        annotations=meta.get("annotations") or {},
        life=f"{meta['uid']}/{state.get('restartCount', 0)}",
        running=running,
        ready=running and not leaving and conditions.get("Ready") == "True",
        leaving=leaving,
        exit_detail=f"exit code {ended['exitCode']}" if "exitCode" in ended else "",
    )


def service_backend_of(raw: Mapping[str, Any]) -> ServiceBackend:
    """The Service in the API's JSON; one without a selector is a `UsageError`: it has no pods of its own."""
    name, spec = raw["metadata"]["name"], raw["spec"]
    if not spec.get("selector"):
        raise UsageError(f"The Service {name} selects no pods, so there is nothing of it to put a fault on.")
    ports: list[Mapping[str, Any]] = spec.get("ports", [])
    return ServiceBackend(
        name=name,
        ip=spec.get("clusterIP", ""),
        ports={port.get("name") or str(port["port"]): int(port["port"]) for port in ports},
        pod_ports={
            port.get("name") or str(port["port"]): port.get("targetPort", port["port"]) for port in ports
        },
        selector=spec["selector"],
    )


def selects(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """Whether a pod with these labels is selected."""
    return all(labels.get(key) == value for key, value in selector.items())


def instance_of(name: str, service: ServiceBackend, pod: Pod, metrics: tuple[str, int | None]) -> Instance:
    """The instance `name` as it is while `pod` takes its place. `metrics` are path and port, where they are known."""
    ports: dict[str, int] = {}
    for port_name, target in service.pod_ports.items():
        number = pod.named_ports.get(target) if isinstance(target, str) else target
        if number is not None:
            ports[port_name] = int(number)
    path, port = metrics
    annotated = pod.annotations.get("prometheus.io/port", "")
    if port is None and annotated.isdigit():
        path, port = pod.annotations.get("prometheus.io/path", path), int(annotated)
    return Instance(
        name=name,
        service=service.name,
        address=pod.ip,
        ports={**pod.named_ports, **ports},
        metrics_port=port,
        metrics_path=path,
    )


def assign_instances(service: ServiceBackend, pods: Sequence[Pod]) -> dict[str, Pod]:
    """Instance name -> pod, for the pods behind `service`.

    Raises `TargetError` when there is none, `UsageError` when the selector takes in pods of several owners' kinds.
    """
    mine = [pod for pod in pods if selects(service.selector, pod.labels) and not pod.leaving]
    labels = ",".join(f"{key}={value}" for key, value in service.selector.items())
    if not mine:
        raise TargetError(f"No pod has the labels {labels} of the service {service.name}.")
    if all(pod.owner == "StatefulSet" for pod in mine):
        return {pod.name: pod for pod in sorted(mine, key=lambda pod: pod.name)}
    oldest_first = sorted(mine, key=lambda pod: (pod.created, pod.name))
    return {f"{service.name}-{index}": pod for index, pod in enumerate(oldest_first)}


def troubles(raw: Mapping[str, Any]) -> str:
    """Why a pod's containers do not run, where they say so: `ImagePullBackOff: Back-off pulling image ...`."""
    status = raw.get("status", {})
    kinds = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")
    for container in (container for kind in kinds for container in status.get(kind, [])):
        waiting = container.get("state", {}).get("waiting") or {}
        reason = waiting.get("reason", "")
        if reason not in _PATIENT:
            message = waiting.get("message", "")
            return f"container {container['name']}: {reason}{': ' if message else ''}{message}"
    return ""


def _program(meta: Mapping[str, Any], containers: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The container of the service itself."""
    chosen = (meta.get("annotations") or {}).get(_DEFAULT_CONTAINER)
    for container in containers:
        if container["name"] == chosen or (chosen is None and container["name"] not in _OURS):
            return container
    return containers[0]
