"""Pods as other people have them: in their node's network, evicted, in a mesh, of two address families, added later."""

import json
from types import SimpleNamespace

import pytest

from chaosproof.errors import TargetError, UsageError
from chaosproof.faults.canary import canary_address
from chaosproof.faults.model import Fault
from chaosproof.faults.selector import resolve_peer
from chaosproof.targets.base import Address, Instance
from chaosproof.targets.kubernetes.pods.instance_registry import InstanceRegistry
from chaosproof.targets.kubernetes.pods.netadmin import netadmin_container_of
from chaosproof.targets.kubernetes.pods.pod_watch import PodWatch
from chaosproof.targets.kubernetes.pods.pods import (
    assign_instances,
    instance_of,
    read_pod,
    service_backend_of,
)
from chaosproof.targets.kubernetes.pods.services import find_services
from tests.support.fake_target import FakeTarget
from tests.support.kubernetes_api import pod, service
from tests.support.waiting import eventually

ROOT = "/api/v1/namespaces/shop"
LABELS = {"app": "checkout"}


def _one(name, **more):
    more.setdefault("containers", ["app"])
    return pod(name, labels=LABELS, owner="ReplicaSet", **more)


def _evicted(name, **more):
    status = {"phase": "Failed", "reason": "Evicted", "podIP": "", "containerStatuses": []}
    return _one(name, status=status, **more)


def _registry(*pods):
    backends = {"checkout": service_backend_of(service("checkout", LABELS))}
    return InstanceRegistry(
        backends, {"checkout": assign_instances(backends["checkout"], list(map(read_pod, pods)))}
    )


@pytest.mark.parametrize("containers", [["app"], ["app", "chaos"]], ids=["bare", "with a sidecar"])
def test_a_pod_in_its_node_s_network_is_refused_before_anything_is_asked(api, cluster, containers):
    raw = _one("checkout-a", containers=containers, spec={"hostNetwork": True})
    with pytest.raises(
        UsageError, match=r"checkout-a is in the network of its node node \(hostNetwork: true\)"
    ):
        netadmin_container_of(cluster, read_pod(raw))
    assert api.asked == []


def test_evicted_and_finished_pods_are_no_instances():
    done = _one("checkout-done", created="1", status={"phase": "Succeeded", "containerStatuses": []})
    registry = _registry(_evicted("checkout-dead", created="0"), done, _one("checkout-live", created="2"))
    assert {name: slot.pod.name for name, slot in registry.slots.items()} == {"checkout-0": "checkout-live"}


def test_where_every_pod_is_evicted_that_is_the_sentence():
    with pytest.raises(
        TargetError, match=r"No pod has the labels .*: checkout-dead has finished \(Evicted\)"
    ):
        _registry(_evicted("checkout-dead"))


def test_an_evicted_pod_that_is_listed_again_takes_nobody_s_place():
    registry = _registry(_one("checkout-a"))
    registry.gone(read_pod(_one("checkout-a")))
    assert registry.seen(read_pod(_evicted("checkout-dead"))) == []
    registry.seen(read_pod(_one("checkout-b")))
    assert registry.slot("checkout-0").pod.name == "checkout-b"


def test_a_pod_that_is_evicted_in_the_run_has_died_of_it():
    registry = _registry(_one("checkout-a"))
    assert registry.seen(read_pod(_evicted("checkout-a"))) == [("checkout-0", "exited", "Evicted")]


def test_a_pod_that_is_added_in_the_run_is_an_instance_once_it_runs():
    registry = _registry(_one("checkout-a", created="1"), _one("checkout-b", created="2"))
    pending = {"phase": "Pending", "containerStatuses": []}
    assert registry.seen(read_pod(_one("checkout-c", status=pending, ready=False))) == []
    events = registry.seen(read_pod(_one("checkout-c")))
    assert [(name, event) for name, event, _ in events] == [
        ("checkout-2", "started"),
        ("checkout-2", "ready"),
    ]
    assert list(registry.slots) == ["checkout-0", "checkout-1", "checkout-2"]
    assert (registry.slot("checkout-2").restarts, registry.slot("checkout-2").deaths) == (0, 0)


def test_a_pod_behind_two_services_is_an_instance_of_both_for_good():
    backends = {name: service_backend_of(service(name, LABELS)) for name in ("a", "b")}
    pods = [read_pod(_one("checkout-a"))]
    registry = InstanceRegistry(backends, {name: assign_instances(backends[name], pods) for name in backends})
    registry.gone(pods[0])
    registry.seen(read_pod(_one("checkout-b")))
    assert [slot.pod.name for slot in registry.slots.values()] == ["checkout-b", "checkout-b"]


@pytest.mark.parametrize(
    ("containers", "program"),
    [
        (["linkerd-proxy", "app"], "app"),
        (["istio-proxy", "chaos", "app"], "app"),
        (["linkerd-proxy", "load"], "load"),
    ],
)
def test_a_mesh_s_proxy_is_not_the_program(containers, program):
    known = read_pod(pod("checkout-a", containers=containers))
    assert (known.program, known.mesh) == (program, containers[0])


@pytest.mark.parametrize(("policy", "netadmin"), [("Always", "chaos"), (None, None)])
def test_a_native_sidecar_is_a_sidecar_and_an_init_container_is_none(policy, netadmin):
    init = [{"name": "chaos", "image": "c", **({"restartPolicy": policy} if policy else {})}]
    assert read_pod(_one("checkout-a", spec={"initContainers": init})).netadmin == netadmin


def _with_ephemeral(*containers):
    """A pod with these ephemeral containers (name, image, state)."""
    raw = _one("checkout-a")
    raw["spec"]["ephemeralContainers"] = [{"name": name, "image": image} for name, image, _ in containers]
    raw["status"]["ephemeralContainerStatuses"] = [
        {"name": name, "state": state} for name, _, state in containers if state
    ]
    return raw


def _netadmin_with(api, cluster, raw, state):
    """The container that is used, and the names of those that were added; each is in `state` when it is there."""
    path = f"{ROOT}/pods/checkout-a"
    api.objects[path] = raw
    added = []

    def add():
        (container,) = next(body for method, _, body in reversed(api.asked) if method == "PATCH")["spec"][
            "ephemeralContainers"
        ]
        added.append(container["name"])
        raw["status"].setdefault("ephemeralContainerStatuses", []).append({"name": added[-1], "state": state})

    api.after["PATCH", f"{path}/ephemeralcontainers"] = add
    return SimpleNamespace(name=netadmin_container_of(cluster, read_pod(raw), "new:1"), added=added)


def test_where_an_ephemeral_container_has_ended_the_next_one_has_another_name(api, cluster):
    raw = _with_ephemeral(("chaos", "new:1", {"terminated": {"exitCode": 0}}))
    done = _netadmin_with(api, cluster, raw, {"running": {}})
    assert (done.name, done.added) == ("chaos-2", ["chaos-2"])


def test_somebody_else_s_ephemeral_container_is_not_ours(api, cluster):
    raw = _with_ephemeral(("chaos-debug", "x", {"running": {}}))
    assert _netadmin_with(api, cluster, raw, {"running": {}}).name == "chaos"


def test_one_that_is_just_being_added_is_waited_for_and_not_doubled(api, cluster, monkeypatch):
    monkeypatch.setattr("chaosproof.targets.kubernetes.pods.netadmin._WITHIN_S", 0.2)
    raw = _with_ephemeral(("chaos", "new:1", None))
    with pytest.raises(TargetError, match="it did not start within"):
        _netadmin_with(api, cluster, raw, {"running": {}})
    assert not [1 for method, _, _ in api.asked if method == "PATCH"]


def test_an_image_that_cannot_be_the_sidecar_is_named_at_once(api, cluster):
    ended = {"terminated": {"exitCode": 128, "message": 'exec: "sh": executable file not found in $PATH'}}
    with pytest.raises(
        TargetError, match=r'exit code 128\) exec: "sh".*new:1 must be the image chaosproof/chaos'
    ):
        _netadmin_with(api, cluster, _one("checkout-a"), ended)


def test_a_namespace_that_enforces_pod_security_is_told_of_with_its_remedy(api, cluster):
    api.objects[f"{ROOT}/pods/checkout-a"] = _one("checkout-a")
    why = 'pods "checkout-a" is forbidden: violates PodSecurity "restricted:latest": NET_ADMIN'
    api.refuse["PATCH", f"{ROOT}/pods/checkout-a/ephemeralcontainers"] = (403, why)
    with pytest.raises(
        TargetError, match=r"restricted:latest.*kubectl label namespace shop .*enforce=privileged"
    ):
        netadmin_container_of(cluster, read_pod(_one("checkout-a")))


def _headless():
    backend = service_backend_of(service("db", {"app": "db"}, clusterIP="None", clusterIPs=["None"]))
    return FakeTarget(
        [Instance("db-0", "db", "10.1.0.1", ports={"sql": 5432}), Instance("app-0", "app", "10.1.0.2")],
        {"db": backend.address, "app": Address("app", "10.0.0.9", {})},
    )


@pytest.mark.parametrize("peer", [None, "db"])
def test_a_headless_service_is_its_pods(peer):
    target = _headless()
    fault = Fault(kind="reset", port=5432, duration_s=5, peer=peer)
    assert canary_address(fault, "app-0", target) == ("10.1.0.1", 5432)
    assert [str(network) for network in resolve_peer("db", target)] == ["10.1.0.1/32"]


def test_a_headless_service_without_pods_that_have_an_address_is_nobody():
    target = FakeTarget([Instance("db-0", "db", "")], {"db": Address("db", "", {})})
    with pytest.raises(TargetError, match="service db has no address now"):
        resolve_peer("db", target)


def test_a_headless_service_is_there_unless_another_stands_before_the_same_pods(api, cluster):
    services = [
        service("db-pods", {"app": "db"}, clusterIP="None"),
        service("db", {"app": "db"}),
        service("queue", {"app": "queue"}, clusterIP="None"),
    ]
    api.list_of(f"{ROOT}/services", *services)
    assert list(find_services(cluster, [])) == ["db", "queue"]


@pytest.mark.parametrize(
    ("addresses", "pair"),
    [
        (["10.1.0.1", "fd00::1"], ("10.1.0.1", "fd00::1")),
        (["fd00::1", "10.1.0.1"], ("10.1.0.1", "fd00::1")),
        (["fd00::1"], ("fd00::1", "")),
    ],
    ids=["IPv4 first", "IPv6 first", "IPv6 alone"],
)
def test_pods_and_services_of_both_families_are_met_in_both(addresses, pair):
    status = {"podIP": addresses[0], "podIPs": [{"ip": each} for each in addresses]}
    backend = service_backend_of(service("checkout", LABELS, clusterIP=addresses[0], clusterIPs=[*addresses]))
    instance = instance_of(
        "checkout-0", backend, read_pod(_one("checkout-a", status=status)), ("/metrics", None)
    )
    assert (instance.address, instance.address6) == pair
    target = FakeTarget([instance], {"checkout": backend.address})
    assert {str(network.network_address) for network in resolve_peer("checkout", target)} == set(addresses)


def test_the_watch_names_a_pod_that_was_added(api, cluster, tmp_path):
    api.list_of(f"{ROOT}/pods", _one("checkout-a"))
    api.watch = [{"type": "ADDED", "object": _one("checkout-b")}, ""]
    log = tmp_path / "readiness.ndjson"
    watch = PodWatch(cluster, {"checkout": service_backend_of(service("checkout", LABELS))}, log)
    try:
        assert eventually(lambda: len(watch.all()) == 2)
    finally:
        watch.close()
    assert "checkout-1" in {json.loads(line)["instance"] for line in log.read_text().splitlines()}
