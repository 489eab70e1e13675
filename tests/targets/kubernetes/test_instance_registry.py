"""Which pod is which instance, and what became of those before it."""

import pytest

from chaosproof.errors import TargetError, UsageError
from chaosproof.targets.kubernetes.pods.instance_registry import InstanceRegistry
from chaosproof.targets.kubernetes.pods.pods import (
    assign_instances,
    instance_of,
    read_pod,
    service_backend_of,
    troubles,
)
from tests.support.kubernetes_api import pod, service


def _registry(*pods):
    backing = service_backend_of(service("app-a"))
    return InstanceRegistry(
        {"app-a": backing}, {"app-a": assign_instances(backing, [read_pod(one) for one in pods])}
    )


def test_pods_of_a_stateful_set_keep_their_names():
    registry = _registry(pod("app-a-1"), pod("app-a-0"), pod("app-b-0"))
    assert list(registry.slots) == ["app-a-0", "app-a-1"]


def test_the_instances_of_all_services_are_in_order_of_name_and_so_is_the_list_of_those_there_are():
    backing = {name: service_backend_of(service(name)) for name in ("app-b", "app-a")}
    pods = [read_pod(pod(name)) for name in ("app-b-0", "app-a-1", "app-a-0")]
    registry = InstanceRegistry(backing, {name: assign_instances(backing[name], pods) for name in backing})
    assert list(registry.slots) == ["app-a-0", "app-a-1", "app-b-0"]
    with pytest.raises(TargetError, match=r"no instance 'app-a-9'; there are: app-a-0, app-a-1, app-b-0\."):
        registry.slot("app-a-9")


def test_pods_of_a_deployment_become_places_and_a_new_pod_takes_the_place_of_a_gone_one():
    labels = {"app.kubernetes.io/name": "app-a"}

    def one(name, **more):
        return pod(name, labels=labels, owner="ReplicaSet", **more)

    registry = _registry(one("app-a-7d-xyz", created="2"), one("app-a-7d-abc", created="1"))
    assert {name: place.pod.name for name, place in registry.slots.items()} == {
        "app-a-0": "app-a-7d-abc",
        "app-a-1": "app-a-7d-xyz",
    }
    registry.gone(read_pod(one("app-a-7d-xyz")))
    registry.seen(read_pod(one("app-a-7d-new")))
    assert registry.slot("app-a-1").pod.name == "app-a-7d-new"
    assert registry.slot("app-a-1").deaths == 1


def test_an_end_that_nobody_asked_for_is_a_death_and_one_that_was_is_a_stop():
    registry = _registry(pod("app-a-0"), pod("app-a-1"))
    registry.expect_end("app-a-0")
    assert registry.gone(read_pod(pod("app-a-0"))) == [("app-a-0", "killed", "the pod was deleted")]
    assert registry.gone(read_pod(pod("app-a-1"))) == [("app-a-1", "exited", "the pod was deleted")]
    assert (registry.slot("app-a-0").stops, registry.slot("app-a-0").deaths) == (1, 0)
    assert (registry.slot("app-a-1").stops, registry.slot("app-a-1").deaths) == (0, 1)


def test_a_container_that_was_started_again_died_and_is_back():
    registry = _registry(pod("app-a-0"))
    events = registry.seen(read_pod(pod("app-a-0", restarts=1, ready=False)))
    assert [event for _, event, _ in events] == ["exited", "started"]
    assert [event for _, event, _ in registry.seen(read_pod(pod("app-a-0", restarts=1)))] == ["ready"]
    place = registry.slot("app-a-0")
    assert (place.alive, place.ready, place.deaths, place.restarts) == (True, True, 1, 1)


def test_a_late_word_that_a_killed_program_runs_does_not_revive_it():
    registry = _registry(pod("app-a-0"))
    registry.expect_end("app-a-0")
    registry.ended("app-a-0", "SIGKILL")
    assert registry.seen(read_pod(pod("app-a-0"))) == []
    assert not registry.slot("app-a-0").alive
    assert registry.slot("app-a-0").stops == 1


def test_a_stop_counts_once_however_often_it_is_seen():
    registry = _registry(pod("app-a-0"))
    registry.expect_end("app-a-0")
    leaving = pod("app-a-0", metadata={"deletionTimestamp": "now"})
    ended = pod("app-a-0", metadata={"deletionTimestamp": "now"}, state={"terminated": {"exitCode": 0}})
    assert registry.seen(read_pod(leaving)) == [("app-a-0", "not_ready", "the cluster's word")]
    assert registry.seen(read_pod(ended)) == [("app-a-0", "killed", "the pod was deleted exit code 0")]
    assert registry.gone(read_pod(ended)) == []
    registry.seen(read_pod(pod("app-a-0", uid="another")))
    assert (registry.slot("app-a-0").stops, registry.slot("app-a-0").deaths) == (1, 0)


def test_a_pod_that_starts_for_the_first_time_is_no_restart():
    registry = _registry(pod("app-a-0", ready=False, state={"waiting": {"reason": "ContainerCreating"}}))
    events = registry.seen(read_pod(pod("app-a-0")))
    assert [event for _, event, _ in events] == ["started", "ready"]
    assert registry.slot("app-a-0").restarts == 0


def test_ports_are_those_of_the_pod_behind_the_service():
    backing = service_backend_of(
        service("shop", {"app": "shop"}, ports=[{"name": "web", "port": 80, "targetPort": "http"}])
    )
    found = instance_of(
        "shop-0", backing, read_pod(pod("shop-0", labels={"app": "shop"})), ("/metrics", None)
    )
    assert found.ports["web"] == 8080
    assert backing.address.ports == {"web": 80}


def test_the_metrics_port_is_the_system_file_s_or_the_annotation_s():
    noted = pod(
        "app-a-0", metadata={"annotations": {"prometheus.io/port": "9100", "prometheus.io/path": "/m"}}
    )
    backing = service_backend_of(service("app-a"))
    assert instance_of("app-a-0", backing, read_pod(noted), ("/metrics", 8080)).metrics_port == 8080
    own = instance_of("app-a-0", backing, read_pod(noted), ("/metrics", None))
    assert (own.metrics_path, own.metrics_port) == ("/m", 9100)


def test_a_selector_that_matches_nothing_is_named():
    with pytest.raises(TargetError, match=r"No pod has the labels app=gone of the service shop"):
        assign_instances(service_backend_of(service("shop", {"app": "gone"})), [read_pod(pod("app-a-0"))])


def test_a_service_without_a_selector_has_no_pods_of_its_own():
    with pytest.raises(UsageError, match="shop selects no pods"):
        service_backend_of(service("shop", {}))


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"waiting": {"reason": "ContainerCreating"}}, ""),
        (
            {"waiting": {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "x:1"'}},
            'container app: ImagePullBackOff: Back-off pulling image "x:1"',
        ),
        ({"running": {}}, ""),
    ],
)
def test_a_pod_says_what_keeps_it(state, words):
    assert troubles(pod("app-a-0", state=state)) == words
