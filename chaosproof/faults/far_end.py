"""The other end of the connections that a fault ends: what the kernel there has of them, before it and after."""

import ipaddress
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from chaosproof.errors import ChaosproofError
from chaosproof.faults.backends.base import ResolvedFault
from chaosproof.faults.backends.socket_kill import HALVES, connections
from chaosproof.faults.selector import overlap, within
from chaosproof.targets.base import Instance, Target
from chaosproof.targets.tcp_sockets import End, Ends, read_ends

__all__ = ["FarEnd", "read_sockets"]

# who is asked at most: a look at each costs a command
_OTHERS_MAX = 16
# an RST is there at once, where the kernels have the time; what is left after this long, nobody has told
_TOLD_S = 1.0
_AGAIN_S = 0.05


@dataclass(frozen=True)
class FarEnd:
    """The sockets that are the other ends of an instance's open connections, by the instance that has them.

    A connection through a translation of its source is not recognised there, and so is none that leaves the system, nor
    one over loopback, whose addresses every instance has.
    """

    target: Target
    sockets: Mapping[str, frozenset[Ends]] = field(default_factory=dict)

    @classmethod
    def of(cls, target: Target, order: ResolvedFault) -> "FarEnd":
        """Those of the connections that the fault would end now; none where nobody can be asked."""
        try:
            listed = _listed(target, order.instance)
            others = [other for other in target.instances() if other.name != order.instance]
        except ChaosproofError:
            return cls(target)
        near = frozenset(socket for socket in listed if _would_end(order, socket))
        rest = listed - near
        if not near:
            return cls(target)
        egress = order.fault.direction == "egress"
        # a server's own address may be a service's there: a connection is known by its client's end alone
        wanted = {socket.own if egress else socket.other for socket in near}
        # first those that are spoken with by an address of their own, and not by a service's
        peers = {socket.other[0] for socket in near}
        others.sort(key=lambda other: peers.isdisjoint({other.address, other.address6}))
        names = [other.name for other in others if _may_have(other, order, wanted)][:_OTHERS_MAX]
        elsewhere = {socket.own for socket in rest} if egress else None

        def of_fault(name: str) -> frozenset[Ends]:
            return _of(target, name, near, wanted, elsewhere)

        seen = _ask(names, of_fault)
        return cls(target, {name: sockets for name, sockets in seen.items() if sockets})

    def look(
        self,
        since: float,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> str:
        """`closed` where none of them is there any more, `open` where some still are a second after `since`.

        `none` where there was none, or where it could not be asked. `since` and `clock` are Unix seconds.
        """
        if not self.sockets:
            return "none"
        try:
            while self._left():
                if clock() > since + _TOLD_S:
                    return "open"
                sleep(_AGAIN_S)
        except ChaosproofError:
            return "none"
        return "closed"

    def _left(self) -> bool:
        now = _ask(list(self.sockets), lambda name: _listed(self.target, name))
        return any(sockets & now[name] for name, sockets in self.sockets.items())


def read_sockets(text: str) -> frozenset[Ends]:
    """The TCP sockets that `ss -Htn` lists."""
    return frozenset(ends for _, ends in filter(None, map(read_ends, text.splitlines())))


def _ask(names: Sequence[str], look: Callable[[str], frozenset[Ends]]) -> Mapping[str, frozenset[Ends]]:
    if not names:
        return {}
    with ThreadPoolExecutor(len(names)) as pool:
        return dict(zip(names, pool.map(look, names), strict=True))


def _would_end(order: ResolvedFault, socket: Ends) -> bool:
    """Whether the instance's socket is one that the fault ends (see `socket_filter`), and not over loopback."""
    called = socket.other if order.fault.direction == "egress" else socket.own
    return (
        (order.fault.port is None or called[1] == order.fault.port)
        and within(socket.other[0], order.networks)
        and not ipaddress.ip_address(socket.own[0]).is_loopback
    )


def _of(
    target: Target, name: str, near: frozenset[Ends], wanted: set[End], elsewhere: set[End] | None
) -> frozenset[Ends]:
    """Those sockets of the instance that are the other ends of `near`: the client's end of each is in `wanted`.

    A client may use one port for several connections: `elsewhere` are its ends of others, `None` where the
    instance is the client. Such an end says nothing, and both ends have to agree.
    """
    try:
        listed = _listed(target, name)
    except ChaosproofError:
        return frozenset()  # one that cannot be asked has none that could be looked at later
    shared = {end for end, count in Counter(socket.own for socket in listed).items() if count > 1}

    def is_other_end(socket: Ends) -> bool:
        if Ends(socket.other, socket.own) in near:
            return True
        if elsewhere is None:
            return socket.own in wanted and socket.own not in shared
        return socket.other in wanted and socket.other not in elsewhere

    return frozenset(filter(is_other_end, listed))


def _listed(target: Target, instance: str) -> frozenset[Ends]:
    done = target.run(instance, connections("-Htn", states=HALVES), timeout_s=5.0)
    if done.exit_code != 0:
        raise ChaosproofError(f"ss on {instance} ended with {done.exit_code}.")
    return read_sockets(done.stdout)


def _may_have(other: Instance, order: ResolvedFault, wanted: set[End]) -> bool:
    addresses = {address for address in (other.address, other.address6) if address}
    if order.fault.direction == "ingress":
        return not addresses.isdisjoint({address for address, _ in wanted})
    return overlap(map(ipaddress.ip_network, addresses), order.networks)
