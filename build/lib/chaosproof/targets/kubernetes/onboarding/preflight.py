"""What an experiment on somebody's own service needs: what is there, which rights there are, and which are missing.

Only ever reads. The one thing that is posted, a SelfSubjectAccessReview, is a question, of which nothing is kept.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from chaosproof.errors import TargetError, UsageError
from chaosproof.targets.kubernetes.client.api import Cluster, NotFound
from chaosproof.targets.kubernetes.onboarding.pod_needs import pod_needs
from chaosproof.targets.kubernetes.pods.netadmin import refuse_host_network
from chaosproof.targets.kubernetes.pods.pods import assign_instances, read_pod, selects
from chaosproof.targets.kubernetes.pods.services import find_services, need_namespace

__all__ = ["RIGHTS", "ServiceSurvey", "rights_of", "role_of", "survey"]

# (API group, resource, verbs, what for): all that a run against a deployed service does.
RIGHTS = (
    ("", "pods", ("get", "list", "watch"), "which instances there are, and how they are"),
    (
        "",
        "pods",
        ("delete",),
        "restarting an instance; for experiments that restart nothing it may be left out",
    ),
    ("", "pods/exec", ("get", "create"), "a fault is one command in the sidecar"),
    ("", "pods/log", ("get",), "the instances' logs"),
    ("", "pods/proxy", ("get",), "the instances' metrics"),
    ("", "services", ("get", "list"), "addresses and ports"),
    ("", "services/proxy", ("get",), "Prometheus; without one it may be left out"),
    ("", "events", ("list",), "why a pod does not start"),
    ("", "configmaps", ("create", "delete"), "the load's plan"),
    ("batch", "jobs", ("create", "delete"), "the load"),
    ("", "pods/ephemeralcontainers", ("patch",), "pods that have no sidecar; else it may be left out"),
)


@dataclass(frozen=True)
class ServiceSurvey:
    """A service as it was found: its instances (name -> pod), its pods' ports, and what is still missing, in lines.

    `pods` are its pods as the API has them.
    """

    service: str
    instances: Mapping[str, str]
    ports: tuple[int, ...]
    needs: tuple[str, ...]
    pods: tuple[Mapping[str, Any], ...] = ()


def survey(cluster: Cluster, selector: Mapping[str, str], service: str | None) -> ServiceSurvey:
    """What there is behind `selector`.

    Raises `UsageError` when that is nothing, pods of several services, or pods in their nodes' network.
    """
    namespace = need_namespace(cluster)
    labels = ",".join(f"{key}={value}" for key, value in selector.items())
    listed = cluster.get(cluster.path("pods"))["items"]
    pods = [read_pod(raw) for raw in listed]
    mine = [pod for pod in pods if selects(selector, pod.labels) and not pod.finished]
    for pod in mine:
        refuse_host_network(pod)
    if not mine:
        raise UsageError(f"No pod of the namespace {cluster.namespace} has the labels {labels}.")
    if service is None:
        services = find_services(cluster, [])
        names = [
            name
            for name, backend in services.items()
            if any(selects(backend.selector, pod.labels) for pod in mine)
        ]
        if len(names) != 1:
            matches = (
                f"pods of several services ({', '.join(names)})" if names else "pods that no Service selects"
            )
            raise UsageError(f"{labels} selects {matches}; name the one that is meant with --service.")
        (service,) = names
    backend = find_services(cluster, [service], selector)[service]
    pods_by_instance = assign_instances(backend, mine)
    ports = {port for pod in mine for port in pod.named_ports.values()} | set(backend.ports.values())
    return ServiceSurvey(
        service=service,
        instances={name: pod.name for name, pod in pods_by_instance.items()},
        ports=tuple(sorted(ports)),
        needs=(*pod_needs(cluster, namespace, mine), *_prometheus(cluster)),
        pods=tuple(raw for raw in listed if raw["metadata"]["name"] in {pod.name for pod in mine}),
    )


def rights_of(cluster: Cluster, role_file: Path) -> Iterator[str]:
    """One line per right: whether whoever asks has it."""
    missing = False
    for group, resource, verbs, why in RIGHTS:
        denied = [verb for verb in verbs if not _may(cluster, group, resource, verb)]
        missing = missing or bool(denied)
        mark = f"MISSING {', '.join(denied)}" if denied else "ok"
        yield f"{mark:<10} {', '.join(verbs)} {resource}: {why}"
    if missing:
        yield f"           the rights that are missing: kubectl apply -f {role_file}, and bind the Role to the account"


def role_of(namespace: str) -> str:
    """A Role with exactly these rights, as YAML."""
    rules = [
        {"apiGroups": [group], "resources": [resource], "verbs": list(verbs)}
        for group, resource, verbs, _ in RIGHTS
    ]
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": "chaosproof", "namespace": namespace},
        "rules": rules,
    }
    return "# What a run of the experiment beside this file does, and nothing else.\n" + str(
        yaml.safe_dump(role, sort_keys=False)
    )


def _may(cluster: Cluster, group: str, resource: str, verb: str) -> bool:
    kind, _, sub = resource.partition("/")
    attributes = {
        "namespace": cluster.namespace,
        "group": group,
        "resource": kind,
        "subresource": sub,
        "verb": verb,
    }
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    answer = cluster.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review)
    return bool(answer.get("status", {}).get("allowed"))


def _prometheus(cluster: Cluster) -> Iterator[str]:
    try:
        cluster.get(cluster.path("services", "prometheus"))
        yield "ok         Prometheus: its series of the run are kept"
    except NotFound:
        yield "none       Prometheus (a Service of that name): without it no series are kept, and no probe may ask it"
    except TargetError as error:
        yield f"unknown    Prometheus: {error}"
