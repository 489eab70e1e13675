"""Finds a place for a fault's queue on an instance: the devices, and a class that is free."""

from dataclasses import replace

from chaosproof.faults.backends.base import CommandRunner, ResolvedFault, output_of
from chaosproof.faults.backends.tc.render import devices, free_class

__all__ = ["with_queue"]


def with_queue(order: ResolvedFault, run: CommandRunner) -> ResolvedFault:
    """The order with its devices and class. Raises `FaultRefused` where somebody else has the root queue."""
    devs = devices(output_of(run, ["tc", "-j", "qdisc", "show"], "the queues could not be listed"))
    list_classes = "; ".join(f"tc class show dev {dev}" for dev in devs)
    classes = output_of(run, ["sh", "-c", list_classes], "the classes could not be listed")
    return replace(order, devices=devs, shape_class=free_class(classes))
