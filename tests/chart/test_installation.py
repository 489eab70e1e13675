"""What is installed: names, ports, replicas and settings; the account that runs experiments, and its cron job."""

from typing import Any

import pytest

from tests.chart.cases import CHART, MODES, ROOT, SCENARIOS, lab_system, name_of, run_cases
from tests.chart.conftest import Rendered

HTTP = {"http": 8080}
PROMETHEUS = {"prometheus": (1, {"http": 9090})}
INSTALLED: dict[str, dict[str, tuple[int, dict[str, int]]]] = {
    "grpc": {"app-a": (2, HTTP), "app-b": (3, {"grpc": 50051, **HTTP}), **PROMETHEUS},
    "router": {"nats": (1, {"nats": 4222}), "router": (1, HTTP), "gateway": (1, HTTP), **PROMETHEUS},
}
CONTAINERS = {
    "app-a": ["wait", "app", "chaos"],
    "app-b": ["app", "chaos"],
    "nats": ["app", "chaos"],
    "router": ["wait", "app", "chaos"],
    "gateway": ["wait", "app", "chaos", "load"],
    "prometheus": ["prometheus"],
}
IMAGES = {
    "app": "chaosproof/demo:0.2.0",
    "wait": "chaosproof/demo:0.2.0",
    "load": "chaosproof/demo:0.2.0",
    "chaos": "chaosproof/chaos:0.2.0",
    "prometheus": "docker.io/prom/prometheus:v3.5.0",
}
RIGHTS = {
    "namespaces": {"get"},
    "pods": {"get", "list", "watch", "delete"},
    "pods/exec": {"get", "create"},
    "pods/log": {"get"},
    "pods/proxy": {"get"},
    "services/proxy": {"get"},
    "services": {"get", "list"},
    "events": {"list"},
    "jobs": {"create", "delete"},
    "configmaps": {"create", "delete"},
}


@pytest.fixture(params=INSTALLED)
def whole(request: pytest.FixtureRequest, rendered: dict[str, Rendered]) -> tuple[str, Rendered]:
    scenario = {"grpc": "s4", "router": "r4"}[request.param]
    return request.param, rendered[name_of(request.param, "resilient", scenario)]


def environment_of(container: dict[str, Any]) -> dict[str, str]:
    return {entry["name"]: entry["value"] for entry in container["env"] if "value" in entry}


def without_environment(rendered: Rendered) -> dict[str, Any]:
    sets = rendered.of("StatefulSet")
    for stateful_set in sets.values():
        for container in stateful_set["spec"]["template"]["spec"]["containers"]:
            container.pop("env", None)
    return sets


def test_each_service_has_its_replicas_and_its_own_pods(whole: tuple[str, Rendered]) -> None:
    system, rendered = whole
    sets = rendered.of("StatefulSet")
    assert {name: one["spec"]["replicas"] for name, one in sets.items()} == {
        name: replicas for name, (replicas, _) in INSTALLED[system].items()
    }
    for name, one in sets.items():
        selector = {"app.kubernetes.io/name": name, "app.kubernetes.io/instance": "demo"}
        spec, template = one["spec"], one["spec"]["template"]
        assert spec["selector"]["matchLabels"] == selector
        assert selector.items() <= template["metadata"]["labels"].items()
        if name != "prometheus":
            assert (spec["serviceName"], spec["podManagementPolicy"]) == (f"{name}-pods", "Parallel")
            assert template["spec"]["shareProcessNamespace"] is True
            assert template["metadata"]["annotations"]["kubectl.kubernetes.io/default-container"] == "app"


def test_each_service_is_reached_by_its_name_and_each_instance_by_its_own(
    whole: tuple[str, Rendered],
) -> None:
    system, rendered = whole
    services = rendered.of("Service")
    assert set(services) == {
        *INSTALLED[system],
        *(f"{n}-pods" for n in INSTALLED[system] if n != "prometheus"),
    }
    for name, (_, ports) in INSTALLED[system].items():
        fronts = [services[name]] if name == "prometheus" else [services[name], services[f"{name}-pods"]]
        for front in fronts:
            assert front["spec"]["selector"] == {
                "app.kubernetes.io/name": name,
                "app.kubernetes.io/instance": "demo",
            }
            # equal inside and outside: a fault in a pod sees the one on egress, the other on ingress
            assert [
                (port["name"], port["port"], port["targetPort"], port["protocol"])
                for port in front["spec"]["ports"]
            ] == [(port, ports[port], port, "TCP") for port in sorted(ports)]
    headless = {name for name, service in services.items() if service["spec"].get("clusterIP") == "None"}
    assert headless == {name for name in services if name.endswith("-pods")}
    assert all(services[name]["spec"]["publishNotReadyAddresses"] for name in headless)


def test_each_pod_has_its_containers_and_their_images(whole: tuple[str, Rendered]) -> None:
    system, rendered = whole
    containers = rendered.containers()
    for name in INSTALLED[system]:
        mine = {
            key.removeprefix(f"{name}/"): one for key, one in containers.items() if key.startswith(f"{name}/")
        }
        assert list(mine) == CONTAINERS[name]
        for container, one in mine.items():
            assert (one["image"], one["imagePullPolicy"]) == (IMAGES[container], "IfNotPresent")
            if container in ("app", "chaos", "load"):
                assert {mount["mountPath"] for mount in one["volumeMounts"]} == {"/run", "/tmp"}
        if "app" in mine:
            assert {
                "name": "INSTANCE_NAME",
                "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}},
            } in mine["app"]["env"]
            probe = mine["app"]["livenessProbe"]
            assert (probe["periodSeconds"], probe["failureThreshold"]) == (10, 6)


def test_a_service_waits_for_the_ports_of_those_it_depends_on(rendered: dict[str, Rendered]) -> None:
    for system, scenario in (("grpc", "s4"), ("router", "r4")):
        containers = rendered[name_of(system, "resilient", scenario)].containers()
        services = {service.name: service for service in lab_system(system, "resilient", scenario).services}
        for name, service in services.items():
            expected = [
                f"{o}:{port}" for o in service.depends_on for _, port in sorted(services[o].ports.items())
            ]
            assert (f"{name}/wait" in containers) == bool(expected)
            if expected:
                assert containers[f"{name}/wait"]["command"][3:] == expected


def test_modes_and_scenarios_differ_in_nothing_but_their_settings(
    whole: tuple[str, Rendered], rendered: dict[str, Rendered]
) -> None:
    system, reference = whole
    expected = without_environment(reference)
    for mode in MODES:
        for scenario in SCENARIOS[system]:
            assert without_environment(rendered[name_of(system, mode, scenario)]) == expected


def test_no_experiment_and_no_overlay_is_left_out() -> None:
    scenarios = {scenario for of_system in SCENARIOS.values() for scenario in of_system}
    overlays = {file.stem.removeprefix("values-") for file in CHART.glob("values-*.yaml")}
    assert overlays - {"common", *MODES} <= scenarios
    assert {file.stem for file in (ROOT / "experiments").glob("*.json")} <= scenarios


@pytest.mark.parametrize("case", run_cases())
def test_a_pod_gets_what_the_same_instance_gets_in_a_lab(case: str, rendered: dict[str, Rendered]) -> None:
    system, mode, scenario = case.split()
    containers, sets = rendered[case].containers(), rendered[case].of("StatefulSet")
    services = lab_system(system, mode, scenario).services
    for service in services:
        app = containers[f"{service.name}/app"]
        assert environment_of(app) == dict(service.environment)
        assert tuple(app["command"]) == service.command
        assert {port["name"]: port["containerPort"] for port in app["ports"]} == dict(service.ports)
        assert sets[service.name]["spec"]["replicas"] == service.replicas
    assert set(sets) == {service.name for service in services} | {"prometheus"}


def test_the_account_of_runs_has_exactly_the_rights_of_a_run(all_of_it: Rendered) -> None:
    rules = all_of_it.of("Role")["chaosproof-runner"]["rules"]
    assert {resource: set(rule["verbs"]) for rule in rules for resource in rule["resources"]} == RIGHTS
    assert [rule["resources"] for rule in rules if rule["apiGroups"] != [""]] == [["jobs"]]
    binding = all_of_it.of("RoleBinding")["chaosproof-runner"]
    assert (binding["roleRef"]["kind"], binding["roleRef"]["name"]) == ("Role", "chaosproof-runner")
    assert binding["subjects"] == [
        {"kind": "ServiceAccount", "name": "chaosproof-runner", "namespace": "demo"}
    ]
    assert all_of_it.of("ServiceAccount")["chaosproof-runner"]["automountServiceAccountToken"] is False


def test_the_cron_job_runs_one_experiment_once_and_its_exit_code_is_the_verdict(all_of_it: Rendered) -> None:
    spec = all_of_it.of("CronJob")["chaosproof-cron"]["spec"]
    assert (spec["schedule"], spec["suspend"], spec["concurrencyPolicy"]) == ("0 3 * * *", False, "Forbid")
    assert (spec["startingDeadlineSeconds"], spec["successfulJobsHistoryLimit"]) == (300, 3)
    job = spec["jobTemplate"]["spec"]
    assert (job["backoffLimit"], job["activeDeadlineSeconds"]) == (0, 900)
    # without the release's name: nobody who waits for its pods waits for one that ends
    assert "app.kubernetes.io/instance" not in job["template"]["metadata"]["labels"]
    pod = job["template"]["spec"]
    assert (pod["restartPolicy"], pod["serviceAccountName"]) == ("Never", "chaosproof-runner")
    assert pod["imagePullSecrets"] == [{"name": "registry"}]
    (container,) = pod["containers"]
    assert (container["image"], container["workingDir"]) == ("chaosproof/demo:0.2.0", "/opt/chaosproof")
    variables = "--var journals=/work/journals --var namespace=demo --var mode=resilient --var deployed=true"
    assert " ".join(container["command"]) == (
        "chaos --no-version-check --no-log-file run --journal-path=/work/journal.json "
        f"{variables} experiments/s4.json"
    )
    assert environment_of(container) == {"CHAOS_TARGET": "kubernetes", "HOME": "/work"}
    assert {mount["mountPath"] for mount in container["volumeMounts"]} == {"/work", "/tmp"}
