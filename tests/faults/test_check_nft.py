"""Whatever fault is accepted, real nft accepts its script, and reads it back as the same fault."""

import ipaddress
import subprocess

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from chaosproof.errors import UsageError
from chaosproof.faults.backends.nft.render import SHAPE_CLASSES, add_script, elements, prepare_script
from chaosproof.faults.kinds import KINDS
from chaosproof.faults.model import Fault
from chaosproof.faults.selector import ANYONE, Network, merge

from .netns_target import NetnsTarget

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
@given(batch=st.lists(faults(), min_size=1, max_size=20), peers=st.lists(NETWORKS, min_size=1, max_size=5))
def test_whatever_fault_is_accepted_is_a_script_that_nft_accepts(room: NetnsTarget, batch, peers):
    """Each fault in a table of its own, since two faults may well overlap; all in one call, for speed."""
    script = ""
    for number, fault in enumerate(batch):
        networks = merge(peers) if fault.peer else ANYONE
        parts = elements(fault, f"f{number}", networks, shape_class=1 + number % SHAPE_CLASSES)
        table = f"inet check{number}"
        script += (prepare_script() + add_script(parts)).replace("inet chaosproof", table)
    done = subprocess.run(
        [*room.enter("client-1"), "nft", "--check", "-f", "-"],
        input=script,
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[:2000] + script[-2000:]
