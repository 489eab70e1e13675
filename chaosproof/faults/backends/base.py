"""What a way of making faults must offer, and which way is taken: pure choice, effects behind one function.

In order: nft, whose elements the kernel ends; iptables with a watchdog, for kernels whose nft cannot; tc
netem with a loss of 100 % as the last resort. A delay needs a queue: netem's, where the kernel has it, else one in a
program. Nothing is substituted in silence: the receipt names the way
and what it is worth.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from chaosproof.faults.errors import CapabilityError, FaultRefused
from chaosproof.faults.model import Fault
from chaosproof.faults.selector import Network
from chaosproof.targets.base import CommandResult

__all__ = [
    "BACKENDS",
    "HELD_KINDS",
    "TURN_S",
    "Backend",
    "Capabilities",
    "Cleanup",
    "CommandRunner",
    "ObservedEnd",
    "ResolvedFault",
    "choose_backend",
]

BACKENDS = ("nft", "iptables", "tc", "nfqueue")

# what a queue in a program can do, where the kernel has none
HELD_KINDS = frozenset({"delay"})

# how long a watchdog may take, before others do its work
TURN_S = 0.1


class CommandRunner(Protocol):
    """Runs a command in the network namespace of one instance, to its end."""

    def __call__(self, argv: Sequence[str], *, stdin: str = "", timeout_s: float = 10.0) -> CommandResult: ...


@dataclass(frozen=True)
class Capabilities:
    """What a kernel and its tools can do: per ability `""`, or the sentence that says what is missing.

    An ability is `nft`, `iptables`, `netem`, `htb`, `nfqueue` or `end-idle` (ending idle connections with `ss -K`).
    One that nobody tried is missing.
    """

    missing: Mapping[str, str] = field(default_factory=dict)

    def lack(self, ability: str) -> str:
        """Why `ability` is not there; empty when it is."""
        return self.missing.get(ability, f"nobody has tried whether {ability} works")


@dataclass(frozen=True)
class ResolvedFault:
    """A fault on its way to one instance: who it is and whom its peer means.

    One that needs a queue also has the devices to put it on and the number of its class. `instance` is its name, by
    which a backend may remember what it did there.
    """

    id: str
    fault: Fault
    networks: tuple[Network, ...]
    devices: tuple[str, ...] = ()
    shape_class: int = 0
    instance: str = ""


@dataclass(frozen=True)
class ObservedEnd:
    """What was seen of a fault's end: its last own count, the count of its chain, and when (Unix seconds).

    `cleaned` says that its watchdog did not end it, and the observer had to; `note` is what else a reader should know.
    """

    packets: int
    chain_packets: int | None
    at: float | None
    cleaned: bool = False
    note: str = ""


@dataclass(frozen=True)
class Cleanup:
    """The command that does what a watchdog should have done, and when, counted from when the fault went on."""

    argv: Sequence[str]
    after_s: float


class Backend(Protocol):
    """One way of making faults. Every method raises `FaultError` with what the command printed."""

    @property
    def name(self) -> str:
        """One of `BACKENDS`."""

    def fidelity(self, fault: Fault, *, kept: bool = False) -> str:
        """How far its faults can be trusted, for the receipt; `kept` says that the target runs `undo`."""

    def prepare(self, run: CommandRunner) -> None:
        """Put what is static in place; doing it again changes nothing."""

    def count(self, run: CommandRunner, order: ResolvedFault) -> int:
        """The packets that were ever counted where the fault's packets will be."""

    def argv(self, order: ResolvedFault) -> Sequence[str]:
        """The command of `apply`, which does nothing before it has its input, so that it can be begun ahead."""

    def apply(self, run: CommandRunner, order: ResolvedFault) -> None:
        """Switch the fault on, in one command."""

    def undo(self, order: ResolvedFault) -> Cleanup | None:
        """What is left to do where the fault's watchdog was killed; `None` where the kernel leaves nothing."""

    def watch(self, run: CommandRunner, order: ResolvedFault, left_s: float) -> ObservedEnd:
        """Return when the fault has ended, by whomever; `left_s` is how long that should take.

        Where a watchdog is to end it and was killed, this ends it. Raises `FaultError` when the observer
        itself was killed.
        """

    def tidy(self, run: CommandRunner, order: ResolvedFault) -> None:
        """Take back what else its watchdog should have, once the fault has ended; nobody else's is touched."""

    def release(self, run: CommandRunner) -> None:
        """Take back what `prepare` put in place."""


def choose_backend(capabilities: Capabilities, fault: Fault, forced: str | None = None) -> str:
    """The first of `BACKENDS` that can make the fault, or `forced`.

    Raises `CapabilityError` with what is missing when none can, `FaultRefused` for an unknown backend.
    """
    if forced is not None and forced not in BACKENDS:
        raise FaultRefused(f"unknown fault backend {forced!r}: use one of {', '.join(BACKENDS)}")
    names = [forced] if forced else _ways(fault)
    reasons = []
    for name in names:
        reason = _why_not(name, fault, capabilities)
        if not reason:
            return name
        reasons.append(f"{name}: {reason}" if len(names) > 1 else reason)
    raise CapabilityError(f"{fault.kind} is not possible here: {'; '.join(reasons)}")


def _ways(fault: Fault) -> Sequence[str]:
    if fault.layer == "cut":
        return ("nft", "iptables", "tc")
    # only nft's elements can say which packets the kernel is to shape
    return ("nft", "nfqueue") if fault.kind in HELD_KINDS else ("nft",)


def _why_not(name: str, fault: Fault, capabilities: Capabilities) -> str:
    if name == "nfqueue":
        if fault.kind not in HELD_KINDS:
            return f"a queue in a program can make {', '.join(sorted(HELD_KINDS))} only"
        return capabilities.lack("nfqueue")
    if fault.layer == "shape":
        if name != "nft":
            return "it cannot single out the packets to shape"
        queue = "" if fault.kind == "rate" else capabilities.lack("netem")
        return capabilities.lack("nft") or capabilities.lack("htb") or queue
    if name == "nft":
        return capabilities.lack("nft")
    if name == "iptables":
        return capabilities.lack("iptables")
    if fault.kind not in ("reset", "drop") or fault.direction == "ingress":
        return "netem stands in for reset and drop on egress only"
    return capabilities.lack("htb") or capabilities.lack("netem")
