"""A fault that exists makes sense; all others are answered with a sentence."""

import math

import pytest

from chaosproof.errors import UsageError
from chaosproof.faults.kinds import KINDS
from chaosproof.faults.model import Fault


def good(**changes: object) -> dict[str, object]:
    return {"kind": "reset", "port": 50051, "duration_s": 15, **changes}


def test_a_plain_reset_is_accepted():
    fault = Fault(**good())
    assert (fault.protocol, fault.port_side, fault.direction, fault.peer) == (
        "tcp",
        "destination",
        "egress",
        None,
    )
    assert str(fault) == "reset of egress tcp destination port 50051 for 15 s"


def test_a_fault_without_a_duration_is_refused():
    with pytest.raises(TypeError, match="duration_s"):
        Fault(kind="reset", port=50051)
    with pytest.raises(UsageError, match="needs duration_s"):
        Fault(**good(duration_s=None))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"kind": "explode"}, "unknown fault kind 'explode'"),
        ({"duration_s": 0}, "lasts at least"),
        ({"duration_s": -1}, "lasts at least"),
        ({"duration_s": math.nan}, "finite"),
        ({"duration_s": math.inf}, "finite"),
        ({"duration_s": "20"}, "must be a number"),
        ({"duration_s": True}, "must be a number"),
        ({"port": 0}, "from 1 to 65535"),
        ({"port": 65536}, "from 1 to 65535"),
        ({"port": "80"}, "whole number"),
        ({"port": True}, "whole number"),
        ({"port": 80.5}, "whole number"),
        ({"port": None}, "needs a port or a peer"),
        ({"protocol": "sctp"}, "use one of tcp, udp, any"),
        ({"protocol": "any"}, "other protocols have no ports"),
        ({"protocol": "udp"}, "only TCP can be reset"),
        ({"port_side": "left"}, "use one of destination, source"),
        ({"port_side": "source"}, "leaves its clients waiting"),
        ({"direction": "sideways"}, "use one of egress, ingress"),
        ({"peer": ""}, "name a service, an address or a network"),
        ({"peer": "10.0.0.300"}, "name a service, an address or a network"),
        ({"peer": "a service"}, "name a service, an address or a network"),
        ({"peer": 5}, "name a service, an address or a network"),
        ({"peer": "0.0.0.0/0"}, "which is everyone"),
        ({"peer": "::ffff:10.0.0.1"}, "it has 10.0.0.1, so name that"),
        ({"loss_percent": 5.0}, "has no loss_percent"),
        ({"kind": "loss"}, "needs loss_percent"),
        ({"kind": "loss", "loss_percent": 0}, "above 0 and at most 100"),
        ({"kind": "loss", "loss_percent": 100.1}, "above 0 and at most 100"),
        ({"kind": "loss", "loss_percent": math.nan}, "finite"),
        ({"kind": "loss", "loss_percent": "20"}, "must be a number"),
        ({"kind": "rate", "rate_kbit": 1}, "at least 8"),
        ({"kind": "delay", "delay_ms": 10, "jitter_ms": 11}, "time cannot run back"),
        ({"kind": "loss", "loss_percent": 5, "burst_packets": 0.5}, "at least 1"),
        ({"kind": "loss", "loss_percent": 70, "burst_packets": 2}, "at most 66.67"),
        ({"kind": "loss", "loss_percent": 100, "burst_packets": 9}, "at most 90"),
        ({"kind": "loss", "loss_percent": 5, "burst_packets": 2, "direction": "ingress"}, "with egress"),
        ({"kind": "delay", "delay_ms": 10, "direction": "ingress"}, "apply it on the sending side"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(changes: dict[str, object], sentence: str):
    with pytest.raises(UsageError, match=sentence):
        Fault(**good(**changes))


@pytest.mark.parametrize("peer", ["10.0.0.1", "10.0.0.0/24", "fd77::1", "fd77::/64", "app-b", "app-b.ns.svc"])
def test_a_peer_is_a_service_an_address_or_a_network(peer: str):
    assert Fault(**good(peer=peer)).peer == peer


def test_every_kind_can_be_made_from_what_it_requires():
    for kind in KINDS.values():
        values = dict.fromkeys(kind.required, 10.0)
        direction = kind.directions[0]
        fault = Fault(kind=kind.name, port=1, duration_s=1, direction=direction, **values)
        assert fault.magnitude == values


def test_no_canary_is_expected_of_a_fault_on_the_answers_from_a_port() -> None:
    """Nothing sends one there, and a run would be unknown for the lack of it: the packets are its proof."""
    answers = Fault(kind="stall", port=7000, direction="ingress", port_side="source", duration_s=1)
    requests = Fault(kind="stall", port=7000, duration_s=1)
    assert answers.declared.expects(answers.selector, answers.direction).canary is None
    assert answers.declared.expects(answers.selector, answers.direction).proof == "packets"
    assert requests.declared.expects(requests.selector, requests.direction).canary is not None
