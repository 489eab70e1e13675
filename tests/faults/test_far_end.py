"""What the kernels at the other end say of connections that a fault ends."""

import ipaddress

import pytest

from chaosproof.faults.backends.base import ResolvedFault
from chaosproof.faults.far_end import FarEnd, read_sockets
from chaosproof.faults.model import Fault
from chaosproof.faults.selector import ANYONE
from chaosproof.targets.base import Instance
from chaosproof.targets.tcp_sockets import Ends
from tests.support.fake_target import FakeTarget

NEAR = "0 0 10.0.0.1:40001 10.96.0.7:80\n0 0 [::ffff:10.0.0.1]:40002 [::ffff:10.96.0.7]:80\n"
FAR = "ESTAB 0 0 10.0.0.3:8080 10.0.0.1:40001\nESTAB 0 0 10.0.0.3:8080 10.0.0.9:40002\n"
ORDER = ResolvedFault("f0", Fault(kind="reset", port=80, duration_s=5), ANYONE, instance="app-a-0")


class Clock:
    """Seconds that pass by sleeping alone."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at

    def sleep(self, time_s: float) -> None:
        self.at += time_s


def target(near: str = NEAR) -> FakeTarget:
    fake = FakeTarget(
        [Instance("app-a-0", "app-a", "10.0.0.1", "", {}), Instance("app-b-0", "app-b", "10.0.0.3", "", {})],
        {},
    )
    answer(fake, near, FAR)
    return fake


def answer(fake: FakeTarget, near: str, far: str) -> None:
    """What the fault's own instance lists from now on, and what any other does."""
    fake.answer(["ss", "-Htn"], far)
    fake.answer(["ss", "-Htn"], near, instance="app-a-0")


def look(far_end: FarEnd) -> str:
    clock = Clock()
    return far_end.look(clock.at, clock=clock, sleep=clock.sleep)


def test_a_listing_is_read_with_and_without_a_state_and_in_both_families():
    assert read_sockets(
        "ESTAB 0 0 10.0.0.3:8080 10.0.0.1:40001\n0 0 [fe80::1]%eth0:1 [::ffff:10.0.0.7]:2\n"
    ) == {
        Ends(("10.0.0.3", 8080), ("10.0.0.1", 40001)),
        Ends(("fe80::1", 1), ("10.0.0.7", 2)),
    }


def test_a_connection_through_a_service_is_known_by_its_client_s_end():
    """The other client's port is the same as one of ours: it is another connection."""
    far_end = FarEnd.of(target(), ORDER)
    assert far_end.sockets == {"app-b-0": {Ends(("10.0.0.3", 8080), ("10.0.0.1", 40001))}}


@pytest.mark.parametrize(("after", "answer"), [(FAR, "open"), ("", "closed")])
def test_what_is_still_there_after_a_second_nobody_has_told(after: str, answer: str):
    fake = target()
    far_end = FarEnd.of(fake, ORDER)
    fake.answer(["ss", "-Htn"], after)
    assert look(far_end) == answer


def test_where_no_connection_was_open_or_nobody_can_be_asked_nothing_is_said():
    assert look(FarEnd.of(target(near=""), ORDER)) == "none"
    fake = target()
    far_end = FarEnd.of(fake, ORDER)
    fake.answer(["ss", "-Htn"], exit_code=127)
    assert look(far_end) == "none"


def test_a_client_s_port_that_its_other_connections_have_too_is_known_by_both_ends():
    """Both connections come from port 40001; the one to port 90 is none of the fault's, and stays."""
    fake = target()
    client = "ESTAB 0 0 10.0.0.1:40001 10.0.0.3:80\nESTAB 0 0 10.0.0.1:40001 10.0.0.3:90\n"
    server = "ESTAB 0 0 10.0.0.3:80 10.0.0.1:40001\nESTAB 0 0 10.0.0.3:90 10.0.0.1:40001\n"
    answer(fake, client, server)
    assert FarEnd.of(fake, ORDER).sockets == {"app-b-0": {Ends(("10.0.0.3", 80), ("10.0.0.1", 40001))}}


def test_the_same_where_the_fault_is_on_the_server():
    order = ResolvedFault(
        "f0", Fault(kind="reset", port=80, duration_s=5, direction="ingress"), ANYONE, instance="app-a-0"
    )
    fake = target()
    far = "ESTAB 0 0 10.0.0.3:40001 10.0.0.1:80\nESTAB 0 0 10.0.0.3:40001 10.0.0.9:90\n"
    answer(fake, "0 0 10.0.0.1:80 10.0.0.3:40001\n", far)
    assert FarEnd.of(fake, order).sockets == {"app-b-0": {Ends(("10.0.0.3", 40001), ("10.0.0.1", 80))}}


def test_a_connection_over_loopback_is_not_taken_for_that_of_another_instance():
    fake = target()
    far = "ESTAB 0 0 127.0.0.1:80 127.0.0.1:40001\nESTAB 0 0 [::1]:80 [::1]:40002\n"
    answer(fake, "0 0 127.0.0.1:40001 127.0.0.1:80\n0 0 [::1]:40002 [::1]:80\n", far)
    assert FarEnd.of(fake, ORDER).sockets == {}


def test_its_own_instance_is_asked_once_and_only_what_the_fault_would_end_has_another_end():
    """By the fault's port and peer, as its command to end them is."""
    fake = target()
    ends = (("40001", "10.0.0.3:80"), ("40002", "10.0.0.9:80"), ("40003", "10.0.0.3:90"))
    near = "".join(f"ESTAB 0 0 10.0.0.1:{port} {other}\n" for port, other in ends)
    far = "ESTAB 0 0 10.0.0.3:80 10.0.0.1:40001\nESTAB 0 0 10.0.0.3:90 10.0.0.1:40003\n"
    answer(fake, near, far)
    peer = (ipaddress.ip_network("10.0.0.3/32"),)
    order = ResolvedFault("f0", Fault(kind="reset", port=80, duration_s=5), peer, instance="app-a-0")
    assert FarEnd.of(fake, order).sockets == {"app-b-0": {Ends(("10.0.0.3", 80), ("10.0.0.1", 40001))}}
    assert len(fake.commands("app-a-0")) == 1


def test_of_more_instances_than_are_asked_those_that_are_spoken_with_come_first():
    members = [Instance(f"app-b-{n:02}", "app-b", f"10.0.1.{n}", "", {}) for n in range(1, 31)]
    fake = FakeTarget([Instance("app-a-0", "app-a", "10.0.0.1", "", {}), *members], {})
    answer(fake, "0 0 10.0.0.1:40001 10.0.1.30:80\n", "ESTAB 0 0 10.0.1.30:80 10.0.0.1:40001\n")
    assert "app-b-30" in FarEnd.of(fake, ORDER).sockets
    assert len({call.name for call in fake.calls if call.what == "run"}) == 1 + 16
