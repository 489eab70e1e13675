"""Who may do what in a pod, and what an upgrade from one mode to the other touches."""

import math
from typing import Any

import pytest

from tests.chart.cases import SCENARIOS, lab_system, name_of
from tests.chart.conftest import Rendered

MAY_BE_HIT = {"app-a", "app-b", "nats", "router", "gateway"}


def test_nothing_but_the_sidecar_has_a_capability(all_of_it: Rendered) -> None:
    sidecars = set()
    for name, container in all_of_it.containers().items():
        security = container["securityContext"]
        assert security["capabilities"]["drop"] == ["ALL"], name
        assert security["readOnlyRootFilesystem"] is True, name
        assert security["allowPrivilegeEscalation"] is False, name
        assert "privileged" not in security, name
        if name.endswith("/chaos"):
            sidecars.add(name.removesuffix("/chaos"))
            assert security["capabilities"]["add"] == ["NET_ADMIN"]
        else:
            assert "add" not in security["capabilities"], name
            assert (security["runAsNonRoot"], security["runAsUser"]) == (True, 10001), name
    assert sidecars == MAY_BE_HIT


def test_every_pod_is_confined_and_none_shares_anything_with_its_node(all_of_it: Rendered) -> None:
    for name, pod in all_of_it.pods().items():
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys(), name
        assert all("hostPath" not in volume for volume in pod["volumes"]) if "volumes" in pod else True, name


def test_only_what_talks_to_the_cluster_has_a_token(all_of_it: Rendered) -> None:
    with_token = {name for name, pod in all_of_it.pods().items() if pod["automountServiceAccountToken"]}
    assert with_token == {"chaosproof-cron"}


def test_every_container_says_what_it_needs_and_none_is_throttled(all_of_it: Rendered) -> None:
    for name, container in all_of_it.containers().items():
        resources = container["resources"]
        assert {"cpu", "memory"} == resources["requests"].keys(), name
        assert {"memory"} == resources["limits"].keys(), name


def test_every_object_has_the_recommended_labels(all_of_it: Rendered) -> None:
    for one in all_of_it.objects:
        labels = one["metadata"]["labels"]
        assert {
            f"app.kubernetes.io/{key}" for key in ("name", "instance", "version", "part-of", "managed-by")
        } | {"helm.sh/chart"} == labels.keys(), one["metadata"]["name"]


@pytest.mark.parametrize("system", SCENARIOS)
def test_readiness_is_asked_for_every_second_as_the_system_file_says(
    system: str, rendered: dict[str, Rendered]
) -> None:
    scenario = SCENARIOS[system][0]
    containers = rendered[name_of(system, "resilient", scenario)].containers()
    for service in lab_system(system, "resilient", scenario).services:
        assert service.healthcheck is not None
        app = containers[f"{service.name}/app"]
        assert asked(app["readinessProbe"]) == (service.healthcheck.kind, service.healthcheck.target)
        assert app["readinessProbe"]["periodSeconds"] == 1
        assert app["startupProbe"]["failureThreshold"] == math.ceil(service.healthcheck.timeout_s)


def asked(probe: dict[str, Any]) -> tuple[str, str]:
    if "httpGet" in probe:
        return "http", probe["httpGet"]["path"]
    if "tcpSocket" in probe:
        return "tcp", probe["tcpSocket"]["port"]
    return "unix", probe["exec"]["command"][-1]


@pytest.mark.parametrize("scenario", SCENARIOS["grpc"])
def test_a_change_of_mode_leaves_the_pods_of_app_b_as_they_are(
    scenario: str, rendered: dict[str, Rendered]
) -> None:
    before, after = (rendered[name_of("grpc", mode, scenario)] for mode in ("baseline", "resilient"))
    assert before.of("StatefulSet")["app-b"] == after.of("StatefulSet")["app-b"]
    assert before.of("StatefulSet")["app-a"] != after.of("StatefulSet")["app-a"]


def test_an_instance_serves_on_while_it_is_taken_out_of_its_service(rendered: dict[str, Rendered]) -> None:
    for name, pod in rendered["plain"].pods().items():
        if name.startswith("app-"):
            stop = pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"]
            assert stop == ["sleep", "1"]
            assert pod["terminationGracePeriodSeconds"] > int(stop[1])


def test_prometheus_asks_every_instance_of_what_is_installed(all_of_it: Rendered) -> None:
    config = all_of_it.of("ConfigMap")["prometheus"]["data"]["prometheus.yml"]
    for instance in ("app-a-0", "app-a-1", "app-b-0", "app-b-1", "app-b-2", "router-0", "gateway-0"):
        service = instance[:-2]
        assert f"targets: ['{instance}.{service}-pods:8080']" in config
        assert f"labels: {{instance: {instance}, service: {service}}}" in config
    assert config.count("targets:") == 7


def test_the_notes_name_the_next_command_for_what_is_installed(rendered: dict[str, Rendered]) -> None:
    for system, scenario in (("grpc", "s4"), ("router", "r4")):
        notes = rendered[name_of(system, "resilient", scenario)].files["NOTES.txt"]
        assert f"chaos run experiments/{scenario}.json --var namespace=demo --var deployed=true" in notes
