"""What would go wrong with a fault on a port of somebody's pods, told before the first run: pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chaosproof.targets.kubernetes.pods.containers import staying
from chaosproof.targets.kubernetes.pods.pods import read_pod

__all__ = ["fault_warnings"]

# What the API takes where a probe does not say.
_PERIOD_S, _MISSES = 10, 3
_HOW_PROBES_ASK = ("grpc", "httpGet", "tcpSocket")
_MESH_PORTS = "linkerd 4143 in and 4140 out, Istio 15006 and 15001"


def fault_warnings(
    pods: Sequence[Mapping[str, Any]], *, port: int, direction: str, fault_s: float
) -> Iterator[str]:
    """One line for each thing in these pods (the API's JSON) that meets a fault on `port` in its own way."""
    if direction == "ingress":
        yield from _restarts(pods, port, fault_s)
    yield from _mesh(pods, port, direction)


def _restarts(pods: Sequence[Mapping[str, Any]], port: int, fault_s: float) -> Iterator[str]:
    """The kubelet asks from the node, and the fault meets it like everybody."""
    for raw in pods:
        ports = read_pod(raw).named_ports
        for container in staying(raw["spec"]):
            probe = container.get("livenessProbe") or {}
            asked_port = next((probe[how]["port"] for how in _HOW_PROBES_ASK if how in probe), None)
            period_s = probe.get("periodSeconds", _PERIOD_S)
            misses = probe.get("failureThreshold", _MISSES)
            soonest_s = period_s * (misses - 1)
            if ports.get(str(asked_port), asked_port) == port and soonest_s < fault_s:
                name, window = raw["metadata"]["name"], f"{soonest_s:g} s to {soonest_s + period_s:g} s"
                yield (
                    f"restarts   {name}: the liveness probe of {container['name']} asks port {port} as well, so the "
                    f"kubelet starts it again {window} into a fault of {fault_s:g} s, which counts as a death: make "
                    "fault_s shorter, let the probe ask another port, or raise its failureThreshold"
                )
                return


def _mesh(pods: Sequence[Mapping[str, Any]], port: int, direction: str) -> Iterator[str]:
    proxied = {pod.name: pod.mesh for pod in map(read_pod, pods) if pod.mesh}
    if proxied:
        name, proxy = next(iter(proxied.items()))
        side = "what comes in" if direction == "ingress" else "what goes out"
        yield (
            f"mesh       {name}: {proxy} takes {side}, so a fault on port {port} may meet nobody (SYS_FAULT_HIT says "
            f"so): name the proxy's port ({_MESH_PORTS}), or leave {port} out of the mesh by the pod's annotation. A "
            "load is sent from outside of the mesh; where the mesh insists on mTLS, let --url be its gateway"
        )
