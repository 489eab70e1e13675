"""The router stack on a real cluster: it starts in its order, answers, and its socket is for its own user alone.

KUBECONFIG=... ./run test --kubernetes tests/cluster/test_router_chart.py
"""

import os
import time
from collections.abc import Iterator

import pytest

from chaosproof.targets.kubernetes.client.api import Cluster
from tests.cluster.cluster import a_namespace, enter, helm_test, put, settled, until, values_of

pytestmark = [pytest.mark.kubernetes, pytest.mark.timeout(300)]

SERVICES = ("nats", "router", "gateway", "prometheus")
CLIENT = ("python", "-P", "-m", "chaosproof.demo.router.client")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with a_namespace(f"router-{os.getpid()}") as cluster:
        begun = time.monotonic()
        put(cluster, values_of("resilient", "r4", {"systems": {"grpc": False, "router": True}}))
        for service in SERVICES:
            until(f"{service} is ready", lambda service=service: settled(cluster, service), within_s=120)
        print(f"from nothing to ready: {time.monotonic() - begun:.1f} s")
        yield cluster


def test_helms_own_test_passes(cluster: Cluster) -> None:
    helm_test(cluster)


def test_the_load_beside_the_gateway_reaches_its_socket_and_the_sidecar_does_not(cluster: Cluster) -> None:
    ping = [*CLIENT, "ping", "-s", "/run/gateway.sock"]
    answer = enter(cluster, "gateway-0", "load", *ping)
    assert answer.exit_code == 0, answer.stderr
    refused = enter(cluster, "gateway-0", "chaos", "python", "-c", _CONNECT)
    assert refused.stdout == "EACCES\n", refused


_CONNECT = """
import errno, socket
try:
    socket.socket(socket.AF_UNIX).connect("/run/gateway.sock")
    print("connected")
except OSError as error:
    print(errno.errorcode[error.errno])
"""


def test_a_program_can_be_stopped_and_let_go_on_by_its_own_user(cluster: Cluster) -> None:
    stopped, going = enter(cluster, "nats-0", "app", "sh", "-c", _STOP_AND_GO).stdout.split()
    assert (stopped, going) == ("T", "S")


# An image need not have ps.
_STOP_AND_GO = """
for process in /proc/[0-9]*; do [ "$(cat $process/comm)" = nats-server ] && pid=${process#/proc/}; done
kill -STOP $pid && sed -n 's/^State:.\\(.\\).*/\\1/p' /proc/$pid/status
kill -CONT $pid && sed -n 's/^State:.\\(.\\).*/\\1/p' /proc/$pid/status
"""
