"""Finds a place for a fault's queue on an instance: the devices, and a class that is free."""

from collections.abc import Collection
from dataclasses import replace

from chaosproof.faults.backends.base import CommandRunner, ResolvedFault, output_of
from chaosproof.faults.backends.tc.render import devices, free_class, may_use_loopback

__all__ = ["with_queue"]


_LIST = "tc -j qdisc show && echo && ip -j address show"


def with_queue(order: ResolvedFault, run: CommandRunner, taken: Collection[int] = ()) -> ResolvedFault:
    """The order with its devices, `lo` among them where its packets may leave by that, and a class that is not `taken`.

    Raises `FaultRefused` where somebody else has the root queue.
    """
    listed = output_of(run, ["sh", "-c", _LIST], "the queues could not be listed")
    queues, _, addresses = listed.partition("\n\n")
    devs = devices(queues, loopback=may_use_loopback(addresses, order.networks))
    list_classes = "; ".join(f"tc class show dev {dev}" for dev in devs)
    classes = output_of(run, ["sh", "-c", list_classes], "the classes could not be listed")
    return replace(order, devices=devs, shape_class=free_class(classes, taken))
