"""Finds a place for a fault's queue on an instance: the devices, and a class that is free."""

from dataclasses import replace

from chaosproof.faults.backends.base import CommandRunner, ResolvedFault
from chaosproof.faults.backends.tc.render import devices, free_class
from chaosproof.faults.errors import failure

__all__ = ["with_queue"]


def with_queue(order: ResolvedFault, run: CommandRunner) -> ResolvedFault:
    """The order with its devices and class. Raises `FaultRefused` where somebody else has the root queue."""
    qdiscs = run(["tc", "-j", "qdisc", "show"])
    if qdiscs.exit_code != 0:
        raise failure("the queues could not be listed", qdiscs)
    devs = devices(qdiscs.stdout)
    classes = run(["sh", "-c", "; ".join(f"tc class show dev {dev}" for dev in devs)])
    if classes.exit_code != 0:
        raise failure("the classes could not be listed", classes)
    return replace(order, devices=devs, shape_class=free_class(classes.stdout))
