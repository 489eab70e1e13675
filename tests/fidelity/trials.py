"""Which faults are to be measured: every kind, choice, backend, place and protocol that the registries have.

No name of a kind stands here: one that is added shows up by itself.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chaosproof.errors import UsageError
from chaosproof.faults.backends import make_backends
from chaosproof.faults.backends.base import Capabilities
from chaosproof.faults.kinds import KINDS
from chaosproof.faults.kinds.base import NetworkKind
from chaosproof.faults.model import Fault

from .record import Row

__all__ = ["CONNECTIONS", "FAMILIES", "PLACES", "STRENGTHS", "Trial", "trials", "unmeasured"]

# whose packets are met where, of those that the client sends to the server's port, and of those that come back
PLACES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "client egress": ("client-0", {"direction": "egress", "port_side": "destination"}),
    "server ingress": ("server-0", {"direction": "ingress", "port_side": "destination"}),
    "server egress, source port": ("server-0", {"direction": "egress", "port_side": "source"}),
    "client ingress, source port": ("client-0", {"direction": "ingress", "port_side": "source"}),
}
CONNECTIONS: Mapping[str, tuple[str, ...]] = {
    "tcp": ("new", "established", "idle"),
    # over an idle pair of datagram sockets nothing passes, and nobody could learn of anything
    "udp": ("new", "established"),
}
FAMILIES = ("4", "6")
# of a real cause, too; a magnitude that is not here is 50 of its unit, or the nearest that it may be
STRENGTHS = {"delay_ms": 200.0, "loss_percent": 30.0, "rate_kbit": 400.0}
_OTHERWISE = 50.0


@dataclass(frozen=True)
class Trial:
    """One fault in one place by one backend. `problem` says why it is not measured, `refused` whether by our word."""

    subject: str
    arguments: Mapping[str, Any]
    backend: str
    place: str
    protocol: str
    problem: str = ""
    refused: bool = False

    @property
    def instance(self) -> str:
        return PLACES[self.place][0]

    def fault(self, port: int, duration_s: float) -> Fault:
        more = PLACES[self.place][1]
        return Fault(port=port, duration_s=duration_s, protocol=self.protocol, **more, **self.arguments)

    @property
    def strength(self) -> str:
        return ", ".join(f"{k}={v:g}" for k, v in self.arguments.items() if isinstance(v, float))


def trials(known: Capabilities) -> Iterator[Trial]:
    """Every fault that could be asked for, with what stands against it on a kernel that is `known`."""
    backends = make_backends()
    for kind in KINDS.values():
        for subject, arguments in _variants(kind):
            for place in PLACES:
                for protocol in CONNECTIONS:
                    trial = Trial(subject, arguments, "any", place, protocol)
                    try:
                        fault = trial.fault(1, 1.0)
                    except UsageError as error:
                        yield Trial(subject, arguments, "any", place, protocol, str(error), refused=True)
                        continue
                    for backend in backends.values():
                        refusal = backend.refusal(fault)
                        lack = (
                            next(filter(None, map(known.lack, backend.needs(fault))), "")
                            if not refusal
                            else ""
                        )
                        yield Trial(
                            subject, arguments, backend.name, place, protocol, refusal or lack, bool(refusal)
                        )


def unmeasured(trial: Trial) -> list[Row]:
    """The rows of a trial with a problem."""
    return [
        Row(
            subject=trial.subject,
            protocol=trial.protocol,
            family=family,
            connection=connection,
            backend=trial.backend,
            place=trial.place,
            strength=trial.strength,
            problem=trial.problem,
            refused=trial.refused,
        )
        for family in FAMILIES
        for connection in CONNECTIONS[trial.protocol]
    ]


def _variants(kind: NetworkKind) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The kind with each value of its choice, as (name, arguments of a fault)."""
    magnitudes = {
        parameter.name: min(max(parameter.least, STRENGTHS.get(parameter.name, _OTHERWISE)), parameter.most)
        for parameter in kind.parameters
        if parameter.required
    }
    choice = getattr(kind, "choice", None)
    if choice is None:
        yield kind.name, {"kind": kind.name, **magnitudes}
        return
    for value in choice.values:
        yield f"{kind.name} {choice.name}={value}", {"kind": kind.name, choice.name: value, **magnitudes}
