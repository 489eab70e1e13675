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
from chaosproof.targets.kubernetes.pods.containers import (
    LOAD,
    mesh_proxy_of,
    netadmin_of,
    program_of,
    staying,
)
from chaosproof.targets.kubernetes.pods.ip_addresses import by_family

__all__ = [
    "Pod",
    "ServiceBackend",
    "assign_instances",
    "instance_of",
    "read_pod",
    "selects",
    "service_backend_of",
    "troubles",
]

# What a container that waits may be waiting for without anything being wrong.
_PATIENT = frozenset({"", "ContainerCreating", "PodInitializing"})
_FINISHED = ("Failed", "Succeeded")


@dataclass(frozen=True)
class Pod:
    """One pod. `life` changes when its program is started again; `netadmin`, `load` and `mesh` are names of containers.

    `finished` is a pod that will never run again, as an evicted one; with `host_network` its network is the node's.
    """

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
    ip6: str = ""
    finished: bool = False
    host_network: bool = False
    mesh: str = ""


@dataclass(frozen=True)
class ServiceBackend:
    """A Service of the cluster: its address, its ports by name, and the labels of the pods behind it.

    A headless one has no address (`ip` is empty): who asks for it gets those of its pods.
    """

    name: str
    ip: str
    ports: Mapping[str, int]
    pod_ports: Mapping[str, int | str] = field(default_factory=dict)
    selector: Mapping[str, str] = field(default_factory=dict)
    ip6: str = ""

    @property
    def address(self) -> Address:
        return Address(host=self.name, ip=self.ip, ports=self.ports, ip6=self.ip6)


def read_pod(raw: Mapping[str, Any]) -> Pod:
    """The pod in the API's JSON."""
    meta, spec, status = raw["metadata"], raw["spec"], raw.get("status", {})
    containers: list[Mapping[str, Any]] = spec["containers"]
    program = program_of(meta, containers)
    ip, ip6 = by_family([status.get("podIP", ""), *(each["ip"] for each in status.get("podIPs") or [])])
    state: Mapping[str, Any] = next(
        (s for s in status.get("containerStatuses", []) if s["name"] == program["name"]), {}
    )
    ended = state.get("state", {}).get("terminated") or state.get("lastState", {}).get("terminated") or {}
    conditions = {each["type"]: each["status"] for each in status.get("conditions", [])}
    phase = status.get("phase")
    running = phase == "Running" and "running" in state.get("state", {})
    leaving = "deletionTimestamp" in meta
    return Pod(
        name=meta["name"],
        uid=meta["uid"],
        created=str(meta.get("creationTimestamp", "")),
        ip=ip,
        ip6=ip6,
        node=spec.get("nodeName", ""),
        labels=meta.get("labels") or {},
        owner=next(
            (owner["kind"] for owner in meta.get("ownerReferences", []) if owner.get("controller")), ""
        ),
        program=program["name"],
        image=program.get("image", ""),
        netadmin=netadmin_of(spec, status),
        load=LOAD if any(container["name"] == LOAD for container in containers) else None,
        shares_processes=bool(spec.get("shareProcessNamespace")),
        named_ports={
            port["name"]: int(port["containerPort"])
            for container in staying(spec)
            for port in container.get("ports", [])
            if "name" in port
        },
        annotations=meta.get("annotations") or {},
        life=f"{meta['uid']}/{state.get('restartCount', 0)}",
        running=running,
        ready=running and not leaving and conditions.get("Ready") == "True",
        leaving=leaving,
        exit_detail=f"exit code {ended['exitCode']}"
        if "exitCode" in ended
        else str(status.get("reason") or ""),
        finished=phase in _FINISHED,
        host_network=bool(spec.get("hostNetwork")),
        mesh=mesh_proxy_of(spec),
    )


def service_backend_of(raw: Mapping[str, Any]) -> ServiceBackend:
    """The Service in the API's JSON; one without a selector is a `UsageError`: it has no pods of its own."""
    name, spec = raw["metadata"]["name"], raw["spec"]
    if not spec.get("selector"):
        raise UsageError(f"The Service {name} selects no pods, so there is nothing of it to put a fault on.")
    ports: list[Mapping[str, Any]] = spec.get("ports", [])
    ip, ip6 = by_family([spec.get("clusterIP", ""), *(spec.get("clusterIPs") or [])])
    return ServiceBackend(
        name=name,
        ip=ip,
        ip6=ip6,
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
        address6=pod.ip6,
        ports={**pod.named_ports, **ports},
        metrics_port=port,
        metrics_path=path,
    )


def assign_instances(service: ServiceBackend, pods: Sequence[Pod]) -> dict[str, Pod]:
    """Instance name -> pod, for the pods behind `service`.

    Pods that have finished, evicted ones among them, are none of them; a StatefulSet makes its own anew by name.
    Raises `TargetError` when there is none.
    """
    selected = [pod for pod in pods if selects(service.selector, pod.labels) and not pod.leaving]
    mine = [pod for pod in selected if not pod.finished or pod.owner == "StatefulSet"]
    labels = ",".join(f"{key}={value}" for key, value in service.selector.items())
    if not mine:
        over = f": {selected[0].name} has finished ({selected[0].exit_detail})" if selected else ""
        raise TargetError(f"No pod has the labels {labels} of the service {service.name}{over}.")
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
