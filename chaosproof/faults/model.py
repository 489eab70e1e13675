"""A fault as data: what is done to which packets of an instance, how strongly, and for how long.

    python -c "from chaosproof.faults.model import Fault; print(Fault(kind='reset', port=80, duration_s=15))"

A `Fault` that exists is valid in itself. What a configuration allows (ceiling, protected ports, how many
instances) is `chaosproof.faults.limits`; what a kernel can do is `chaosproof.faults.backends.base`, what a kind needs
`chaosproof.faults.kinds.base`.
"""

import ipaddress
import math
import re
from dataclasses import dataclass
from typing import get_args

from chaosproof.errors import UsageError
from chaosproof.faults.kinds import KINDS
from chaosproof.faults.kinds.base import Direction, Layer, NetworkKind, PortSide, Protocol

__all__ = ["Direction", "Fault", "PortSide", "Protocol"]

SHORTEST_S = 0.1
_SERVICE = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?", re.IGNORECASE)


@dataclass(frozen=True, init=False)
class Fault:
    """One fault on one instance. Raises `UsageError` with a sentence for whatever does not make sense.

    `port` is on `port_side` of the packet; `peer` is the other end: a service, an address or a network,
    `None` for any. `direction` is seen from the instance. Magnitudes carry their unit in their name, and are those of
    the kind; one that is `None` is as if it were not given. `choice` is the value of the kind's choice, which is given
    by its own name (`sides="client"`); empty where it has none.
    """

    kind: str
    duration_s: float
    protocol: Protocol
    port: int | None
    port_side: PortSide
    peer: str | None
    direction: Direction
    magnitudes: tuple[tuple[str, float], ...]
    choice: str

    def __init__(
        self,
        *,
        kind: str,
        duration_s: float,
        protocol: Protocol = "tcp",
        port: int | None = None,
        port_side: PortSide = "destination",
        peer: str | None = None,
        direction: Direction = "egress",
        **magnitudes: float | str | None,
    ) -> None:
        given = {name: value for name, value in magnitudes.items() if value is not None}
        chosen = given.pop(KINDS[kind].choice_name, None) if kind in KINDS else None
        for name, value in (
            *(("kind", kind), ("duration_s", duration_s), ("protocol", protocol), ("port", port)),
            *(("port_side", port_side), ("peer", peer), ("direction", direction)),
            ("magnitudes", tuple(sorted(given.items()))),
            ("choice", _choice(kind, chosen)),
        ):
            object.__setattr__(self, name, value)
        if kind not in KINDS:
            raise UsageError(f"unknown fault kind {kind!r}: use one of {', '.join(KINDS)}")
        if duration_s is None:
            raise UsageError(f"a {kind} fault needs duration_s: without an end no fault is applied")
        _number("duration_s", duration_s)
        if duration_s < SHORTEST_S:
            raise UsageError(f"duration_s is {duration_s}: a fault lasts at least {SHORTEST_S} s")
        _member("protocol", protocol, get_args(Protocol))
        _member("port_side", port_side, get_args(PortSide))
        _member("direction", direction, get_args(Direction))
        self._check_selector()
        self._check_magnitudes()
        if sentence := self.declared.refuses(protocol, direction, port_side):
            raise UsageError(sentence)

    @property
    def declared(self) -> NetworkKind:
        """All that is known of its kind."""
        return KINDS[self.kind].chosen(self.choice).with_given(self.magnitude)

    @property
    def layer(self) -> Layer:
        """How it acts: `cut` decides whether a packet lives, `shape` when and how it goes out."""
        return self.declared.layer

    @property
    def sinks(self) -> bool:
        """Whether its packets are to be lost behind the sender's stack, by a queue (see `NetworkKind.sink`)."""
        goes_out = self.direction == "egress" or self.declared.back is not None
        return bool(self.declared.sink) and self.layer == "cut" and goes_out

    @property
    def served_port(self) -> int | None:
        """The instance's own TCP port whose callers it is on; `None` for its calls, and where a peer is named."""
        served = (self.direction, self.port_side) in (("ingress", "destination"), ("egress", "source"))
        return self.port if served and self.protocol == "tcp" and self.peer is None else None

    @property
    def magnitude(self) -> dict[str, float]:
        """The magnitudes that are set, by name."""
        return dict(self.magnitudes)

    @property
    def chosen(self) -> dict[str, str]:
        """The value of its kind's choice, by the choice's name; empty where it has none."""
        return {self.declared.choice_name: self.choice} if self.choice else {}

    @property
    def share(self) -> float | None:
        """The share of its packets that it acts on at random, above 0 and at most 1; `None`: it acts on each."""
        name = self.declared.share
        return self.magnitude[name] / 100 if name else None

    @property
    def selector(self) -> dict[str, object]:
        """Which packets, as `faults.jsonl` writes it."""
        return {
            "protocol": self.protocol,
            "port": self.port,
            "port_side": self.port_side,
            "peer": self.peer,
        }

    def __str__(self) -> str:
        where = f"{self.port_side} port {self.port}" if self.port is not None else "all ports"
        peer = f" with {self.peer}" if self.peer else ""
        choice = self.declared.choice
        chosen = f" ({choice.name}: {self.choice})" if choice and self.choice != choice.values[0] else ""
        return (
            f"{self.kind}{chosen} of {self.direction} {self.protocol} {where}{peer} for {self.duration_s:g} s"
        )

    def _check_selector(self) -> None:
        if self.port is not None:
            if isinstance(self.port, bool) or not isinstance(self.port, int):
                raise UsageError(f"port is {self.port!r}: it must be a whole number from 1 to 65535")
            if not 1 <= self.port <= 65535:
                raise UsageError(f"port is {self.port}: it must be from 1 to 65535")
        if self.peer is not None:
            _check_peer(self.peer)
        if self.port is None and self.peer is None:
            raise UsageError(f"a {self.kind} fault needs a port or a peer: it would hit all traffic")
        if self.protocol == "any" and self.port is not None:
            raise UsageError(f"port {self.port} needs protocol tcp or udp: other protocols have no ports")

    def _check_magnitudes(self) -> None:
        values = self.magnitude
        names = [parameter.name for parameter in self.declared.parameters]
        for name in values:
            if name not in names:
                raise UsageError(f"a {self.kind} fault has no {name}: leave it out")
        for parameter in self.declared.parameters:
            name = parameter.name
            if name not in values:
                if parameter.required:
                    raise UsageError(f"a {self.kind} fault needs {name}")
                continue
            value = values[name]
            _number(name, value)
            if not (value > 0 and parameter.least <= value <= parameter.most):
                low = f"at least {parameter.least:g}" if parameter.least else "above 0"
                raise UsageError(f"{name} is {value:g}: it must be {low} and at most {parameter.most:g}")
            if (limit := values.get(parameter.not_above)) is not None and value > limit:
                raise UsageError(
                    f"{name} is {value:g}, more than {parameter.not_above} {limit:g}: time cannot run back"
                )
        if sentence := self.declared.check(values):
            raise UsageError(sentence)


def _choice(kind: str, chosen: object) -> str:
    choice = KINDS[kind].choice if kind in KINDS else None
    if choice is None:
        return ""
    if chosen is not None:
        _member(choice.name, chosen, choice.values)
    return str(chosen or choice.values[0])


def _number(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise UsageError(f"{name} is {value!r}: it must be a number")
    if not math.isfinite(value):
        raise UsageError(f"{name} is {value}: it must be a finite number")


def _member(name: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise UsageError(f"{name} is {value!r}: use one of {', '.join(allowed)}")


def _check_peer(peer: object) -> None:
    if not isinstance(peer, str) or not peer:
        raise UsageError(f"peer is {peer!r}: name a service, an address or a network")
    try:
        network = ipaddress.ip_network(peer, strict=False)
    except ValueError:
        if not _SERVICE.fullmatch(peer) or re.fullmatch(r"[\d.]+", peer):
            raise UsageError(f"peer is {peer!r}: name a service, an address or a network") from None
        return
    mapped = network.network_address.ipv4_mapped if isinstance(network, ipaddress.IPv6Network) else None
    if mapped:
        raise UsageError(f"peer is {peer!r}: no packet has that address; it has {mapped}, so name that")
    if network.prefixlen == 0:
        raise UsageError(f"peer is {peer!r}, which is everyone: leave it out, or name a smaller network")
