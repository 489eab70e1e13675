"""What a configuration forbids."""

import pytest

from chaosproof.faults.errors import FaultRefused
from chaosproof.faults.limits import Limits, check_fault, check_spread
from chaosproof.faults.model import Fault

APP = ["app-0", "app-1", "app-2"]


def test_a_fault_beyond_the_ceiling_is_refused():
    check_fault(Fault(kind="drop", port=80, duration_s=300), Limits())
    with pytest.raises(FaultRefused, match=r"300\.5, beyond the ceiling of 300 s"):
        check_fault(Fault(kind="drop", port=80, duration_s=300.5), Limits())
    check_fault(Fault(kind="drop", port=80, duration_s=300.5), Limits(ceiling_s=600))


def test_a_protected_port_is_never_named():
    with pytest.raises(FaultRefused, match="port 22 is protected"):
        check_fault(Fault(kind="drop", port=22, duration_s=1), Limits())
    with pytest.raises(FaultRefused, match="port 80 is protected"):
        check_fault(Fault(kind="drop", port=80, duration_s=1), Limits(protected_ports=frozenset({80})))


def test_the_last_whole_instance_is_spared_unless_all_are_allowed():
    check_spread("app", "app-1", ["app-0"], APP, Limits())
    with pytest.raises(FaultRefused, match="no instance of app whole"):
        check_spread("app", "app-2", ["app-0", "app-1"], APP, Limits())
    check_spread("app", "app-2", ["app-0", "app-1"], APP, Limits(allow_all=True))


def test_the_only_instance_is_spared_too():
    with pytest.raises(FaultRefused, match="set allow_all"):
        check_spread("nats", "nats-0", [], ["nats-0"], Limits())


def test_no_more_instances_than_the_limit_are_hit_at_once():
    limits = Limits(instances_max=1)
    check_spread("app", "app-0", [], APP, limits)
    check_spread("app", "app-0", ["app-0"], APP, limits)
    with pytest.raises(FaultRefused, match="2 instances of app would be hit at once, and the limit is 1"):
        check_spread("app", "app-1", ["app-0"], APP, limits)
