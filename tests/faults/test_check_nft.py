"""Whatever fault is accepted, real nft accepts its script, and reads it back as the same fault."""

import ipaddress
import subprocess
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from chaosproof.errors import UsageError
from chaosproof.faults.backends.nft.render import (
    SHAPE_CLASSES,
    Element,
    add_script,
    elements,
    prepare_script,
)
from chaosproof.faults.kinds import KINDS
from chaosproof.faults.model import Fault
from chaosproof.faults.selector import ANYONE, Network, merge

from .netns_target import NetnsTarget

# nft sends a transaction as one message, and in a user namespace that may have 200 kB: four of these tables.
_TABLES_IN_A_CALL = 2

NETWORKS: st.SearchStrategy[Network] = st.one_of(
    st.tuples(st.integers(0, 2**32 - 1), st.integers(1, 32)).map(
        lambda pair: ipaddress.ip_network(pair, strict=False)
    ),
    st.tuples(st.integers(0, 2**128 - 1), st.integers(1, 128)).map(
        lambda pair: ipaddress.ip_network((ipaddress.IPv6Address(pair[0]), pair[1]), strict=False)
    ),
)


@st.composite
def faults(draw: st.DrawFn) -> Fault:
    kind = KINDS[draw(st.sampled_from(sorted(KINDS)))]
    magnitudes = {
        p.name: draw(st.floats(p.least, p.most, exclude_min=not p.least))
        for p in kind.parameters
        if p.required or draw(st.booleans())
    }
    try:
        return Fault(
            kind=kind.name,
            duration_s=draw(st.floats(0.1, 300)),
            protocol=draw(st.sampled_from(["tcp", "udp", "any"])),
            port=draw(st.none() | st.integers(1, 65535)),
            port_side=draw(st.sampled_from(["destination", "source"])),
            peer=draw(st.none() | st.just("server") | NETWORKS.map(str)),
            direction=draw(st.sampled_from(["egress", "ingress"])),
            **magnitudes,
        )
    except UsageError:
        assume(False)
        raise


@pytest.mark.lab
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much],
)
@given(batch=st.lists(faults(), min_size=1, max_size=12), peers=st.lists(NETWORKS, min_size=1, max_size=5))
@example(
    batch=[Fault(kind="drop", duration_s=1.0, port=80)] * 12, peers=[ipaddress.IPv4Network("10.0.0.0/8")]
)
def test_whatever_fault_is_accepted_is_a_script_that_nft_accepts(room: NetnsTarget, batch, peers):
    """Each fault in a table of its own, since two faults may well overlap; some in one call, for speed."""
    scripts = [
        (prepare_script() + add_script(_elements(fault, number, peers))).replace(
            "inet chaosproof", f"inet check{number}"
        )
        for number, fault in enumerate(batch)
    ]
    for first in range(0, len(scripts), _TABLES_IN_A_CALL):
        script = "".join(scripts[first : first + _TABLES_IN_A_CALL])
        done = subprocess.run(
            [*room.enter("client-1"), "nft", "--check", "-f", "-"],
            input=script,
            text=True,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[:2000] + script[-2000:]


def _elements(fault: Fault, number: int, peers: Sequence[Network]) -> tuple[Element, ...]:
    networks = merge(peers) if fault.peer else ANYONE
    return elements(fault, f"f{number}", networks, shape_class=1 + number % SHAPE_CLASSES)
