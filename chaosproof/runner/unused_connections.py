"""Half-open connections: one end holds them as established, and the other end has nothing of them (RFC 9293, 3.5.1).

The kernel of an instance lists what it holds, those of the instances at the other ends what they have. What stands at
an end that cannot be looked at, or behind a translation that hides it, is `unknown`: never taken for used or unused.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Literal

from chaosproof.errors import ChaosproofError, TargetError
from chaosproof.faults.peers import service_addresses
from chaosproof.targets.base import Instance, Target
from chaosproof.targets.tcp_sockets import End, read_ends

__all__ = ["Connection", "Kernels", "TcpSocket", "held_connections", "judged", "read_tcp_sockets"]

OtherEnd = Literal["used", "half-open", "unknown"]

_SOCKETS = ("ss", "-HtniO", "state", "connected")
_RECEIVED = re.compile(r"\blastrcv:(\d+)")
# a socket in one of these still belongs to its connection; in TIME-WAIT, or while it opens, to none that is established
_HAS_IT = frozenset({"ESTAB", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT", "CLOSING", "LAST-ACK"})


@dataclass(frozen=True)
class TcpSocket:
    """One end of a TCP connection, as its kernel lists it. `idle_s`: since when no data has come from the other end."""

    state: str
    own: End
    other: End
    idle_s: float


@dataclass(frozen=True)
class Connection:
    """An established connection of an instance, and what there is of it at the other end, `peer` (an instance)."""

    socket: TcpSocket
    peer: str
    other_end: OtherEnd


@dataclass(frozen=True)
class Kernels:
    """What the kernels have, by instance; one that could not be asked is not in `sockets`.

    `addresses` and `service_addresses` say whose an address is: an instance's, and a service's; `members` are the
    instances of the service that is looked at.
    """

    sockets: Mapping[str, Sequence[TcpSocket]]
    addresses: Mapping[str, str]
    service_addresses: Mapping[str, str]
    members: Collection[str]


def held_connections(target: Target, name: str, port: int) -> Mapping[str, tuple[Connection, ...]]:
    """The connections to `port` that an instance holds, or each instance of a service, by the instance's name.

    They are those of the beginning of the look that are there at its end: one that opens or closes meanwhile is none of
    them. Raises `TargetError` for a name that is neither, and where such an instance cannot be looked at.
    """
    everyone = target.instances()
    holders = [each for each in everyone if each.service == name] or [target.instance(name)]
    members = [each.name for each in everyone if each.service == holders[0].service]
    first = _listed_by_name(target, members)
    before = {each.name: _established(_looked_at(first, each.name), port) for each in holders}
    addresses = {
        address: each.name for each in everyone for address in (each.address, each.address6) if address
    }
    others = {addresses.get(socket.other[0], "") for held in before.values() for socket in held}
    second = _listed_by_name(target, sorted(others - {"", *members}))
    kernels = Kernels(
        {
            peer: sockets
            for peer, sockets in {**first, **second}.items()
            if not isinstance(sockets, ChaosproofError)
        },
        addresses,
        _service_addresses(target, {each.service for each in everyone}),
        members,
    )
    last = _listed_by_name(target, [each.name for each in holders])
    return {
        each.name: tuple(
            judged(socket, each, kernels)
            for socket in _established(_looked_at(last, each.name), port)
            if _ends(socket) in map(_ends, before[each.name])
        )
        for each in holders
    }


def judged(socket: TcpSocket, server: Instance, kernels: Kernels) -> Connection:
    """What the kernels have of the connection of this socket of `server` at its other end."""
    address, _ = socket.other
    peer = server.name if ip_address(address).is_loopback else kernels.addresses.get(address, "")
    listed = kernels.sockets.get(peer)
    if listed is None:
        return Connection(socket, peer, "unknown")
    ends = {_other_end(socket, its, server, kernels) for its in listed if _is_end_of(its, socket)}
    # one that has it is enough; where none has, one of which nobody can say is not "none"
    order: Sequence[OtherEnd] = ("used", "unknown")
    return Connection(socket, peer, next((end for end in order if end in ends), "half-open"))


def read_tcp_sockets(text: str) -> tuple[TcpSocket, ...]:
    """What `ss -HtniO state connected` lists; an address without its interface, an IPv4 one never as IPv6."""
    sockets = []
    for line in text.splitlines():
        if listed := read_ends(line):
            state, ends = listed
            received = _RECEIVED.search(line)
            # ss leaves out a time that is 0
            idle_s = int(received[1]) / 1000 if received else 0.0
            sockets.append(TcpSocket(state, ends.own, ends.other, idle_s))
    return tuple(sockets)


def _is_end_of(its: TcpSocket, socket: TcpSocket) -> bool:
    return its.own == socket.other and its.state in _HAS_IT


def _other_end(socket: TcpSocket, its: TcpSocket, server: Instance, kernels: Kernels) -> OtherEnd:
    """Whether a socket with the address and port of the other end is connected to this very socket."""
    if its.other == socket.own:
        return "used"
    address, _ = its.other
    if kernels.service_addresses.get(address) == server.service:
        # the service's address leads to one of its instances: to this one, unless another has the same caller
        siblings = [kernels.sockets.get(name) for name in kernels.members if name != server.name]
        alone = not any(
            sockets is None or any(each.other == socket.other and each.state in _HAS_IT for each in sockets)
            for sockets in siblings
        )
        return "used" if alone else "unknown"
    # the port has gone to another connection, or what translates the address is not known
    known = address in kernels.addresses or address in kernels.service_addresses
    return "half-open" if known else "unknown"


def _service_addresses(target: Target, services: Iterable[str]) -> Mapping[str, str]:
    return {ip: service for service in services for ip in service_addresses(target, service) if ip}


def _listed_by_name(
    target: Target, names: Sequence[str]
) -> Mapping[str, Sequence[TcpSocket] | ChaosproofError]:
    """What the kernel of each lists now, or why it does not."""

    def listed(name: str) -> Sequence[TcpSocket] | ChaosproofError:
        try:
            done = target.run(name, _SOCKETS, timeout_s=5.0)
        except ChaosproofError as error:
            return error
        if done.exit_code != 0:
            command, message = " ".join(_SOCKETS), done.stderr.strip()[:200]
            return TargetError(f"{command} on {name} ended with {done.exit_code}: {message}")
        return read_tcp_sockets(done.stdout)

    with ThreadPoolExecutor(max(1, min(len(names), 8))) as pool:
        return dict(zip(names, pool.map(listed, names), strict=True))


def _looked_at(listed: Mapping[str, Sequence[TcpSocket] | ChaosproofError], name: str) -> Sequence[TcpSocket]:
    sockets = listed[name]
    if isinstance(sockets, ChaosproofError):
        raise sockets
    return sockets


def _ends(socket: TcpSocket) -> tuple[End, End]:
    return socket.own, socket.other


def _established(sockets: Iterable[TcpSocket], port: int) -> list[TcpSocket]:
    return [socket for socket in sockets if socket.state == "ESTAB" and socket.own[1] == port]
