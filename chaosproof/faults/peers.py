"""Who an instance spoke with over TCP, as its own kernel has it: what tells a service that is used from an idle one.

Health checks, scrapes and the load come from outside of the instances: only another instance, or a service that this
one calls, is counted. Where a target knows its neighbours, which are no instances of it, they count on the fault's own
port. A fault's canary is not seen, because it closes with a reset, which leaves nothing behind.
"""

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from chaosproof.errors import ChaosproofError, TargetError
from chaosproof.targets.base import Instance, SupportsNeighbours, Target
from chaosproof.targets.tcp_sockets import read_ends

__all__ = ["Socket", "read_sockets", "service_addresses", "spoke_with", "with_later"]

_SOCKETS = ("ss", "-HtanoiO", "state", "connected")
# whoever closes a connection first keeps it for so long
_TIME_WAIT_S = 60.0
# a look at each costs a command: more are not asked
_OTHERS_MAX = 16
_DATA_MS = re.compile(r"\blast(?:snd|rcv):(\d+)")
_LEFT = re.compile(r"timer:\(timewait,(?:(\d+)min)?(?:(\d+)sec)?")


class Socket(NamedTuple):
    """A TCP connection: its own port, the peer's address, and for how many seconds no data has passed."""

    port: int
    peer: str
    idle_s: float


def spoke_with(
    target: Target, instance: str, clock: Callable[[], float] = time.time, *, served_port: int | None = None
) -> Mapping[str, float] | None:
    """When data last passed between `instance` and each other instance or service (Unix seconds), by their names.

    Where its own kernel knows of none, those of the others are asked: who closes a connection first is left with what
    there is of it. They may know it by its service's address only. `None` where nobody could be asked. With
    `served_port` its neighbours count as well, for what passed on that port of its own.
    """
    try:
        own, everyone = target.instance(instance), target.instances()
        names, neighbours = _names(target, own), _neighbours(target, own, served_port)

        def name_of(socket: Socket) -> str | None:
            at_port = neighbours if socket.port == served_port else {}
            return names.get(socket.peer) or at_port.get(socket.peer)

        spoke = _listed(target, instance, name_of, clock)
        others = [other.name for other in everyone if other.service != own.service][:_OTHERS_MAX]
        if spoke or not others:
            return spoke
        mine = dict.fromkeys(_addresses(target, own), instance)
    except ChaosproofError:
        return None

    def spoke_at(other: str) -> float | None:
        try:
            return _listed(target, other, lambda socket: mine.get(socket.peer), clock).get(instance)
        except ChaosproofError:
            return None

    with ThreadPoolExecutor(len(others)) as pool:
        answers = zip(others, pool.map(spoke_at, others), strict=True)
        return {other: at for other, at in answers if at is not None}


def with_later(
    before: Mapping[str, float] | None, later: Mapping[str, float] | None
) -> Mapping[str, float] | None:
    """Two answers of `spoke_with` in one."""
    if before is None or later is None:
        return later if before is None else before
    return {name: max(before.get(name, 0.0), later.get(name, 0.0)) for name in sorted({*before, *later})}


def read_sockets(text: str) -> Iterator[Socket]:
    """Each TCP connection that `ss` lists, where that says when data last passed."""
    for line in text.splitlines():
        listed, data_ms, left = read_ends(line), _DATA_MS.findall(line), _LEFT.search(line)
        if listed is None:
            continue
        _, ends = listed
        port, address = ends.own[1], ends.other[0]
        if data_ms:
            yield Socket(port, address, min(map(int, data_ms)) / 1000)
        elif left:
            yield Socket(port, address, max(0.0, _TIME_WAIT_S - 60 * int(left[1] or 0) - int(left[2] or 0)))


def _listed(
    target: Target, instance: str, name_of: Callable[[Socket], str | None], clock: Callable[[], float]
) -> Mapping[str, float]:
    """When data last passed between it and each that `name_of` names, as its kernel lists it."""
    listed = target.run(instance, _SOCKETS, timeout_s=5.0)
    if listed.exit_code != 0:
        raise TargetError(f"ss on {instance} ended with {listed.exit_code}.")
    now, spoke = clock(), dict[str, float]()
    for socket in read_sockets(listed.stdout):
        if name := name_of(socket):
            spoke[name] = max(round(now - socket.idle_s, 3), spoke.get(name, 0.0))
    return spoke


def _names(target: Target, own: Instance) -> Mapping[str, str]:
    """Whose each address is: of every service but its own, and of every instance of theirs."""
    names: dict[str, str] = {}
    for other in target.instances():
        if other.service != own.service:
            names.update(dict.fromkeys(service_addresses(target, other.service), other.service))
    for other in target.instances():
        if other.name != own.name:
            names.update(dict.fromkeys((other.address, other.address6), other.name))
    return {address: name for address, name in names.items() if address}


def _neighbours(target: Target, own: Instance, served_port: int | None) -> Mapping[str, str]:
    """Who may call it at that port besides instances, by address; nobody where scrapes come to that port, too."""
    if served_port is None or served_port == own.metrics_port or not isinstance(target, SupportsNeighbours):
        return {}
    return target.neighbours()


def _addresses(target: Target, own: Instance) -> Sequence[str]:
    return [own.address, own.address6, *service_addresses(target, own.service)]


def service_addresses(target: Target, service: str) -> Sequence[str]:
    """The addresses by which the service is called, empty ones among them; none where it is not known."""
    try:
        address = target.address(service)
    except ChaosproofError:
        return ()
    return address.ip, address.ip6
