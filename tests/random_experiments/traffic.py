"""What goes over the wires of the made-up system, and which faults stand in its way."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Hop", "Request", "Stood", "crosses", "health_check", "hops_of"]

FRONT_PORT, BACK_PORT = 8080, 9000


@dataclass(frozen=True)
class Hop:
    """Packets as one instance sees them; `ports` are those of their destination and of their source."""

    instance: str
    direction: str
    destination: int | None
    source: int | None
    peer: str


@dataclass(frozen=True)
class Request:
    """One request of a load, and all that it went through. `back` is empty where nobody was called on."""

    at: float
    done_at: float
    status: int
    code: str
    front: str
    back: str
    measured: bool


@dataclass
class Stood:
    """A fault as it really was: `met` are the requests of a load that it was in the way of, `checks` health checks."""

    kind: str
    instance: str
    asked_s: float | None
    on_at: float
    off_at: float | None = None
    direction: str | None = None
    selector: dict[str, Any] = field(default_factory=dict)
    partition: bool = False
    met: int = 0
    checks: int = 0

    def is_on(self, at: float) -> bool:
        return self.on_at <= at and (self.off_at is None or at < self.off_at)


def hops_of(front: str, back: str) -> Iterator[Hop]:
    """The packets of one request: a client asks `front`, and `front` asks `back`."""
    yield Hop(front, "ingress", FRONT_PORT, None, "client")
    yield Hop(front, "egress", None, FRONT_PORT, "client")
    if back:
        yield Hop(front, "egress", BACK_PORT, None, _service(back))
        yield Hop(front, "ingress", None, BACK_PORT, _service(back))
        yield Hop(back, "ingress", BACK_PORT, None, _service(front))
        yield Hop(back, "egress", None, BACK_PORT, _service(front))


def health_check(instance: str) -> Hop:
    return Hop(instance, "ingress", FRONT_PORT, None, "kubelet")


def crosses(fault: Stood, hops: Iterable[Hop]) -> bool:
    """Whether the fault acts on any of these packets; one on a process acts on whatever comes to it."""
    return any(_meets(fault, hop) for hop in hops)


def _meets(fault: Stood, hop: Hop) -> bool:
    if fault.instance != hop.instance:
        return False
    if fault.direction is None:
        return True
    if fault.direction != hop.direction or fault.selector.get("protocol") == "udp":
        return False
    port = fault.selector.get("port")
    side = hop.source if fault.selector.get("port_side") == "source" else hop.destination
    peer = fault.selector.get("peer")
    return port in (None, side) and (not peer or peer == hop.peer)


def _service(instance: str) -> str:
    return instance.rpartition("-")[0]
