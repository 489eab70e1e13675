"""A target that can do nothing yet: the base for those that can do little.

A subclass overrides what its target can do; everything else is refused with a sentence.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from chaosproof.errors import TargetError
from chaosproof.targets.base import Address, CommandResult, Inside, Instance, InstanceState, JobState

__all__ = ["LimitedTarget"]


class LimitedTarget:
    """See `chaosproof.targets.base.Target` for what each method promises. All instances are taken for alive."""

    kind = "limited"

    def __init__(self, instances: Iterable[Instance]) -> None:
        self._instances = {instance.name: instance for instance in sorted(instances, key=lambda i: i.name)}

    def _cannot(self, what: str) -> TargetError:
        return TargetError(f"The target {self.kind} cannot {what}.")

    def instances(self, service: str | None = None) -> tuple[Instance, ...]:
        services = {instance.service for instance in self._instances.values()}
        if service is not None and service not in services:
            raise TargetError(f"There is no service {service!r}; there are: {', '.join(sorted(services))}.")
        return tuple(i for i in self._instances.values() if service in (None, i.service))

    def instance(self, name: str) -> Instance:
        if name not in self._instances:
            raise TargetError(f"There is no instance {name!r}; there are: {', '.join(self._instances)}.")
        return self._instances[name]

    def states(self) -> Mapping[str, InstanceState]:
        return {name: InstanceState(name, alive=True, ready=True) for name in self._instances}

    def address(self, service: str) -> Address:
        first = self.instances(service)[0]
        return Address(host=service, ip=first.address, ports=first.ports)

    def run(
        self,
        instance: str,
        argv: Sequence[str],
        *,
        stdin: str = "",
        timeout_s: float = 10.0,
        inside: Inside = "network",
    ) -> CommandResult:
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
        raise self._cannot("start a job")

    def job(self, name: str) -> JobState:
        raise TargetError(f"There is no job {name!r}: the target {self.kind} starts none.")

    def stop_job(self, name: str) -> None:
        self.job(name)

    def metrics(self, instance: str) -> str:
        raise self._cannot("ask for metrics")

    def logs(self, instance: str) -> str:
        raise self._cannot("read logs")

    def restart(self, instance: str) -> None:
        raise self._cannot("restart an instance")

    def kill(self, instance: str) -> None:
        raise self._cannot("kill an instance")

    def terminate(self, instance: str) -> None:
        raise self._cannot("terminate an instance")

    def pause(self, instance: str, *, duration_s: float | None = None) -> None:
        raise self._cannot("pause an instance")

    def resume(self, instance: str) -> None:
        raise self._cannot("resume an instance")
