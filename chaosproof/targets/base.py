"""What the rest of the project knows of where a system runs: plain data, and the contracts of a target.

A target is a file or a folder beside this one that has a `LAUNCHER` (see `Launcher`), which gives a `Target`.
Nothing outside of this package asks which target it has. `docs/extending.md` shows how to add one.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

from chaosproof.errors import TargetError
from chaosproof.targets.system.definition import System

__all__ = [
    "Address",
    "CommandResult",
    "DeferredCommand",
    "Inside",
    "Instance",
    "InstanceState",
    "JobState",
    "Launcher",
    "PendingCommand",
    "Running",
    "SupportsDeferred",
    "SupportsNeighbours",
    "SupportsPrestart",
    "Target",
]

Inside = Literal["network", "program"]


@dataclass(frozen=True)
class Instance:
    """One running copy of a service. `ports` maps a port's name to its number (`{"http": 8080}`).

    `host_name` is what its own machine is called, where that is not `name` and its programs may sign with it.
    """

    name: str
    service: str
    address: str
    address6: str = ""
    ports: Mapping[str, int] = field(default_factory=dict)
    metrics_port: int | None = None
    metrics_path: str = "/metrics"
    host_name: str = ""


@dataclass(frozen=True)
class InstanceState:
    """What an instance is doing now. `deaths` counts exits nobody asked for; `stops` those asked for."""

    name: str
    alive: bool
    ready: bool
    paused: bool = False
    pid: int = 0
    restarts: int = 0
    deaths: int = 0
    stops: int = 0


@dataclass(frozen=True)
class Address:
    """Where a service is reached from inside the target: one virtual address (`ip`) for all its instances.

    It is empty where a name leads to the instances themselves; `ip6` is there where the address has two families.
    """

    host: str
    ip: str
    ports: Mapping[str, int]
    ip6: str = ""


@dataclass(frozen=True)
class CommandResult:
    """A finished command: its exit code (124 when `timeout_s` ran out, 127 when not found) and output."""

    argv: tuple[str, ...]
    exit_code: int
    stdout: str
    stderr: str
    duration_s: float


@dataclass(frozen=True)
class JobState:
    """A long-running program beside the services, such as the load generator."""

    name: str
    running: bool
    exit_code: int | None
    stderr_tail: str


class Target(ABC):
    """A place where a system runs. Every method raises `TargetError` with a sentence when it cannot.

    A subclass overrides what its target can do; all else is refused.
    """

    kind: str
    """The target's name, such as `local`, for the journal only."""

    @abstractmethod
    def _by_name(self) -> Mapping[str, Instance]:
        """All instances, in order of name."""

    def _cannot(self, what: str) -> TargetError:
        return TargetError(f"The target {self.kind} cannot {what}.")

    def instances(self, service: str | None = None) -> tuple[Instance, ...]:
        """All instances, or those of `service`, in order of name; an unknown service is an error."""
        instances = self._by_name().values()
        services = {instance.service for instance in instances}
        if service is not None and service not in services:
            raise TargetError(f"There is no service {service!r}; there are: {', '.join(sorted(services))}.")
        return tuple(i for i in instances if service in (None, i.service))

    def instance(self, name: str) -> Instance:
        """The instance of that name; an unknown one is an error that lists the known ones."""
        by_name = self._by_name()
        if name not in by_name:
            raise TargetError(f"There is no instance {name!r}; there are: {', '.join(by_name)}.")
        return by_name[name]

    @abstractmethod
    def states(self) -> Mapping[str, InstanceState]:
        """The state of every instance now, by name."""

    @abstractmethod
    def address(self, service: str) -> Address:
        """The virtual address of `service`, valid inside the target."""

    def run(
        self,
        instance: str,
        argv: Sequence[str],
        *,
        stdin: str = "",
        timeout_s: float = 10.0,
        inside: Inside = "network",
    ) -> CommandResult:
        """Run a command in the network namespace of `instance`, to its end, as its root.

        With `inside="program"` it runs where the program's processes, files and Unix sockets are, as its user.
        Locally these are one place.
        """
        raise self._cannot(f"run {argv[0]}")

    def start_job(
        self,
        name: str,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        out_dir: Path,
        beside: str | None = None,
    ) -> None:
        """Start a program beside the services; what it writes to `out_dir` (absolute) is there afterwards.

        Locally the program writes into `out_dir` itself; on Kubernetes its files are streamed back. `beside` is the
        instance whose files and Unix sockets it must reach; else it needs nothing but the network.
        """
        raise self._cannot("start a job")

    def job(self, name: str) -> JobState:
        """The state of the job of that name."""
        raise TargetError(f"There is no job {name!r}: the target {self.kind} starts none.")

    def stop_job(self, name: str) -> None:
        """Ask the job to end (SIGTERM); a job that has ended already is no error."""
        self.job(name)

    def metrics(self, instance: str) -> str:
        """The instance's metrics page, in Prometheus' text format."""
        raise self._cannot("ask for metrics")

    def logs(self, instance: str) -> str:
        """All that the instance wrote to stdout and stderr."""
        raise self._cannot("read logs")

    def restart(self, instance: str) -> None:
        """Stop the instance (SIGTERM, then SIGKILL) and start it again."""
        raise self._cannot("restart an instance")

    def kill(self, instance: str) -> None:
        """End the instance with SIGKILL."""
        raise self._cannot("kill an instance")

    def terminate(self, instance: str) -> None:
        """End the instance with SIGTERM."""
        raise self._cannot("terminate an instance")

    def pause(self, instance: str, *, duration_s: float | None = None) -> None:
        """Stop the instance's processes with SIGSTOP; after `duration_s` the target itself lets them go on."""
        raise self._cannot("pause an instance")

    def resume(self, instance: str) -> None:
        """Let the instance's processes go on with SIGCONT."""
        raise self._cannot("resume an instance")


@dataclass(frozen=True)
class DeferredCommand:
    """What a target is to run in an instance's network, so many seconds after a command there has ended."""

    argv: Sequence[str]
    after_s: float


@runtime_checkable
class SupportsDeferred(Protocol):
    """What a target has besides where it can itself see to what comes after a command, whoever is dead by then.

    A lab can: with its first process everything in it ends, a fault too. A cluster has nobody to ask.
    """

    def run_deferring(
        self,
        instance: str,
        argv: Sequence[str],
        *,
        after: DeferredCommand,
        stdin: str = "",
        timeout_s: float = 10.0,
    ) -> CommandResult:
        """As `run`; and once the command has ended, however it did, the target sees to what comes after it."""


class PendingCommand(Protocol):
    """A command that waits for its input: gives it that, once, and returns when it has ended.

    `None` where it waits no more, because it was given an empty one in the meantime; it has then done nothing.
    """

    def __call__(
        self, stdin: str, timeout_s: float, after: DeferredCommand | None = None
    ) -> CommandResult | None: ...


@runtime_checkable
class SupportsPrestart(Protocol):
    """What a target has besides where it can begin a command ahead of the moment in which it matters."""

    def prestart(self, instance: str, argv: Sequence[str], *, keep_s: float) -> PendingCommand:
        """Start a command that waits for its input: empty after `keep_s`, or when nobody is left to give one."""


@runtime_checkable
class SupportsNeighbours(Protocol):
    """What a target has besides where others than its instances, known by name, may use what its instances serve."""

    def neighbours(self) -> Mapping[str, str]:
        """Their names by address: of those only that share it with nobody who checks health, and of none of ours."""


@dataclass(frozen=True)
class Running:
    """A system that runs: how to act on it, where this machine reaches it, and how to end it.

    `name` is what the target calls this system: a lab's name, or that of a cluster's namespace. `endpoints` are URLs by
    name, `timings` seconds from the call to a stage, `facts` what the record of a run says of the place, by its
    parts. `take_down` leaves nothing of what `launch` put there; a system that was only opened goes on. `is_up` is
    false once the system is gone as a whole, whoever ended it.
    """

    target: Target
    name: str
    endpoints: Mapping[str, str] = field(default_factory=dict)
    timings: Mapping[str, float] = field(default_factory=dict)
    take_down: Callable[[], None] = lambda: None
    facts: Mapping[str, Any] = field(default_factory=dict)
    is_up: Callable[[], bool] = lambda: True


class Launcher(Protocol):
    """One kind of target. What takes long to import, such as the client of a cluster, is imported by its methods."""

    @property
    def name(self) -> str:
        """What an experiment calls it: `"target": "local"`."""

    def open(self, variables: Mapping[str, Any]) -> Running:
        """A system that runs already, as the experiment's `variables` name it; taking it down does nothing.

        Raises `UsageError` or `TargetError` when there is none.
        """

    def launch(
        self, system: System, variables: Mapping[str, Any], *, name: str, events_file: Path
    ) -> Running:
        """Start `system` and return when it is ready; every change of an instance goes to `events_file`.

        `name` tells this run from others. Raises `UsageError` when the system cannot run there, `TargetError` with the
        reason when it does not get ready; then nothing is left of it.
        """
