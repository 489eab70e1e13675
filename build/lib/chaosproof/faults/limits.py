"""What a configuration lets faults do: how long, where, and to how many at once."""

from collections.abc import Collection
from dataclasses import dataclass, field

from chaosproof.faults.errors import FaultRefused
from chaosproof.faults.model import Fault

__all__ = ["PROTECTED_PORTS", "Limits", "check_fault", "check_spread"]

# ssh, the Kubernetes API server and the kubelet: who loses these cannot look, and cannot come back
PROTECTED_PORTS = frozenset({22, 6443, 10250})


@dataclass(frozen=True)
class Limits:
    """`ceiling_s`: the longest fault. `instances_max`: how many of one service at once (`None`: all but one).

    `allow_all` permits a fault on every instance of a service, also where it has only one.
    """

    ceiling_s: float = 300.0
    instances_max: int | None = None
    allow_all: bool = False
    protected_ports: frozenset[int] = field(default=PROTECTED_PORTS)


def check_fault(fault: Fault, limits: Limits) -> None:
    """Raise `FaultRefused` when the fault is longer than the ceiling or names a protected port."""
    if fault.duration_s > limits.ceiling_s:
        raise FaultRefused(
            f"duration_s is {fault.duration_s:g}, beyond the ceiling of {limits.ceiling_s:g} s: "
            "shorten the fault or raise the ceiling"
        )
    if fault.port in limits.protected_ports:
        raise FaultRefused(f"port {fault.port} is protected: no fault may name it")


def check_spread(
    service: str, instance: str, hit: Collection[str], everyone: Collection[str], limits: Limits
) -> None:
    """Raise `FaultRefused` when one more hit instance of `service` would be too many.

    `hit` are the instances under a fault now, `everyone` all instances of the service.
    """
    after = {*hit, instance}
    if limits.instances_max is not None and len(after) > limits.instances_max:
        raise FaultRefused(
            f"with a fault on {instance}, {len(after)} instances of {service} would be hit at once, "
            f"and the limit is {limits.instances_max}: heal another first"
        )
    if not limits.allow_all and after >= set(everyone):
        raise FaultRefused(
            f"a fault on {instance} would leave no instance of {service} whole: "
            "set allow_all if that is what you want"
        )
