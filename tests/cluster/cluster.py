"""What the tests of the chart do to a cluster: install it into a namespace of their own, and ask.

The images have to be there; ./run test --kubernetes makes and loads them where it is told how.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kubernetes import client

from chaosproof.images.names import PROMETHEUS
from chaosproof.targets.base import CommandResult
from chaosproof.targets.kubernetes.client.api import Cluster, NotFound, connect
from chaosproof.targets.kubernetes.client.execute import execute
from chaosproof.targets.kubernetes.deploy.helm import Release, call_helm
from chaosproof.targets.system.system_file import load_system
from chaosproof.targets.system.values import merge

ROOT = Path(__file__).parents[2]
CHART = ROOT / "charts" / "chaosproof-demo"
RELEASE = "demo"
_TEST = "import helm_python, sys\nwith helm_python.Config(namespace=sys.argv[1]) as h: h.test(sys.argv[2], timeout=60)"


def until(what: str, done: Callable[[], Any], *, within_s: float) -> Any:
    """What `done` says once that is true; it is asked every 0.2 s."""
    given_up_at = time.monotonic() + within_s
    while not (answer := done()):
        assert time.monotonic() < given_up_at, f"not within {within_s:g} s: {what}"
        time.sleep(0.2)
    return answer


def values_of(mode: str, scenario: str, more: dict[str, Any] | None = None) -> dict[str, Any]:
    """The overlays as a run merges them. Prometheus' image is the archive's, or CHAOSPROOF_PROMETHEUS_IMAGE."""
    prometheus = os.environ.get("CHAOSPROOF_PROMETHEUS_IMAGE", PROMETHEUS)
    overlays = load_system(ROOT / "chaosproof" / "demo" / "grpc" / "system.yaml", mode, scenario).values
    return merge(overlays, merge({"images": {"prometheus": prometheus}}, more or {}))


def put(cluster: Cluster, values: dict[str, Any]) -> None:
    """Install the chart, or upgrade to these values."""
    call_helm("install", Release(RELEASE, cluster.namespace, chart=str(CHART), values=values))


def helm_test(cluster: Cluster) -> None:
    """`helm test`, by the SDK in a process of its own; its words when it fails."""
    done = subprocess.run(
        [sys.executable, "-c", _TEST, cluster.namespace, RELEASE], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@contextmanager
def a_namespace(name: str) -> Iterator[Cluster]:
    """A namespace of one's own; it goes with all that is in it."""
    cluster = connect(name)
    path = f"/api/v1/namespaces/{name}"
    cluster.post("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    try:
        yield cluster
    finally:
        cluster.delete(path)
        until("the namespace is gone", lambda: not there(cluster, path), within_s=120)


def there(cluster: Cluster, path: str) -> bool:
    try:
        return bool(cluster.get(path))
    except NotFound:
        return False


def pods(cluster: Cluster, service: str | None = None) -> list[dict[str, Any]]:
    """The pods of the release, or of one of its services."""
    labels = f"app.kubernetes.io/instance={RELEASE}" + (
        f",app.kubernetes.io/name={service}" if service else ""
    )
    found: list[dict[str, Any]] = cluster.get(cluster.path("pods"), labelSelector=labels)["items"]
    return found


def is_ready(pod: dict[str, Any]) -> bool:
    conditions = {one["type"]: one["status"] for one in pod["status"].get("conditions", [])}
    return conditions.get("Ready") == "True" and "deletionTimestamp" not in pod["metadata"]


def settled(cluster: Cluster, service: str) -> bool:
    """Every instance of the service is as the newest settings want it, and ready."""
    one = cluster.get(cluster.path("statefulsets", service, group="apps/v1"))
    status, wanted = one["status"], one["spec"]["replicas"]
    return bool(
        status.get("observedGeneration") == one["metadata"]["generation"]
        and status.get("readyReplicas") == wanted
        and status.get("updateRevision") == status.get("currentRevision")
    )


def enter(cluster: Cluster, pod: str, container: str, *argv: str) -> CommandResult:
    return execute(cluster, pod, container, argv)


def as_account(cluster: Cluster, account: str) -> Cluster:
    """The same cluster, as a service account sees it: with its token in the place of the kubeconfig's credentials."""
    token = cluster.post(
        cluster.path("serviceaccounts", f"{account}/token"),
        {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}},
    )["status"]["token"]
    configuration = client.Configuration()
    configuration.host = cluster.configuration.host
    configuration.ssl_ca_cert = cluster.configuration.ssl_ca_cert
    configuration.api_key = {"authorization": f"Bearer {token}"}
    return Cluster(configuration, cluster.namespace)


def rights(account: Cluster, namespace: str) -> set[tuple[str, str, str]]:
    """What the account may do in a namespace, as the API server says it: (group, resource, verb)."""
    group = "authorization.k8s.io"
    review = {"apiVersion": f"{group}/v1", "kind": "SelfSubjectRulesReview", "spec": {"namespace": namespace}}
    status = account.post(f"/apis/{group}/v1/selfsubjectrulesreviews", review)["status"]
    assert status["incomplete"] is False
    return {
        (group, resource, verb)
        for rule in status["resourceRules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
