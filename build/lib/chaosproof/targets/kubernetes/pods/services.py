"""Which Services of a namespace an experiment is about, and whether they are what their selector says."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from chaosproof.errors import UsageError
from chaosproof.targets.kubernetes.client.api import FORBIDDEN, Cluster, NotFound, Refused
from chaosproof.targets.kubernetes.pods.pods import ServiceBackend, read_pod, selects, service_backend_of

__all__ = ["find_services", "need_namespace"]


def find_services(
    cluster: Cluster, names: Sequence[str], selector: Mapping[str, str] | None = None
) -> dict[str, ServiceBackend]:
    """The Services of that name, in this order; without names, all of the namespace that select pods.

    `selector` takes the place of the only Service's own. Raises `UsageError` for one that does not exist.
    """
    raw = cluster.get(cluster.path("services"))["items"]
    known = {service["metadata"]["name"]: service for service in raw}
    if not known:
        need_namespace(cluster)
    for name in names:
        if name not in known:
            there = ", ".join(sorted(known)) or "none"
            raise UsageError(
                f"There is no Service {name} in the namespace {cluster.namespace}; there are: {there}."
            )
    if not names:
        return {backend.name: backend for backend in _before_pods(raw)}
    services = {name: service_backend_of(known[name]) for name in names}
    if selector:
        (name,) = names
        _refuse_two_services(cluster, name, selector, known.values())
        services[name] = replace(services[name], selector=dict(selector))
    return services


def need_namespace(cluster: Cluster) -> Mapping[str, Any] | None:
    """The namespace, or `None` where it may not be read: then what is allowed shows by trying.

    Raises `UsageError` when there is no such namespace.
    """
    try:
        return cluster.get(f"/api/v1/namespaces/{cluster.namespace}")
    except NotFound as error:
        raise UsageError(
            f"There is no namespace {cluster.namespace} on {cluster.host}; "
            f"make it with: kubectl create namespace {cluster.namespace}"
        ) from error
    except Refused as error:
        if error.status != FORBIDDEN:
            raise
        return None


def _refuse_two_services(
    cluster: Cluster, name: str, selector: Mapping[str, str], services: Iterable[Mapping[str, Any]]
) -> None:
    """A selector that takes in pods of another service, too, would hit one that nobody has named."""
    pods = [read_pod(raw) for raw in cluster.get(cluster.path("pods"))["items"]]
    backends = _before_pods(services)
    behind = {
        pod.name: [backend.name for backend in backends if selects(backend.selector, pod.labels)]
        for pod in pods
        if selects(selector, pod.labels)
    }
    own = next((pod for pod, names in behind.items() if name in names), None)
    stranger = next((pod for pod, names in behind.items() if names and name not in names), None)
    if own and stranger:
        labels = ",".join(f"{key}={value}" for key, value in selector.items())
        raise UsageError(
            f"{labels} selects {stranger} of the service {behind[stranger][0]} as well as {own} of {name}: "
            "choose labels that only one service's pods have."
        )


def _before_pods(services: Iterable[Mapping[str, Any]]) -> list[ServiceBackend]:
    """The Services that select pods, in order of name; a headless one only where no other stands before its pods."""
    backends = [service_backend_of(raw) for raw in services if raw["spec"].get("selector")]
    chosen: list[ServiceBackend] = []
    for backend in sorted(backends, key=lambda backend: (not backend.ip, backend.name)):
        if backend.ip or not any(_overlap(backend.selector, other.selector) for other in chosen):
            chosen.append(backend)
    return sorted(chosen, key=lambda backend: backend.name)


def _overlap(these: Mapping[str, str], those: Mapping[str, str]) -> bool:
    """Whether each pod of one selector is a pod of the other."""
    return selects(these, those) or selects(those, these)
