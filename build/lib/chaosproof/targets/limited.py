"""A target that can do nothing yet: the base for those that can do little, and of a fixed number of instances."""

from collections.abc import Iterable, Mapping

from chaosproof.targets.base import Address, Instance, InstanceState, Target

__all__ = ["LimitedTarget"]


class LimitedTarget(Target):
    """See `chaosproof.targets.base.Target` for what each method promises. All instances are taken for alive."""

    kind = "limited"

    def __init__(self, instances: Iterable[Instance]) -> None:
        self._instances = {instance.name: instance for instance in sorted(instances, key=lambda i: i.name)}

    def _by_name(self) -> Mapping[str, Instance]:
        return self._instances

    def states(self) -> Mapping[str, InstanceState]:
        return {name: InstanceState(name, alive=True, ready=True) for name in self._instances}

    def address(self, service: str) -> Address:
        first = self.instances(service)[0]
        return Address(host=service, ip=first.address, ports=first.ports)
