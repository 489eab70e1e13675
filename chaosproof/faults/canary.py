"""A test connection from inside an instance: tells a reset from a blackhole, and an end from a promise.

It runs beside the fault, never in its way. It closes with RST, so that nothing of it is still under way when
a fault goes on; and it gives up before TCP repeats its SYN, so that one try under a fault is one packet.
"""

from collections.abc import Sequence

from chaosproof.errors import ChaosproofError
from chaosproof.faults.backends.interpreter import python_argv
from chaosproof.faults.model import Fault
from chaosproof.faults.selector import resolve_peer, within
from chaosproof.targets.base import CommandResult, Target

__all__ = ["ANSWERS", "TIMEOUT_S", "canary_address", "canary_argv", "hits", "read_canary"]

ANSWERS = ("open", "refused", "reset", "timeout", "held", "none")
TIMEOUT_S = 0.8  # below the second after which a SYN is sent again

_CODE = """
import fcntl, socket, struct, sys, time
host, port, timeout_s, data = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4].encode()
try:
    with socket.create_connection((host, port), timeout_s) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.sendall(data)
        until = time.monotonic() + timeout_s
        # SIOCOUTQ: what the other kernel has not acknowledged
        while (held := fcntl.ioctl(s, 0x5411, bytes(4)) != bytes(4)) and time.monotonic() < until:
            time.sleep(0.005)
    print("held" if held else "open")
except ConnectionRefusedError:
    print("refused")
except ConnectionResetError:
    print("reset")
except TimeoutError:
    print("timeout")
"""


def canary_argv(address: tuple[str, int], data: str = "") -> list[str]:
    """The command that tries one connection to `address` (host, port) and prints how it fared.

    With `data` it sends that, and is `open` once the other kernel has it, `held` when that takes too long.
    """
    host, port = address
    return python_argv(_CODE, host, str(port), str(TIMEOUT_S), data)


def read_canary(done: CommandResult) -> str:
    """One of `ANSWERS`; `none` where the command could not be run or met something else."""
    word = done.stdout.strip()
    return word if word in ANSWERS else "none"


def hits(answer: str, at_most: int = 1) -> int:
    """How many of a fault's packets were the canary's own, given its answer while the fault was on."""
    return at_most if answer not in ("", "open", "none") else 0


def canary_address(fault: Fault, instance: str, target: Target) -> tuple[str, int] | None:
    """Where a connection from inside `instance` meets the fault and nothing else; `None` when nowhere.

    Only kinds that decide on every connection have one: a random loss proves nothing by one try.
    """
    if (
        not fault.declared.canary
        or fault.protocol != "tcp"
        or fault.port is None
        or fault.port_side != "destination"
    ):
        return None
    here = target.instance(instance)
    if fault.direction == "ingress":
        # to itself, over loopback: the same input chain, but the peer is then the instance itself
        return (here.address, fault.port) if fault.peer is None else None
    networks = resolve_peer(fault.peer, target)
    if fault.peer is not None and len(networks) == 1 and networks[0].num_addresses == 1:
        return str(networks[0].network_address), fault.port
    for service in _services_first(fault.peer, here.service, target):
        for ip in _addresses(service, fault.port, target):
            if within(ip, networks):
                return ip, fault.port
    return None


def _addresses(service: str, port: int, target: Target) -> Sequence[str]:
    """Where a client finds `port` of the service: its own addresses, or its instances' where it has none."""
    try:
        address = target.address(service)
        members = target.instances(service)
    except ChaosproofError:
        return ()
    if address.ip or address.ip6:
        return [ip for ip in (address.ip, address.ip6) if ip and port in address.ports.values()]
    return [member.address for member in members if member.address and port in member.ports.values()]


def _services_first(peer: str | None, own: str, target: Target) -> Sequence[str]:
    """The services to try: the peer, or all but one's own, then one's own."""
    names = sorted({instance.service for instance in target.instances()})
    if peer in names:
        return [peer] if peer else []
    return [name for name in names if name != own] + [own]
