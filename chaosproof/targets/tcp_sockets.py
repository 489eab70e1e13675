"""The lines in which `ss -Htn`, with whatever else it is asked for, lists the TCP sockets of a network: pure."""

import re
from dataclasses import dataclass

__all__ = ["End", "Ends", "read_ends"]

# the state is left out where it was asked for by name, and alone
_LINE = re.compile(r"^(?:([A-Z]\S*)\s+)?\d+\s+\d+\s+(\S+):(\d+)\s+(\S+):(\d+)(?=\s|$)")

End = tuple[str, int]


@dataclass(frozen=True)
class Ends:
    """A socket's own address and port, and those of the other end of its connection."""

    own: End
    other: End


def read_ends(line: str) -> tuple[str, Ends] | None:
    """The state of the listed socket (empty where it is left out) and its ends; `None` for a line of anything else.

    Addresses are without their interface, and one of IPv4 is never written as IPv6.
    """
    if (listed := _LINE.match(line)) is None:
        return None
    state, own, own_port, other, other_port = listed.groups()
    return state or "", Ends((_address(own), int(own_port)), (_address(other), int(other_port)))


def _address(listed: str) -> str:
    return listed.partition("%")[0].strip("[]").removeprefix("::ffff:")
