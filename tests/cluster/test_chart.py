"""The chart on a real cluster: how soon it is ready, who may do what, and what an upgrade costs.

KUBECONFIG=... ./run test --kubernetes tests/cluster/test_chart.py
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from chaosproof.images.names import image
from chaosproof.targets.kubernetes.client.api import Cluster, Refused
from tests.cluster.cluster import (
    a_namespace,
    as_account,
    enter,
    helm_test,
    is_ready,
    pods,
    put,
    rights,
    settled,
    until,
    values_of,
)

pytestmark = [pytest.mark.kubernetes, pytest.mark.timeout(400)]

NET_ADMIN = 1 << 12
READY_WITHIN_S = 60.0
# What the API server lets everybody ask: what may I do.
EVERYBODYS = {
    ("authorization.k8s.io", f"selfsubject{what}reviews", "create") for what in ("access", "rules")
} | {("authentication.k8s.io", "selfsubjectreviews", "create")}
ALL_INSTANCES = {"app-a-0", "app-a-1", "app-b-0", "app-b-1", "app-b-2", "prometheus-0"}


@dataclass(frozen=True)
class Installed:
    cluster: Cluster
    ready_s: float


@pytest.fixture(scope="module")
def installed() -> Iterator[Installed]:
    """S1's baseline in a namespace that holds nothing else, with the cron job, at rest."""
    with a_namespace(f"chart-{os.getpid()}") as cluster:
        begun = time.monotonic()
        put(cluster, values_of("baseline", "s1", {"cronJob": {"enabled": True, "suspend": True}}))

        def all_ready() -> bool:
            found = {one["metadata"]["name"] for one in pods(cluster) if is_ready(one)}
            return found == ALL_INSTANCES

        until("all instances are ready", all_ready, within_s=150.0)
        yield Installed(cluster, time.monotonic() - begun)


def test_the_system_is_ready_within_a_minute_from_nothing(
    installed: Installed, record_property: Callable[[str, object], None]
) -> None:
    record_property("ready_s", installed.ready_s)
    print(f"from nothing to ready: {installed.ready_s:.1f} s")
    assert installed.ready_s < READY_WITHIN_S


def test_helms_own_test_passes(installed: Installed) -> None:
    helm_test(installed.cluster)


def capabilities(cluster: Cluster, pod: str, container: str) -> dict[str, int]:
    status = enter(cluster, pod, container, "cat", "/proc/self/status").stdout
    lines = [line.split() for line in status.splitlines() if line.startswith("Cap")]
    return {name.rstrip(":"): int(value, 16) for name, value in lines}


def test_no_container_but_the_sidecar_has_a_capability_or_could_get_one(installed: Installed) -> None:
    seen = set()
    for pod in pods(installed.cluster):
        name = pod["metadata"]["name"]
        for container in pod["spec"]["containers"]:
            had = capabilities(installed.cluster, name, container["name"])
            assert {"CapPrm", "CapEff", "CapBnd", "CapAmb"} <= had.keys()
            most = NET_ADMIN if container["name"] == "chaos" else 0
            assert (had["CapEff"], had["CapBnd"]) == (most, most), (name, container["name"], had)
            seen.add((name[:-2], container["name"]))
    assert seen == {
        *[("app-a", "app"), ("app-a", "chaos"), ("app-b", "app"), ("app-b", "chaos")],
        ("prometheus", "prometheus"),
    }


def test_no_file_of_an_image_can_be_changed(installed: Installed) -> None:
    for container in ("app", "chaos"):
        ended = enter(installed.cluster, "app-a-0", container, "touch", "/opt/new")
        assert ended.exit_code != 0
        assert "Read-only file system" in ended.stderr


def test_the_sidecar_can_change_its_pods_network_and_the_app_cannot(installed: Installed) -> None:
    table = ["nft", "add table inet chart_test; delete table inet chart_test"]
    assert enter(installed.cluster, "app-a-0", "chaos", *table).exit_code == 0
    assert enter(installed.cluster, "app-a-0", "app", "python", "-c", _RAW_SOCKET).stdout == "refused\n"


_RAW_SOCKET = """
import socket
try:
    socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    print("given")
except PermissionError:
    print("refused")
"""


def role_rows(cluster: Cluster) -> set[tuple[str, str, str]]:
    path = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{cluster.namespace}/roles/chaosproof-runner"
    return {
        (group, resource, verb)
        for rule in cluster.get(path)["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def test_the_runner_may_do_what_its_role_says_and_nothing_else(installed: Installed) -> None:
    cluster = installed.cluster
    runner, app = as_account(cluster, "chaosproof-runner"), as_account(cluster, "default")
    assert rights(runner, cluster.namespace) - EVERYBODYS == role_rows(cluster)
    assert rights(runner, "default") <= EVERYBODYS
    assert rights(app, cluster.namespace) <= EVERYBODYS
    with pytest.raises(Refused, match="secrets"):
        runner.get(runner.path("secrets"))


def asker(cluster: Cluster) -> dict[str, Any]:
    """A pod that works app-b all the time, from outside the release."""
    spec = pods(cluster, "app-a")[0]["spec"]
    app = next(one for one in spec["containers"] if one["name"] == "app")
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "asker"},
        "spec": {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 10,
            "securityContext": spec["securityContext"],
            "containers": [
                {
                    "name": "asker",
                    "image": image("demo").name,
                    "imagePullPolicy": "IfNotPresent",
                    "securityContext": app["securityContext"],
                    "command": [
                        "python",
                        "-c",
                        Path(__file__).with_name("asker.py").read_text(encoding="utf-8"),
                    ],
                }
            ],
        },
    }


def uids(cluster: Cluster, service: str) -> set[str]:
    return {one["metadata"]["uid"] for one in pods(cluster, service)}


def test_app_b_serves_through_upgrades_from_one_mode_and_one_scenario_to_another(
    installed: Installed,
) -> None:
    """A change of mode leaves app-b alone; a change of scenario replaces its instances one after the other."""
    cluster = installed.cluster
    log = cluster.path("pods", "asker/log")
    cluster.post(cluster.path("pods"), asker(cluster))

    def state() -> str:
        return str(cluster.get(cluster.path("pods", "asker"))["status"]["phase"])

    until("the asker asks", lambda: state() == "Running" and "asking" in cluster.text(log), within_s=30)

    app_a, app_b = uids(cluster, "app-a"), uids(cluster, "app-b")
    put(cluster, values_of("resilient", "s1"))
    until("app-a is upgraded", lambda: settled(cluster, "app-a"), within_s=90)
    assert uids(cluster, "app-b") == app_b
    assert not uids(cluster, "app-a") & app_a

    put(cluster, values_of("resilient", "s4"))
    until("app-b is upgraded", lambda: settled(cluster, "app-b"), within_s=120)
    assert not uids(cluster, "app-b") & app_b

    enter(cluster, "asker", "asker", "python", "-c", "import os, signal; os.kill(1, signal.SIGTERM)")
    until("the asker has ended", lambda: state() in ("Succeeded", "Failed"), within_s=30)
    said = json.loads(cluster.text(log).splitlines()[-1])
    print(f"{said['asked']} calls of app-b over new connections through two upgrades")
    assert said["failed"] == []
    assert said["asked"] > 500
