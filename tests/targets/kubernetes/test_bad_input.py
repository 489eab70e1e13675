"""What is wrong is said in one sentence, before anything is touched."""

import socket
import time
from pathlib import Path

import pytest

from chaosproof.errors import TargetError, UsageError
from chaosproof.faults.engine import FaultEngine
from chaosproof.faults.errors import FaultError
from chaosproof.targets.base import Instance
from chaosproof.targets.kubernetes.client.api import connect
from chaosproof.targets.kubernetes.cluster_settings import cluster_settings
from chaosproof.targets.kubernetes.deploy.chart import chart_of, chart_values
from chaosproof.targets.kubernetes.deploy.cluster_launcher import launch_in_cluster
from chaosproof.targets.kubernetes.deploy.ready import wait_until_ready
from chaosproof.targets.kubernetes.pods.netadmin import ephemeral_container, netadmin_container_of
from chaosproof.targets.kubernetes.pods.pods import read_pod
from chaosproof.targets.kubernetes.pods.services import find_services
from chaosproof.targets.kubernetes.target import KubernetesTarget
from chaosproof.targets.system.chosen_system import system_to_run
from chaosproof.targets.system.system_file import load_system
from tests.support.fake_target import FakeTarget
from tests.support.kubernetes_api import pod, service

ROOT = "/api/v1/namespaces/shop"
SYSTEM = Path("chaosproof/demo/grpc/system.yaml")


def test_no_kubeconfig(tmp_path, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    with pytest.raises(UsageError, match=r"There is no kubeconfig: .*/none does not exist"):
        connect("shop")


def test_a_kubeconfig_that_is_none(tmp_path, monkeypatch):
    (tmp_path / "config").write_text("[1, 2]")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    with pytest.raises(UsageError, match="kubeconfig"):
        connect("shop")


def test_an_unknown_context(api):
    with pytest.raises(UsageError, match="cannot be used with context production"):
        connect("shop", "production")


def test_an_api_server_that_cannot_be_reached(api, cluster):
    api.close()
    with pytest.raises(TargetError, match=rf"The API server {api.url} cannot be reached: Connection refused"):
        cluster.get("/version")


def test_a_forbidden_verb_is_named(api, cluster):
    said = 'pods is forbidden: User "eve" cannot list resource "pods" in API group "" in the namespace "shop"'
    api.refuse["GET", f"{ROOT}/pods"] = (403, said)
    with pytest.raises(
        TargetError, match='does not allow it: pods is forbidden: User "eve" cannot list resource'
    ):
        cluster.get(f"{ROOT}/pods")


def test_commands_in_pods_that_are_forbidden(api, cluster):
    api.list_of(f"{ROOT}/pods", pod("web-0", labels={"app": "web"}))
    api.list_of(f"{ROOT}/services", service("web", {"app": "web"}))
    api.refuse["GET", f"{ROOT}/pods/web-0/exec"] = (403, 'cannot create resource "pods/exec"')
    target = KubernetesTarget(cluster, find_services(cluster, ["web"]))
    try:
        with pytest.raises(TargetError, match=r"does not allow commands in pods .verb create on pods/exec."):
            target.run("web-0", ["true"])
    finally:
        target.close()


def test_a_namespace_that_does_not_exist(api, cluster):
    api.list_of(f"{ROOT}/services")
    with pytest.raises(UsageError, match=r"There is no namespace shop on .*kubectl create namespace shop"):
        find_services(cluster, ["web"])


def test_a_service_that_does_not_exist_lists_those_that_do(api, cluster):
    api.list_of(f"{ROOT}/services", service("web"), service("cart"))
    with pytest.raises(
        UsageError, match="There is no Service wbe in the namespace shop; there are: cart, web"
    ):
        find_services(cluster, ["wbe"])


def test_a_selector_that_matches_nothing(api, cluster):
    api.list_of(f"{ROOT}/services", service("web"))
    api.list_of(f"{ROOT}/pods", pod("web-0", labels={"app": "web"}))
    services = find_services(cluster, ["web"], {"app": "gone"})
    with pytest.raises(TargetError, match="No pod has the labels app=gone of the service web"):
        KubernetesTarget(cluster, services)


def test_a_selector_that_matches_pods_of_two_services(api, cluster):
    api.list_of(f"{ROOT}/services", service("web", {"app": "web"}), service("cart", {"app": "cart"}))
    shared = {"tier": "front"}
    api.list_of(
        f"{ROOT}/pods",
        pod("web-0", labels={"app": "web", **shared}),
        pod("cart-0", labels={"app": "cart", **shared}),
    )
    with pytest.raises(UsageError, match="tier=front selects cart-0 of the service cart as well as web-0"):
        find_services(cluster, ["web"], shared)


def test_an_image_that_cannot_be_pulled_is_told_with_the_pod_s_own_event(api, cluster):
    waiting = {"waiting": {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "x:1"'}}
    api.list_of(f"{ROOT}/pods", pod("web-0", ready=False, state=waiting))
    api.list_of(f"{ROOT}/events", {"reason": "Failed", "message": "no such host", "lastTimestamp": "1"})
    begun = time.monotonic()
    with pytest.raises(
        TargetError, match=r"The pod web-0 cannot start: .*ImagePullBackOff.*\(event Failed: no such host\)"
    ):
        wait_until_ready(cluster, {"web": 1}, "", lambda _: None)
    assert time.monotonic() - begun < 5


def test_a_node_without_nft_is_told_with_the_kernel_s_own_words():
    target = FakeTarget([Instance("web-0", "web", "10.1.0.1")])
    target.answer(["sh"], exit_code=1, stderr="Error: Could not process rule: Operation not supported")
    with pytest.raises(FaultError, match="Operation not supported"):
        FaultEngine(target).prepare("web-0")


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"namespace": "No Such"}, "namespace must be a name of small letters"),
        ({"keep": "maybe"}, "keep must be true or false"),
        ({"service": "web", "selector": "app"}, "selector must read KEY=VALUE"),
        ({"selector": "app=web"}, "name that service, too"),
    ],
)
def test_a_wrong_variable(variables, sentence):
    with pytest.raises(UsageError, match=sentence):
        cluster_settings(variables)


def test_a_service_of_one_s_own_is_deployed_already():
    assert cluster_settings({"service": "web", "selector": "app=web"}).deployed
    assert system_to_run({"service": "web"}, "resilient", None).services[0].name == "web"


def test_a_release_that_no_run_installed_is_left_alone(api, monkeypatch):
    root = "/api/v1/namespaces/demo"
    api.objects[root] = {"status": {"phase": "Active"}}
    api.list_of(f"{root}/secrets", {"metadata": {"labels": {"owner": "helm", "name": "chaosproof-demo"}}})
    system = load_system(SYSTEM, "resilient", "s4")
    with pytest.raises(UsageError, match="has a release chaosproof-demo that no run installed"):
        launch_in_cluster(system, {}, run="r")
    assert {method for method, _, _ in api.asked} == {"GET"}


def test_a_release_of_a_living_run_is_left_alone(api, monkeypatch):
    root = "/api/v1/namespaces/demo"
    api.objects[root] = {"status": {"phase": "Active"}}
    host = socket.gethostname()
    labels = {"chaosproof": "s4-resilient-1", "host": host, "pid": "1"}
    api.list_of(f"{root}/secrets", {"metadata": {"labels": labels}})
    system = load_system(SYSTEM, "resilient", "s4")
    with pytest.raises(UsageError, match=r"The run s4-resilient-1 .process 1. uses the namespace demo now"):
        launch_in_cluster(system, {}, run="r")
    assert {method for method, _, _ in api.asked} == {"GET"}


def test_without_helm_nothing_is_asked_of_the_cluster_and_both_ways_to_get_it_are_named(api, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"put the command helm on PATH .*pip install -e '\.\[helm\]'"):
        launch_in_cluster(load_system(SYSTEM, "resilient", "s4"), {}, run="r")
    assert api.asked == []


def test_the_chart_is_given_the_overlays_and_which_system_it_is():
    system = load_system(SYSTEM, "resilient", "s4")
    chart = chart_of(system)
    assert chart is not None
    assert (chart.name, chart.namespace, chart.images[chart.load_image]) == (
        "chaosproof-demo",
        "demo",
        "chaosproof/demo:0.2.0",
    )
    values = chart_values(chart, system, {"demo": "mine:1"})
    assert values["systems"] == {"grpc": True, "router": False}
    assert values["services"]["app-a"]["environment"]["DEADLINE_MS"] == "500"
    assert values["images"] == {"demo": "mine:1"}


def test_an_ephemeral_container_gets_net_admin_and_nothing_else():
    security = ephemeral_container("chaos:1")["securityContext"]
    assert security["capabilities"] == {"drop": ["ALL"], "add": ["NET_ADMIN"]}
    assert security["privileged"] is False


def test_a_pod_without_a_sidecar_gets_an_ephemeral_container(api, cluster):
    bare = pod("web-0", containers=["app"])
    api.objects[f"{ROOT}/pods/web-0"] = bare

    def added(raw):
        running = [{"name": "chaos", "state": {"running": {}}}]
        return {**raw, "status": {**raw["status"], "ephemeralContainerStatuses": running}}

    api.after["PATCH", f"{ROOT}/pods/web-0/ephemeralcontainers"] = lambda: api.objects.__setitem__(
        f"{ROOT}/pods/web-0", added(bare)
    )
    assert netadmin_container_of(cluster, read_pod(bare)) == "chaos"
    patches = [body for method, _, body in api.asked if method == "PATCH"]
    assert patches == [{"spec": {"ephemeralContainers": [ephemeral_container("chaosproof/chaos:0.2.0")]}}]
    assert not [path for method, path, _ in api.asked if method in ("POST", "DELETE")]


@pytest.mark.parametrize(("status", "why"), [(404, "no ephemeral containers"), (403, "does not allow it")])
def test_where_neither_can_be_had_one_sentence_says_so(api, cluster, status, why):
    bare = pod("web-0", containers=["app"])
    api.objects[f"{ROOT}/pods/web-0"] = bare
    api.refuse["PATCH", f"{ROOT}/pods/web-0/ephemeralcontainers"] = (status, "no")
    with pytest.raises(TargetError, match=f"The network of web-0 cannot be changed.*{why}"):
        netadmin_container_of(cluster, read_pod(bare))
