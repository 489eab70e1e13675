"""Queues as tc commands: pure functions. Every command is a line of shell for the watchdog.

Our root is an HTB that sends what is not addressed to one of its classes straight on. A class is addressed by
a packet's priority, which the nft element of the fault sets, so no filter is needed and no mark of anybody
else is touched. The class's leaf does the work; the kind says what it is (`qdisc`).

A queue is ours by its handle, c405: a root with another handle is somebody's, and is never replaced.
"""

import ipaddress
import json
import re
import shlex
import zlib
from collections.abc import Collection, Iterable, Sequence

from chaosproof.faults.backends.base import ResolvedFault
from chaosproof.faults.backends.nft.render import SHAPE_CLASSES, SHAPE_MAJOR
from chaosproof.faults.backends.watchdog import Step
from chaosproof.faults.errors import FaultRefused
from chaosproof.faults.model import Fault
from chaosproof.faults.selector import LOOPBACK, Network, overlap

__all__ = [
    "ROOT",
    "blackhole_check",
    "blackhole_down",
    "blackhole_up",
    "devices",
    "free_class",
    "leaf",
    "leaf_handle",
    "may_use_loopback",
    "shape_check",
    "shape_down",
    "shape_up",
    "shape_wait",
]

ROOT = f"{SHAPE_MAJOR:x}:"
# so wide that it only sorts; what is slow is the leaf
_CLASS = "htb rate 10gbit quantum 200000"
_POLL_S = 0.025


def devices(qdiscs_json: str, *, loopback: bool = False) -> tuple[str, ...]:
    """The devices to shape, from `tc -j qdisc show`: all, `lo` only with `loopback`.

    Raises `FaultRefused` when one of them has a root queue that somebody set.
    """
    names = []
    for qdisc in json.loads(qdiscs_json or "[]"):
        if not qdisc.get("root") or (qdisc["dev"] == "lo" and not loopback):
            continue
        if qdisc["handle"] not in ("0:", ROOT):
            raise FaultRefused(
                f"{qdisc['dev']} has a root queue of its own ({qdisc['kind']} {qdisc['handle']}), "
                "which is never replaced: remove it, or put the fault on the other side"
            )
        names.append(qdisc["dev"])
    if not names:
        raise FaultRefused("there is no network device to shape: the instance has only loopback")
    return tuple(names)


def may_use_loopback(addresses_json: str, networks: Iterable[Network]) -> bool:
    """Whether packets to `networks` may leave by `lo`, given `ip -j address show`: so do those to own addresses."""
    own = [
        ipaddress.ip_network(address["local"])
        for device in json.loads(addresses_json or "[]")
        for address in device.get("addr_info", ())
        if "local" in address
    ]
    return overlap(networks, [*LOOPBACK, *own])


def free_class(classes: str, taken: Collection[int] = ()) -> int:
    """The lowest number of a class that is free and not `taken`, given `tc class show` of every device.

    Raises `FaultRefused` when all are taken.
    """
    taken = {*taken, *(int(number, 16) for number in re.findall(rf"class htb {ROOT}(\w+)", classes))}
    for number in range(1, SHAPE_CLASSES + 1):
        if number not in taken:
            return number
    raise FaultRefused(f"{SHAPE_CLASSES} faults shape this instance already: wait for one or heal it first")


def leaf(fault: Fault, dev: str = "") -> str:
    """The queue that does what the fault says on the device, as arguments of `tc qdisc add`."""
    if fault.sinks:
        return fault.declared.sink
    qdisc = (dev == "lo" and fault.declared.qdisc_on_lo) or fault.declared.qdisc
    if qdisc is None:
        raise FaultRefused(f"no queue makes {fault.kind}")
    return qdisc(fault.magnitude)


def shape_up(order: ResolvedFault, devs: Sequence[str]) -> Step:
    """The step that makes the fault's class on every device, and our root where it is not there yet.

    Nothing is replaced. A foreign root or another fault's class keeps ours away, and then ours is not listed.
    """
    number = f"{ROOT}{order.shape_class:x}"
    lines = [f"qdisc add dev {dev} root handle {ROOT} htb default 0" for dev in devs]
    lines += [f"class add dev {dev} parent {ROOT} classid {number} {_CLASS}" for dev in devs]
    lines += [
        f"qdisc add dev {dev} parent {number} handle {leaf_handle(order)} {leaf(order.fault, dev)}"
        for dev in devs
    ]
    # where our root is there already, to make it fails, and the rest goes on; so it does where the queue itself is,
    # of a watchdog that was killed while it waited
    return _batch("tc -force -batch -", order, lines, devs, taken=f"*File exists*failed -:{len(devs) + 1}*")


def shape_down(order: ResolvedFault, devs: Sequence[str]) -> list[str]:
    """The commands that take the class back, unless it is another fault's by now, and our root with the last."""
    return [
        f"{_others(order, dev, order.shape_class)} || {{ "
        f"tc class del dev {dev} classid {ROOT}{order.shape_class:x}; "
        f"tc class show dev {dev} | grep -q '^class htb {ROOT}' || {_root_down(dev)}; }}"
        for dev in devs
    ]


def shape_check(order: ResolvedFault, devs: Sequence[str], within_s: float) -> str:
    """The command that returns when the fault's queue is on every device, and fails where it is not `within_s`."""
    now_ms = "$(date +%s%N) / 1000000"
    count = f"tc qdisc show | grep -c ' {leaf_handle(order)} '"
    return (
        f"until=$(( {now_ms} + {round(within_s * 1000)} )); "
        f"while [ $({count}) -lt {len(devs)} ]; do [ $(( {now_ms} )) -lt $until ] || exit 1; sleep 0.005; done"
    )


def shape_wait(order: ResolvedFault, within_s: float) -> str:
    """The command that returns when the fault's queue is gone, or after `within_s`."""
    now_ms = "$(date +%s%N) / 1000000"
    there = f"tc qdisc show | grep -q ' {leaf_handle(order)} '"
    return (
        f"until=$(( {now_ms} + {round(within_s * 1000)} )); "
        f"while [ $(( {now_ms} )) -lt $until ] && {there}; do sleep {_POLL_S}; done"
    )


def leaf_handle(order: ResolvedFault) -> str:
    """The name of the fault's own queue, by which it is told from one that had the same class later."""
    return f"{max(1, order.shape_class) << 12 | zlib.crc32(order.id.encode()) & 0xFFF:x}:"


def blackhole_check(devs: Sequence[str]) -> str:
    """The command that fails, with a sentence, when our root is on one of the devices already."""
    qdiscs = "; ".join(f"tc qdisc show dev {dev} root" for dev in devs)
    return f"if {{ {qdiscs}; }} | grep -q ' {ROOT} '; then echo queue {ROOT} overlaps; false; fi"


def blackhole_up(order: ResolvedFault, devs: Sequence[str]) -> Step:
    """The last resort without nft: the fault's packets, found by `u32`, go to a netem that loses all."""
    lines = []
    for dev in devs:
        lines += [
            f"qdisc add dev {dev} root handle {ROOT} htb default 0",
            f"class add dev {dev} parent {ROOT} classid {ROOT}1 {_CLASS}",
            f"qdisc add dev {dev} parent {ROOT}1 handle {leaf_handle(order)} netem loss 100%",
        ]
        for network in order.networks:
            protocol, ip = ("ip", "ip") if network.version == 4 else ("ipv6", "ip6")
            side = "dport" if order.fault.port_side == "destination" else "sport"
            match = [f"match {ip} protocol {6 if order.fault.protocol == 'tcp' else 17} 0xff"]
            if order.fault.port is not None:
                match.append(f"match {ip} {side} {order.fault.port} 0xffff")
            if network.prefixlen:
                match.append(f"match {ip} dst {network}")
            lines.append(
                f"filter add dev {dev} parent {ROOT} protocol {protocol} prio {network.version} "
                f"u32 {' '.join(match)} flowid {ROOT}1"
            )
    return _batch("tc -batch -", order, lines, devs)


def blackhole_down(order: ResolvedFault, devs: Sequence[str]) -> list[str]:
    """The commands that take our root back, and all below it, unless it is another fault's by now."""
    return [f"{_others(order, dev, 1)} || {_root_down(dev)}" for dev in devs]


def _batch(
    program: str, order: ResolvedFault, lines: Sequence[str], devs: Sequence[str], taken: str = ""
) -> Step:
    """The step that runs the lines, and is done when the fault's own queue is listed on every device."""
    shows = [f"qdisc show dev {dev}" for dev in devs]
    listed = "".join(f"* {leaf_handle(order)} *" for _ in devs)
    return Step(program, f"printf '%s\\n' {shlex.join([*lines, *shows])}", listed, taken)


def _others(order: ResolvedFault, dev: str, number: int) -> str:
    """The condition that the class has the queue of another fault."""
    classes = f"tc qdisc show dev {dev} | grep ' parent {ROOT}{number:x} '"
    return f"{classes} | grep -qv ' {leaf_handle(order)} '"


def _root_down(dev: str) -> str:
    return f"tc qdisc del dev {dev} root handle {ROOT}"
