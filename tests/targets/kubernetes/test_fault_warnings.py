"""What `init` says of pods that meet the fault in their own way: restarted by the kubelet, in a mesh, not allowed."""

import pytest

from chaosproof.targets.kubernetes.client.api import connect
from chaosproof.targets.kubernetes.onboarding.fault_warnings import fault_warnings
from chaosproof.targets.kubernetes.onboarding.pod_needs import pod_needs
from chaosproof.targets.kubernetes.pods.pods import read_pod
from tests.support.kubernetes_api import pod


def _warnings(raw, port=50051, direction="ingress", fault_s=15):
    return list(fault_warnings([raw], port=port, direction=direction, fault_s=fault_s))


def _probed(probe, **more):
    raw = pod("checkout-a", **more)
    raw["spec"]["containers"][0]["livenessProbe"] = probe
    return raw


@pytest.mark.parametrize(
    ("probe", "port", "window"),
    [
        ({"grpc": {"port": 50051}, "periodSeconds": 3, "failureThreshold": 2}, 50051, "3 s to 6 s"),
        ({"tcpSocket": {"port": 50051}, "periodSeconds": 5}, 50051, "10 s to 15 s"),
        ({"httpGet": {"port": "http"}, "periodSeconds": 1, "failureThreshold": 1}, 8080, "0 s to 1 s"),
    ],
    ids=["gRPC", "TCP, and what the API takes for misses", "HTTP, on a port by name"],
)
def test_a_liveness_probe_on_the_port_of_the_fault_restarts_the_pod_in_it(probe, port, window):
    (line,) = _warnings(_probed(probe), port=port)
    assert line.startswith(
        f"restarts   checkout-a: the liveness probe of app asks port {port} as well, so the kubelet starts it "
        f"again {window} into a fault of 15 s"
    )


@pytest.mark.parametrize(
    ("probe", "how"),
    [
        ({"tcpSocket": {"port": 50051}}, {}),
        ({"tcpSocket": {"port": 9000}, "periodSeconds": 1}, {}),
        ({"exec": {"command": ["true"]}, "periodSeconds": 1}, {}),
        ({"tcpSocket": {"port": 50051}, "periodSeconds": 1}, {"direction": "egress"}),
    ],
    ids=["one that is patient for longer", "another port", "no port", "a fault on what goes out"],
)
def test_a_probe_that_does_not_meet_the_fault_is_no_matter(probe, how):
    assert _warnings(_probed(probe), **how) == []


def test_a_mesh_is_named_with_the_ports_that_a_fault_would_have_to_name():
    (line,) = _warnings(pod("checkout-a", containers=["linkerd-proxy", "app"]))
    assert line.startswith("mesh       checkout-a: linkerd-proxy takes what comes in")
    assert "linkerd 4143 in" in line


@pytest.mark.parametrize(
    ("namespace", "mark"),
    [
        ({"metadata": {}}, None),
        ({"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "privileged"}}}, None),
        (
            {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}},
            "REFUSED    the namespace",
        ),
        (None, "unknown    Pod Security"),
    ],
    ids=["nothing is enforced", "privileged", "restricted", "may not be read"],
)
def test_what_the_namespace_enforces_is_named(api, namespace, mark):
    pods = [read_pod(pod("checkout-a")), read_pod(pod("checkout-b"))]
    lines = [line for line in pod_needs(connect("shop"), namespace, pods) if not line.startswith("ok")]
    assert [line.startswith(mark) for line in lines] == ([True] if mark else [])
