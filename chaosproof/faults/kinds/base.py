"""The contract of a fault kind: all that the rest of the house has to know of it, in one file of this folder.

    from chaosproof.faults.kinds import KINDS
    KINDS["reset"].canary                      ("refused", "reset")

A file of `kinds/` that has a `KIND` is a kind; the registry finds it by itself. From it follow what `Fault` accepts,
the nft table and every backend's rules, which faults conflict, what the canary and the judge want to see, the options
of `chaosproof inject`, the rows of `chaosproof doctor` and the action of `chaosproof.actions.network`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Self

from chaosproof.runfolder.faults import CanaryExpectation, Expectation

__all__ = [
    "ANSWERS_ON_DESTINATION",
    "DELAY_MS",
    "JITTER_MS",
    "ONLY_ON_EGRESS",
    "OTHER_DIRECTION",
    "OTHER_PORT_SIDE",
    "PROCESS_EVENTS",
    "Back",
    "Choice",
    "Delay",
    "Direction",
    "FaultKind",
    "Layer",
    "Magnitudes",
    "NetworkKind",
    "Parameter",
    "PortSide",
    "ProcessKind",
    "Protocol",
    "Refusal",
    "netem",
    "netem_delay",
]

Protocol = Literal["tcp", "udp", "any"]
PortSide = Literal["destination", "source"]
Direction = Literal["egress", "ingress"]
Layer = Literal["cut", "shape"]

# as they are for the packets that come the other way
OTHER_DIRECTION: Mapping[Direction, Direction] = {"egress": "ingress", "ingress": "egress"}
OTHER_PORT_SIDE: Mapping[PortSide, PortSide] = {"source": "destination", "destination": "source"}

PROCESS_EVENTS = ("killed", "exited", "paused", "started")


@dataclass(frozen=True)
class Parameter:
    """A magnitude; its name ends in its unit. `least` of 0 is itself too little. It is never above `not_above`."""

    name: str
    least: float
    most: float
    required: bool = True
    not_above: str = ""


@dataclass(frozen=True)
class Choice:
    """A word by which a kind is told apart further, such as whom it answers: the first of `values` where none is given.

    `changes` are the fields of the kind that differ for a value, by that value.
    """

    name: str
    does: str
    values: tuple[str, ...]
    changes: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Back:
    """What a kind does with the packets that come the other way: the same addresses and ports, seen from the far end.

    Fields as those of `NetworkKind`.
    """

    nft_rules: tuple[str, ...]
    nft_matches: tuple[tuple[str, ...], tuple[str, ...]] | None = None


@dataclass(frozen=True)
class Refusal:
    """Selectors that the kind does not act on, and the sentence that says so, with `{kind}` and `{protocol}` open.

    It meets a fault that is in each of the three that are given.
    """

    sentence: str
    protocols: tuple[Protocol, ...] = ()
    directions: tuple[Direction, ...] = ()
    port_sides: tuple[PortSide, ...] = ()

    def meets(self, protocol: str, direction: str, port_side: str) -> bool:
        return (
            (not self.protocols or protocol in self.protocols)
            and (not self.directions or direction in self.directions)
            and (not self.port_sides or port_side in self.port_sides)
        )


DELAY_MS = Parameter("delay_ms", 0.0, 60_000.0)
JITTER_MS = Parameter("jitter_ms", 0.0, 60_000.0, required=False, not_above="delay_ms")

ONLY_ON_EGRESS = Refusal(
    "{kind} acts on packets going out: apply it on the sending side with egress", directions=("ingress",)
)
ANSWERS_ON_DESTINATION = Refusal(
    "a {kind} on a source port answers the server and leaves its clients waiting: "
    "name the destination port, on the client with egress or on the server with ingress",
    port_sides=("source",),
)


@dataclass(frozen=True)
class Delay:
    """How long a queue in a program holds a packet, give or take `jitter_s`, uniformly."""

    delay_s: float
    jitter_s: float = 0.0


Magnitudes = Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class FaultKind:
    """What every kind says. `does` is what it does, for `doctor`, in the third person."""

    name: str
    does: str

    def expects(self, selector: Mapping[str, Any], direction: str = "") -> Expectation:
        """What proves that a fault of this kind with this selector, in this direction, acted."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class ProcessKind(FaultKind):
    """A kind that acts on the process of an instance. `backend` and `fidelity` are for its record.

    `events` are those that the target reports of the instance, one of which proves it; empty: what it took is for the
    experiment to claim.
    """

    backend: str = "signal"
    fidelity: str = "done when it returns"
    events: tuple[str, ...] = PROCESS_EVENTS

    def expects(self, selector: Mapping[str, Any], direction: str = "") -> Expectation:
        return Expectation(proof="events", events=self.events) if self.events else Expectation(proof="row")


@dataclass(frozen=True, kw_only=True)
class NetworkKind(FaultKind):
    """A kind that acts on packets.

    - `doc`: the docstring of its action; `port_required`: that action has to be given a port.
    - `layer`: `cut` decides whether a packet lives, `shape` when and how it goes out. Faults of different layers may
      act on the same packets.
    - `refusals`: the selectors that make no sense for it. `conflicts_with`: kinds that spoil it in either direction.
    - `share`: the parameter that says, in percent, which share of the packets it acts on; empty: all of them.
    - `given`: the fields of the kind that differ where a parameter is given, by that parameter. `check`: why these
      magnitudes go together in no fault; empty where they do.
    - `differs`: how its faults differ from the same trouble on a real line, however made; empty: not that we know of.
    - `choice`: a word by which its faults differ; `chosen` gives the kind as it is with that word.
    - `ends_open`: the directions in which the connections that are open as it goes on are ended besides, by the kernel
      that it is on (`ss -K`).
    - `canary`: how a TCP connection to its port must fare while it is on; empty: one connection proves nothing.
      `canary_data`: what that connection sends, and then waits until the other kernel has it; empty: nothing.
      `canary_packets`: how many of the fault's packets are the canary's own then, at most.
      `canary_peer`: how the connections that are ended must be then at their other end, `open` or `closed`; empty: that
      is up to what they do.

    How each backend makes it; what is left empty, that backend cannot:

    - `nft_rules`: the rules that decide on the packets of a `cut`, first to last, with `{direction}` open, and the
      packets are counted before them; `nft_chain` names them, where that is not the kind. `nft_hold_ms`: for how long
      from its beginning the address families are in the set `hold_{direction}`. `nft_matches`: conditions, for IPv4 and
      for IPv6, any of which has to hold for a packet to be the fault's besides its selector. `back`: the same for the
      packets that come the other way.
    - `iptables`: the end of the rule, for IPv4 and for IPv6: further matches and the target, quoted as for a
      shell by double quotes alone. `iptables_at_first`: the end of one before it, that matches for a second or two.
    - `sink`: the queue that loses on egress what comes to it, as arguments of `tc qdisc add`. It is behind the sender's
      stack, as the network is; where none can be had, `nft_rules` and `iptables` drop, and the stack notices.
      `sink_needs`: the abilities for it.
    - `tc_stand_in`: what netem's loss of 100 % is worth in its place, for the receipt.
    - `qdisc`: the queue of a `shape`, as arguments of `tc qdisc add`; `qdisc_needs`: the abilities for it.
      `qdisc_on_lo`: the same for loopback, where that differs.
    - `held`: what a queue in a program does, for kernels without netem.
    - `effect`: what the queue of a `shape` does to some of the packets that go through it, as a participle; empty: it
      does the same to all. `effect_counters`: the counters of `tc -s qdisc` that count those. `effect_chance`: where
      the kernel keeps no such counter, the parameter that says in percent how likely a packet is to be one of them.
    """

    doc: str
    layer: Layer
    parameters: tuple[Parameter, ...] = ()
    port_required: bool = False
    refusals: tuple[Refusal, ...] = ()
    conflicts_with: tuple[str, ...] = ()
    share: str = ""
    given: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    check: Callable[[Magnitudes], str] = lambda magnitudes: ""
    differs: str = ""
    choice: Choice | None = None
    ends_open: tuple[Direction, ...] = ()
    canary: tuple[str, ...] = ()
    canary_data: str = ""
    canary_packets: int = 1
    canary_peer: str = ""
    nft_rules: tuple[str, ...] = ()
    nft_chain: str = ""
    nft_hold_ms: int = 0
    nft_matches: tuple[tuple[str, ...], tuple[str, ...]] | None = None
    back: Back | None = None
    iptables: tuple[str, str] | None = None
    iptables_at_first: str = ""
    sink: str = ""
    sink_needs: tuple[str, ...] = ("htb",)
    tc_stand_in: str = ""
    qdisc: Callable[[Magnitudes], str] | None = None
    qdisc_on_lo: Callable[[Magnitudes], str] | None = None
    qdisc_needs: tuple[str, ...] = ("htb", "netem")
    held: Callable[[Magnitudes], Delay] | None = None
    effect: str = ""
    effect_counters: tuple[str, ...] = ()
    effect_chance: str = ""

    @property
    def chain(self) -> str:
        """The name of its rules in the nft table."""
        return self.nft_chain or self.name

    @property
    def choice_name(self) -> str:
        """The name of its choice; empty where it has none."""
        return self.choice.name if self.choice else ""

    @property
    def variants(self) -> tuple[Self, ...]:
        """The kind with each value of its choice; itself where it has none."""
        return tuple(self.chosen(value) for value in self.choice.values) if self.choice else (self,)

    def chosen(self, value: str) -> Self:
        """The kind as it is with that value of its choice."""
        return replace(self, **self.choice.changes.get(value, {})) if self.choice else self

    def with_given(self, names: Iterable[str]) -> Self:
        """The kind as it is where the parameters of these names are given."""
        changes: dict[str, Any] = {}
        for name in names:
            changes.update(self.given.get(name, {}))
        return replace(self, **changes) if changes else self

    @property
    def required(self) -> tuple[str, ...]:
        """The names of the parameters that a fault must have."""
        return tuple(parameter.name for parameter in self.parameters if parameter.required)

    @property
    def protocols(self) -> tuple[Protocol, ...]:
        """The protocols that it acts on in one direction at least."""
        every: tuple[Protocol, ...] = ("tcp", "udp", "any")
        return tuple(
            protocol
            for protocol in every
            if any(not self.refuses(protocol, way) for way in self._directions())
        )

    @property
    def directions(self) -> tuple[Direction, ...]:
        """The directions in which it acts on one protocol at least."""
        return tuple(way for way in self._directions() if not self.refuses("tcp", way))

    def refuses(self, protocol: str, direction: str, port_side: str = "destination") -> str:
        """Why no fault of this kind has such a selector; empty when one may."""
        for refusal in self.refusals:
            if refusal.meets(protocol, direction, port_side):
                return refusal.sentence.format(kind=self.name, protocol=protocol)
        return ""

    def expects(self, selector: Mapping[str, Any], direction: str = "") -> Expectation:
        # without a TCP port, or of the answers from one, no connection of our own could be opened to meet it
        opens = selector["port"] is not None and selector.get("port_side") != "source"
        decides = self.canary and selector["protocol"] == "tcp" and opens
        peer = (self.canary_peer,) if self.canary_peer and direction in self.ends_open else None
        canary = CanaryExpectation(during=self.canary, peer=peer) if decides else None
        return Expectation(
            proof="packets", canary=canary, effect=self.effect or None, chance=self.effect_chance or None
        )

    def _directions(self) -> tuple[Direction, ...]:
        return ("egress", "ingress")


def netem(*arguments: str) -> str:
    """The arguments of a netem queue that does not lose what it holds."""
    # netem's own limit of 1,000 packets loses half of 5,000 packets a second held for 400 ms
    return " ".join(["netem", "limit 10000", *arguments])


def netem_delay(magnitudes: Magnitudes) -> str:
    """The argument by which netem holds packets for `delay_ms`, give or take `jitter_ms`."""
    times_us = (round(magnitudes[name] * 1000) for name in ("delay_ms", "jitter_ms") if name in magnitudes)
    return f"delay {' '.join(f'{time_us}us' for time_us in times_us)}"
