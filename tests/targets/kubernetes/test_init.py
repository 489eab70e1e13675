"""`chaosproof init`: from labels to an experiment that is whole, with nothing changed in the cluster."""

import json

import pytest
import yaml
from chaoslib.experiment import ensure_experiment_is_valid
from click.testing import CliRunner

from chaosproof.cli.cluster.init import init
from chaosproof.errors import UsageError
from chaosproof.experiment.experiment import mistakes_of
from tests.support.kubernetes_api import pod, service

ROOT = "/api/v1/namespaces/shop"
CALL = ["--namespace", "shop", "--selector", "app=checkout", "--port", "50051"]


@pytest.fixture
def shop(api):
    labels = {"app": "checkout"}
    api.objects[ROOT] = {"metadata": {"name": "shop"}}
    api.objects["/version"] = {"gitVersion": "v1.31.2", "minor": "31"}
    grpc = [{"name": "grpc", "port": 50051, "targetPort": 50051}]
    api.list_of(f"{ROOT}/services", service("checkout", labels, ports=grpc), service("cart", {"app": "cart"}))
    api.list_of(
        f"{ROOT}/pods",
        pod("checkout-7d-b", labels=labels, owner="ReplicaSet", created="2", containers=["app"]),
        pod("checkout-7d-a", labels=labels, owner="ReplicaSet", created="1", containers=["app"]),
        pod("cart-0", labels={"app": "cart"}),
    )
    return api


def _init(folder, *more):
    return CliRunner().invoke(init, [*CALL, "--folder", str(folder), *more], catch_exceptions=False)


def test_the_experiment_is_whole_and_names_one_pod_of_the_service(shop, tmp_path):
    assert _init(tmp_path).exit_code == 0
    experiment = json.loads((tmp_path / "shop-checkout.json").read_text())
    ensure_experiment_is_valid(experiment)
    assert mistakes_of(experiment) == ()
    settings = experiment["configuration"]
    assert (settings["namespace"], settings["service"], settings["fault_instance"]) == (
        "shop",
        "checkout",
        "checkout-0",
    )
    ready = experiment["steady-state-hypothesis"]["probes"][0]
    assert ready["tolerance"]["range"][0] == 2, "as many as there are, or more: a service may be scaled up"
    fault = experiment["method"][0]["provider"]
    assert fault["func"] == "reset"
    assert fault["arguments"]["direction"] == "ingress", "50051 is the service's own port"


def test_with_a_url_users_are_there_too(shop, tmp_path):
    assert _init(tmp_path, "--url", "http://checkout:8080/").exit_code == 0
    experiment = json.loads((tmp_path / "shop-checkout.json").read_text())
    ensure_experiment_is_valid(experiment)
    assert mistakes_of(experiment) == ()
    assert experiment["method"][0]["name"] == "users send requests"


def test_a_pod_that_has_printed_nothing_is_not_asked_for_its_log(shop, tmp_path):
    """An empty artifact fails a run, however well the service does."""
    shop.objects[f"{ROOT}/pods/checkout-7d-a/log"] = ""
    shop.objects[f"{ROOT}/pods/checkout-7d-b/log"] = "listening"
    said = _init(tmp_path).output
    (extension,) = json.loads((tmp_path / "shop-checkout.json").read_text())["extensions"]
    assert extension["artifacts"] == ["checkout-1.log"]
    assert "quiet      checkout-0: nothing printed so far, so the experiment asks for no log of them" in said


def test_where_logs_may_not_be_read_they_are_asked_for(shop, tmp_path):
    shop.refuse["GET", f"{ROOT}/pods/checkout-7d-a/log"] = (403, "no")
    assert "quiet" not in _init(tmp_path).output
    (extension,) = json.loads((tmp_path / "shop-checkout.json").read_text())["extensions"]
    assert extension["artifacts"] == ["checkout-0.log", "checkout-1.log"]


def test_it_says_which_rights_are_missing_and_how_the_network_can_be_changed(shop, tmp_path):
    shop.objects["allowed"] = True
    said = _init(tmp_path).output
    assert "MISSING get, create get, create pods/exec" in said
    assert (
        "ephemeral  checkout-7d-b, checkout-7d-a: no sidecar chaos; a container with NET_ADMIN is added"
        in said
    )
    assert "none       Prometheus" in said


def test_an_old_cluster_has_no_ephemeral_containers(shop, tmp_path):
    shop.objects["/version"] = {"gitVersion": "v1.20.2", "minor": "20"}
    assert "this cluster (v1.20.2) is too old to add one to a running pod" in _init(tmp_path).output


def test_the_role_has_the_rights_that_were_asked_for_and_no_other_namespace(shop, tmp_path):
    _init(tmp_path)
    role = yaml.safe_load((tmp_path / "shop-checkout.role.yaml").read_text())
    assert (role["kind"], role["metadata"]["namespace"]) == ("Role", "shop")
    assert not [
        rule for rule in role["rules"] if "*" in rule["verbs"] + rule["resources"] + rule["apiGroups"]
    ]


def test_nothing_in_the_cluster_is_changed_and_nothing_outside_of_the_namespace_is_looked_at(shop, tmp_path):
    _init(tmp_path)
    reviews = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    changed = {path for method, path, _ in shop.asked if method != "GET"}
    assert changed == {reviews}
    places = {path for _, path, _ in shop.asked} - {reviews, "/version"}
    assert all(path == ROOT or path.startswith(ROOT + "/") for path in places)


def test_files_that_are_there_are_not_written_over(shop, tmp_path):
    _init(tmp_path)
    with pytest.raises(UsageError, match=r"shop-checkout.json is there already; write over it with --force"):
        _init(tmp_path)
    assert _init(tmp_path, "--force").exit_code == 0


@pytest.mark.parametrize(
    ("selector", "sentence"),
    [
        ("app=gone", "No pod of the namespace shop has the labels app=gone"),
        ("app", "selector must read KEY=VALUE"),
    ],
)
def test_labels_of_nothing(shop, tmp_path, selector, sentence):
    with pytest.raises(UsageError, match=sentence):
        _init(tmp_path, "--selector", selector)


def test_labels_of_two_services(shop, tmp_path):
    front = {"tier": "front"}
    shop.list_of(f"{ROOT}/services", service("a", {"app": "a"}), service("b", {"app": "b"}))
    shop.list_of(
        f"{ROOT}/pods", pod("a-0", labels={"app": "a", **front}), pod("b-0", labels={"app": "b", **front})
    )
    with pytest.raises(
        UsageError, match=r"tier=front selects pods of several services \(a, b\); name the one"
    ):
        _init(tmp_path, "--selector", "tier=front")


def test_pods_in_their_node_s_network_are_refused_and_nothing_is_written(shop, tmp_path):
    labels = {"app": "checkout"}
    shop.list_of(f"{ROOT}/pods", pod("checkout-a", labels=labels, spec={"hostNetwork": True}))
    with pytest.raises(
        UsageError, match=r"checkout-a is in the network of its node node \(hostNetwork: true\)"
    ):
        _init(tmp_path)
    assert not list(tmp_path.glob("*.json"))
