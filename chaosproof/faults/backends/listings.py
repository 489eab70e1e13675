"""What the listings of nft, iptables and tc say of the faults that are on: pure."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from chaosproof.faults.backends.iptables.render import PREFIX

__all__ = [
    "Reading",
    "Seen",
    "elements_of",
    "left_s_of",
    "read_dropped",
    "read_queue",
    "read_rules",
    "read_table",
]

_CHAIN = re.compile(r"chain (\w+) \{\s*(?:meta l4proto tcp )?counter packets (\d+)")
_ELEMENTS = re.compile(r"elements = \{(.*?)\}", re.DOTALL)
_COMMENT = re.compile(r'comment "([^"]+)"')
_PACKETS = re.compile(r"counter packets (\d+)")
_EXPIRES = re.compile(r"expires (\w+)")
_UNIT_S = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_RULE = re.compile(rf"^\[(\d+):\d+\] .*--comment \"?{PREFIX}([\w-]+)", re.MULTILINE)
_DROPPED = re.compile(r"qdisc netem .*\n.*\(dropped (\d+)")
_QUEUE = re.compile(r"^qdisc \w+ (\w+:) dev .*\n Sent .* \((.*)\)", re.MULTILINE)
_COUNTER = re.compile(r"(\w+) (\d+)")


@dataclass(frozen=True)
class Seen:
    """A fault as the kernel has it: packets over all its elements, and the seconds it has left."""

    packets: int
    left_s: float


@dataclass(frozen=True)
class Reading:
    """A listing: the faults that are on, by id, and the packets that each static chain ever counted."""

    faults: Mapping[str, Seen]
    chains: Mapping[str, int]


def read_table(text: str) -> Reading:
    """Read `nft list table inet chaosproof`, or a part of it."""
    faults: dict[str, Seen] = {}
    for block in _ELEMENTS.findall(text):
        for element in block.split(","):
            comment = _COMMENT.search(element)
            if comment is None:
                continue
            packets = _PACKETS.search(element)
            before = faults.get(comment[1], Seen(0, 0.0))
            faults[comment[1]] = Seen(
                before.packets + (int(packets[1]) if packets else 0),
                max(before.left_s, left_s_of(element) or 0.0),
            )
    return Reading(faults, {name: int(count) for name, count in _CHAIN.findall(text)})


def elements_of(text: str, name: str) -> str:
    """The elements of one set or map of the listing, as they are printed; empty when it has none."""
    declared = re.search(rf"(?:set|map) {name} \{{(.*?)\n\t\}}", text, re.DOTALL)
    elements = _ELEMENTS.search(declared[1]) if declared else None
    return elements[1] if elements else ""


def left_s_of(element: str) -> float | None:
    """The seconds that an element has left, as it is printed; `None` for one without an end."""
    expires = _EXPIRES.search(element)
    return _seconds(expires[1]) if expires else None


def read_rules(text: str) -> dict[str, int]:
    """Packets by fault id, from `iptables-save -c` and `ip6tables-save -c`."""
    packets: dict[str, int] = {}
    for count, fault_id in _RULE.findall(text):
        packets[fault_id] = packets.get(fault_id, 0) + int(count)
    return packets


def read_dropped(text: str) -> int:
    """The packets that our netem dropped, from `tc -s qdisc show`."""
    return sum(int(count) for count in _DROPPED.findall(text))


def read_queue(text: str, handle: str, counters: Collection[str]) -> int | None:
    """The sum of these counters of the queues with that handle, over all devices, from `tc -s qdisc show`.

    `None` where there is no such queue.
    """
    queues = [counted for name, counted in _QUEUE.findall(text) if name == handle]
    if not queues:
        return None
    return sum(
        int(count) for counted in queues for name, count in _COUNTER.findall(counted) if name in counters
    )


def _seconds(span: str) -> float:
    """nft's `1m2s345ms` in seconds."""
    return sum(int(number) * _UNIT_S[unit] for number, unit in re.findall(r"(\d+)(ms|[dhms])", span))
