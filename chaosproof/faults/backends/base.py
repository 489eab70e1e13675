"""The contract of a fault backend, one way of making faults: what its folder beside this file must offer.

`chaosproof.faults.backends` finds the backends by themselves and chooses. Nothing is substituted in silence: the
receipt names the way and what it is worth.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from chaosproof.faults.errors import failure
from chaosproof.faults.kinds.base import Layer
from chaosproof.faults.model import Fault
from chaosproof.faults.selector import Network
from chaosproof.targets.base import CommandResult

__all__ = [
    "CANNOT_SHAPE",
    "NOTICED",
    "TURN_S",
    "Backend",
    "Capabilities",
    "Cleanup",
    "CommandRunner",
    "ObservedEnd",
    "ResolvedFault",
    "StandbyCommand",
    "output_of",
]

# only nft's elements can say which packets the kernel is to shape
CANNOT_SHAPE = "it cannot single out the packets to shape"

NOTICED = (
    "dropped in the sender's own output hook ({why}), where the sending TCP is told at once, keeps the segment and "
    "counts hardly a retransmission"
)

# how long a watchdog may take, before others do its work
TURN_S = 0.1


class CommandRunner(Protocol):
    """Runs a command in the network namespace of one instance, to its end."""

    def __call__(self, argv: Sequence[str], *, stdin: str = "", timeout_s: float = 10.0) -> CommandResult: ...


def output_of(
    run: CommandRunner, argv: Sequence[str], failing: str, *, stdin: str = "", timeout_s: float = 10.0
) -> str:
    """What the command printed. Raises `FaultError` with the sentence `failing` where its exit code is not 0."""
    done = run(argv, stdin=stdin, timeout_s=timeout_s)
    if done.exit_code != 0:
        raise failure(failing, done)
    return done.stdout


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
    which a backend may remember what it did there. `noticed` is why the sender will notice what it drops, where its
    kind would lose that behind the sender's stack. `stands_by` says that its queue is up already, by a command of its
    own.
    """

    id: str
    fault: Fault
    networks: tuple[Network, ...]
    devices: tuple[str, ...] = ()
    shape_class: int = 0
    instance: str = ""
    noticed: str = ""
    stands_by: bool = False

    @property
    def queued(self) -> bool:
        """Whether a queue of its own acts on its packets."""
        return self.shape_class > 0

    @property
    def silent(self) -> bool:
        """Whether its packets are lost behind the sender's stack, which hears nothing of it."""
        return self.fault.sinks and not self.noticed

    def differs(self) -> str:
        """How it differs from the same trouble on a real line, as the end of a sentence; empty where it does not."""
        sentences = [NOTICED.format(why=self.noticed) if self.noticed else "", self.fault.declared.differs]
        return "".join(f"; {sentence}" for sentence in sentences if sentence)


@dataclass(frozen=True)
class ObservedEnd:
    """What was seen of a fault's end: its last own count, the count of its chain, and when (Unix seconds).

    `on_at` is the latest instant after which it was still seen on, 0 where nobody saw that. `cleaned` says that its
    watchdog did not end it, and the observer had to; `note` is what else a reader should know. `affected` is how many
    of its packets its queue did something to, `None` where no queue counts those.
    """

    packets: int
    chain_packets: int | None
    at: float | None
    cleaned: bool = False
    note: str = ""
    on_at: float = 0.0
    affected: int | None = None


@dataclass(frozen=True)
class Cleanup:
    """The command that does what a watchdog should have done, and when, counted from when the fault went on."""

    argv: Sequence[str]
    after_s: float


@dataclass(frozen=True)
class StandbyCommand:
    """The command that puts up ahead what a fault needs beside it, and takes it back.

    It does so at the deadline once it was given `word`, and at once where its input ends without. `check` ends with 0
    when it is up.
    """

    argv: Sequence[str]
    word: str
    check: Sequence[str]


class Backend(Protocol):
    """One way of making faults. Every method raises `FaultError` with what the command printed."""

    @property
    def name(self) -> str:
        """The name of its folder, by which it can be forced."""

    @property
    def rank(self) -> int:
        """The lowest rank that can make a fault makes it."""

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers whose faults it is considered for."""

    @property
    def note(self) -> str:
        """What `doctor` says of a kind that is made this way; empty where there is nothing to say."""

    def refusal(self, fault: Fault) -> str:
        """Why it makes such a fault on no kernel; empty when it does on some."""

    def needs(self, fault: Fault) -> Sequence[str]:
        """The abilities without which it cannot make the fault."""

    def wants(self, fault: Fault) -> Sequence[str]:
        """The abilities without which the sender would notice what the fault is to lose in silence."""

    def fidelity(self, order: ResolvedFault, *, kept: bool = False) -> str:
        """How far the fault can be trusted, for the receipt; `kept` says that the target runs `undo`."""

    def prepare(self, run: CommandRunner) -> None:
        """Put what is static in place; doing it again changes nothing."""

    def place(self, run: CommandRunner, order: ResolvedFault, taken: Collection[int]) -> ResolvedFault:
        """The order with what it needs on the instance, such as a queue; the classes `taken` are promised to others."""

    def count(self, run: CommandRunner, order: ResolvedFault) -> int:
        """The packets that were ever counted where the fault's packets will be."""

    def standby(self, order: ResolvedFault) -> StandbyCommand | None:
        """What can be put up before the fault's moment; `None` where nothing is, or `apply` does it all."""

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

    def forget(self, instance: str) -> None:
        """All faults of the instance were ended before their time: what was remembered of it holds no more."""

    def release(self, run: CommandRunner) -> None:
        """Take back what `prepare` put in place."""
