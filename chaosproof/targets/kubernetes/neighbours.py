"""Which pods of the namespace are no instances and may still use what the instances serve: pure.

A pod in its node's network has the address that the kubelet's health checks come from. Our own pods and whoever
scrapes metrics look on: that they were there does not show that a service is used.
"""

from collections.abc import Collection, Iterable, Mapping

from chaosproof.targets.kubernetes.jobs.manifests import OWNED
from chaosproof.targets.kubernetes.pods.pods import Pod, ServiceBackend, selects

__all__ = ["neighbours_among"]

_NAME = "app.kubernetes.io/name"
# Prometheus, whoever installed it; and the pods of the chart that test it and that run experiments
_LOOKING_ON = frozenset({"prometheus", "chaosproof-cron", "chaosproof-test"})


def neighbours_among(pods: Iterable[Pod], services: Collection[ServiceBackend]) -> dict[str, str]:
    """Their names by address; a pod behind one of `services` is none of them, and none that has ended."""
    return {
        address: pod.name
        for pod in pods
        if not pod.finished
        and not pod.host_network
        and not _looks_on(pod.labels)
        and not any(selects(service.selector, pod.labels) for service in services)
        for address in (pod.ip, pod.ip6)
        if address
    }


def _looks_on(labels: Mapping[str, str]) -> bool:
    return selects(OWNED, labels) or labels.get(_NAME) in _LOOKING_ON
