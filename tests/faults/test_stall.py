"""A stall lets connections open, and holds what is sent over them until it ends."""

import pytest

from chaosproof.errors import UsageError
from chaosproof.faults.engine import FaultEngine
from chaosproof.faults.model import Fault

from .conftest import Client
from .netns_target import PORT, SERVICE_ADDRESS, NetnsTarget


def test_only_tcp_can_be_stalled():
    with pytest.raises(UsageError, match="only TCP can be stalled: use kind drop for udp"):
        Fault(kind="stall", port=PORT, protocol="udp", duration_s=1)


@pytest.mark.lab
@pytest.mark.parametrize("backend", ["nft", "iptables"])
@pytest.mark.parametrize("direction", ["egress", "ingress"])
def test_connections_open_and_what_is_sent_arrives_when_it_ends(
    room: NetnsTarget, backend: str, direction: str
):
    """The canary must see both: a connection, and data that the other side does not acknowledge."""
    engine = FaultEngine(room, backend=backend)
    instance = "client-0" if direction == "egress" else "server-0"
    receipt = engine.apply(Fault(kind="stall", port=PORT, direction=direction, duration_s=3), instance)
    if direction == "egress":
        client = Client(room, "client-0", SERVICE_ADDRESS)  # its connection opens under the fault
        assert client.ask("echo 0.3") == "timeout"
        assert client.ask("read 10") == "ok"
        client.close()
    final = engine.wait_until_ended(receipt)
    assert (final.canary.before, final.canary.during, final.canary.after) == ("open", "held", "open")
    assert receipt.expects and receipt.expects.canary and receipt.expects.canary.during == ("held",)
