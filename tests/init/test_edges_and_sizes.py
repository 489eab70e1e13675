"""Who calls whom by the sockets of a lab, where users come in, and the numbers that follow from what was measured."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproof.errors import UsageError
from chaosproof.init.edges import Listing, entries, listening_ports, read_edge, seen_edges
from chaosproof.init.lab_services import in_order
from chaosproof.init.sizing import UNMEASURED, Measured, sizes_of
from chaosproof.init.survey import Edge, Program
from chaosproof.runner.settings import read_settings

OWNERS = {"10.77.0.10": "web", "10.77.0.11": "shop", "10.96.0.1": "web"}
PORTS = {"web": (8080,), "shop": (9000,)}
FROM_SHOP = "ESTAB 0 0 10.77.0.11:40000 10.96.0.1:8080\nTIME-WAIT 0 0 10.77.0.11:9000 10.77.0.1:3333\n"
AT_WEB = "TIME-WAIT 0 0 10.77.0.10:8080 10.77.0.11:40001\nLISTEN 0 5 0.0.0.0:8080 0.0.0.0:*\n"


@pytest.mark.parametrize(
    "listing", [Listing("shop", FROM_SHOP), Listing("web", AT_WEB)], ids=["caller", "called"]
)
def test_an_edge_is_seen_at_either_end(listing: Listing) -> None:
    """Who closes first keeps the connection for a minute; the other end has nothing of it."""
    assert seen_edges([listing], OWNERS, PORTS) == (Edge("shop", "web", 8080),)


def test_a_port_that_only_the_program_itself_can_reach_is_told_from_those_of_a_service() -> None:
    text = "LISTEN 0 5 0.0.0.0:8080 0.0.0.0:*\nLISTEN 0 5 127.0.0.1:6060 0.0.0.0:*\nLISTEN 0 5 *:45123 *:*\n"
    assert listening_ports(text) == ((8080,), (6060,))
    assert listening_ports("LISTEN 0 5 [::1]:8080 [::]:*\n") == ((), (8080,))
    assert listening_ports("LISTEN 0 5 [::]:45123 [::]:*\n") == ((45123,), ())


def test_users_come_in_where_nobody_else_calls() -> None:
    programs = [Program(name, ("x",), "x", ports=(80,)) for name in ("a", "b", "c", "lone")]
    edges = [Edge("a", "b", 80), Edge("b", "c", 80)]
    assert entries(programs, edges) == ("a",)
    assert entries(programs[:1], ()) == ("a",)


def test_each_waits_for_whom_it_calls_but_nobody_for_itself() -> None:
    programs = [Program(name, ("x",), "x") for name in ("a", "b", "c")]
    ordered = in_order(programs, [Edge("a", "b", 1), Edge("b", "c", 1), Edge("c", "a", 1)])
    assert [program.needs for program in ordered] == [("b",), ("c",), ()]


@pytest.mark.parametrize(
    "text", ["shop", "shop=web", "shop=web:x", "shop=web:70000", "shop=nobody:80", "x=web:80"]
)
def test_an_edge_of_another_form_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(UsageError, match="--calls"):
        read_edge(text, ["shop", "web"])


def test_a_slow_system_gets_less_load_and_longer_faults() -> None:
    quick, slow = sizes_of(Measured(300, 0, 2.0, 8.0)), sizes_of(Measured(300, 0, 200.0, 900.0))
    assert (quick.rate_rps, quick.timeout_s, quick.fault_s) == (100, 2, 8)
    assert (slow.rate_rps, slow.timeout_s, slow.fault_s) == (5, 10, 40)
    assert (quick.latency_limit_ms, slow.latency_limit_ms) == (500, 10000)
    assert "300 requests" in quick.why


@given(st.floats(0, 60_000), st.floats(0, 60_000))
def test_whatever_was_measured_the_numbers_are_those_of_an_experiment(p50_ms: float, more_ms: float) -> None:
    """The fault ends well before the load does, and every number is in its range."""
    sizes = sizes_of(Measured(100, 0, p50_ms, p50_ms + more_ms))
    variables = {name: value for name, value in vars(sizes).items() if name != "why"}
    settings = read_settings({"mode": "resilient", "system": "x", **variables}, ("local",))
    assert (
        settings.variables["fault_at_s"] + settings.variables["fault_s"] + 10
        <= settings.variables["duration_s"]
    )
    assert sizes.connections >= 10
    assert sizes.latency_limit_ms <= 1000 * sizes.timeout_s


def test_where_nothing_was_measured_the_sizes_say_so() -> None:
    assert "nothing was measured" in sizes_of(UNMEASURED).why
