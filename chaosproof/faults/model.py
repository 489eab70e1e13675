"""A fault as data: what is done to which packets of an instance, how strongly, and for how long.

    python -c "from chaosproof.faults.model import Fault; print(Fault(kind='reset', port=80, duration_s=15))"

A `Fault` that exists is valid in itself. What a configuration allows (ceiling, protected ports, how many
instances) is `chaosproof.faults.limits`; what a kernel can do is `chaosproof.faults.backends.base`.
"""

import ipaddress
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Literal

from chaosproof.errors import UsageError

__all__ = ["KINDS", "MAGNITUDES", "Direction", "Fault", "Kind", "PortSide", "Protocol"]

Protocol = Literal["tcp", "udp", "any"]
PortSide = Literal["destination", "source"]
Direction = Literal["egress", "ingress"]
Layer = Literal["cut", "shape"]


@dataclass(frozen=True)
class Kind:
    """What a kind of fault needs. Faults of different layers may act on the same packets."""

    name: str
    does: str
    layer: Layer
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("reset", "ends TCP connections with RST, open ones and new ones", "cut"),
        Kind("reject", "answers with ICMP port unreachable", "cut"),
        Kind("drop", "drops packets without a word", "cut"),
        Kind("loss", "drops packets at random", "cut", required=("loss_percent",)),
        Kind("rate", "holds packets to a bandwidth", "shape", required=("rate_kbit",)),
        Kind("delay", "holds packets back", "shape", required=("delay_ms",), optional=("jitter_ms",)),
        Kind("duplicate", "sends packets twice", "shape", required=("duplicate_percent",)),
        Kind("corrupt", "flips a bit in packets", "shape", required=("corrupt_percent",)),
        Kind(
            "reorder",
            "lets packets overtake the delayed ones",
            "shape",
            required=("reorder_percent", "delay_ms"),
            optional=("jitter_ms",),
        ),
    )
}

# the least and the most, in the unit that the name ends in; a least of 0 is itself too little
MAGNITUDES: Mapping[str, tuple[float, float]] = {
    "loss_percent": (0.0, 100.0),
    "duplicate_percent": (0.0, 100.0),
    "corrupt_percent": (0.0, 100.0),
    "reorder_percent": (0.0, 100.0),
    "delay_ms": (0.0, 60_000.0),
    "jitter_ms": (0.0, 60_000.0),
    "rate_kbit": (8.0, 10_000_000.0),
}

SHORTEST_S = 0.1
_SERVICE = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault on one instance. Raises `UsageError` with a sentence for whatever does not make sense.

    `port` is on `port_side` of the packet; `peer` is the other end: a service, an address or a network,
    `None` for any. `direction` is seen from the instance. Magnitudes carry their unit in their name.
    """

    kind: str
    duration_s: float
    protocol: Protocol = "tcp"
    port: int | None = None
    port_side: PortSide = "destination"
    peer: str | None = None
    direction: Direction = "egress"
    loss_percent: float | None = None
    rate_kbit: float | None = None
    delay_ms: float | None = None
    jitter_ms: float | None = None
    duplicate_percent: float | None = None
    corrupt_percent: float | None = None
    reorder_percent: float | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise UsageError(f"unknown fault kind {self.kind!r}: use one of {', '.join(KINDS)}")
        if self.duration_s is None:
            raise UsageError(f"a {self.kind} fault needs duration_s: without an end no fault is applied")
        _number("duration_s", self.duration_s)
        if self.duration_s < SHORTEST_S:
            raise UsageError(f"duration_s is {self.duration_s}: a fault lasts at least {SHORTEST_S} s")
        _one_of("protocol", self.protocol, ("tcp", "udp", "any"))
        _one_of("port_side", self.port_side, ("destination", "source"))
        _one_of("direction", self.direction, ("egress", "ingress"))
        self._check_selector()
        self._check_magnitudes()
        self._check_sense()

    @property
    def layer(self) -> Layer:
        """How it acts: `cut` decides whether a packet lives, `shape` when and how it goes out."""
        return KINDS[self.kind].layer

    @property
    def magnitude(self) -> dict[str, float]:
        """The magnitudes that are set, by name."""
        return {name: getattr(self, name) for name in MAGNITUDES if getattr(self, name) is not None}

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
        return f"{self.kind} of {self.direction} {self.protocol} {where}{peer} for {self.duration_s:g} s"

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
        kind = KINDS[self.kind]
        for name, (least, most) in MAGNITUDES.items():
            value = getattr(self, name)
            if value is None:
                if name in kind.required:
                    raise UsageError(f"a {self.kind} fault needs {name}")
                continue
            if name not in kind.required + kind.optional:
                raise UsageError(f"a {self.kind} fault has no {name}: leave it out")
            _number(name, value)
            if not (value > 0 and least <= value <= most):
                low = f"at least {least:g}" if least else "above 0"
                raise UsageError(f"{name} is {value:g}: it must be {low} and at most {most:g}")
        if self.jitter_ms is not None and self.delay_ms is not None and self.jitter_ms > self.delay_ms:
            raise UsageError(
                f"jitter_ms is {self.jitter_ms:g}, more than delay_ms {self.delay_ms:g}: time cannot run back"
            )

    def _check_sense(self) -> None:
        if self.kind == "reset" and self.protocol != "tcp":
            raise UsageError(f"only TCP can be reset: use kind reject or drop for {self.protocol}")
        if self.kind in ("reset", "reject") and self.port_side == "source":
            raise UsageError(
                f"a {self.kind} on a source port answers the server and leaves its clients waiting: "
                "name the destination port, on the client with egress or on the server with ingress"
            )
        if self.layer == "shape" and self.direction == "ingress":
            raise UsageError(
                f"{self.kind} acts on packets going out: apply it on the sending side with egress"
            )
        silent = self.kind in ("drop", "loss")
        if silent and self.protocol != "tcp" and self.direction == "egress":
            raise UsageError(
                f"{self.kind} of {self.protocol} on egress would fail the sender's own call with EPERM, which"
                " no network does: apply it with direction ingress on the receiving side"
            )


def _number(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise UsageError(f"{name} is {value!r}: it must be a number")
    if not math.isfinite(value):
        raise UsageError(f"{name} is {value}: it must be a finite number")


def _one_of(name: str, value: object, allowed: tuple[str, ...]) -> None:
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
    if network.prefixlen == 0:
        raise UsageError(f"peer is {peer!r}, which is everyone: leave it out, or name a smaller network")


assert {*MAGNITUDES} <= {field.name for field in fields(Fault)}
