"""Which pods of a namespace are neighbours of the target's instances, as an API server lists them."""

import pytest

from chaosproof.targets.base import SupportsNeighbours
from chaosproof.targets.kubernetes.jobs.manifests import load_job
from chaosproof.targets.kubernetes.pods.services import find_services
from chaosproof.targets.kubernetes.target import KubernetesTarget
from tests.support.kubernetes_api import pod, service

ROOT = "/api/v1/namespaces/shop"
NAME = "app.kubernetes.io/name"
CALLER = {"podIP": "10.1.0.2", "podIPs": [{"ip": "10.1.0.2"}, {"ip": "fd00::2"}]}


def _neighbours(api, cluster, *others):
    api.list_of(f"{ROOT}/pods", pod("web-0", status={"podIP": "10.1.0.1"}), *others)
    api.list_of(f"{ROOT}/services", service("web"), service("cart"))
    target = KubernetesTarget(cluster, find_services(cluster, ["web"]))
    try:
        assert isinstance(target, SupportsNeighbours)
        return target.neighbours()
    finally:
        target.close()


def test_a_pod_of_another_service_is_a_neighbour_in_both_families(api, cluster):
    others = [pod("cart-0", status=CALLER), pod("web-1", status={"podIP": "10.1.0.3"})]
    assert _neighbours(api, cluster, *others) == {"10.1.0.2": "cart-0", "fd00::2": "cart-0"}
    assert [path for _, path, _ in api.asked if path not in (f"{ROOT}/services", f"{ROOT}/pods")] == []


@pytest.mark.parametrize(
    "other",
    [
        pod("cart-0", spec={"hostNetwork": True}, status=CALLER),
        pod("cart-0", status={"podIP": ""}),
        pod("job-1", status={**CALLER, "phase": "Succeeded"}),
        pod("prometheus-0", status=CALLER),
        pod("cron-1", labels={NAME: "chaosproof-cron"}, status=CALLER),
        pod("chaosproof-test", labels={NAME: "chaosproof-test"}, status=CALLER),
        pod(
            "chaosproof-load-1a2b-xyz",
            labels=load_job("load", "load:1", [], {})["spec"]["template"]["metadata"]["labels"],
            status=CALLER,
        ),
    ],
    ids=["its node's network", "no address", "finished", "Prometheus", "cron job", "chart's test", "load"],
)
def test_who_only_looks_on_is_none(api, cluster, other):
    assert _neighbours(api, cluster, other) == {}
