"""The gate before the maps of one direction: while no fault is on, a packet pays for one look at an empty tree.

    from chaosproof.faults.backends.nft.activation import open_script
    print(open_script("egress", "ab12", 15.0, None))

A gate is a map with one element at most, which lets every packet through to the maps and has a timeout as long as the
longest fault of its direction has left: the kernel shuts it with the last fault. Who switches a second fault on changes
the timeout. That needs to know what was there, and nobody may come between, or a long fault would end with a short
one's gate. So each fault that changes the gate succeeds the one that did so before it, by an element that only one of
them can create; where somebody else has, the kernel refuses the whole transaction, and the gate has to be looked at
anew. What this does not notice: that another process healed the instance and put a fault of its own on, both since this
one looked.

A kernel before 6.12 does not change the timeout of an element that is there. It is taken out and put in again then, in
the same transaction; whoever does so is kept waiting for a grace period of RCU, some 10 ms.
"""

import hashlib
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from chaosproof.faults.backends.listings import elements_of, left_s_of
from chaosproof.faults.backends.nft.render import TABLE

__all__ = [
    "Gate",
    "Gates",
    "has_moved",
    "is_changeable",
    "is_open",
    "key_of",
    "lets_in",
    "open_script",
    "read_gate",
    "shut_wait",
]

_EVERY = "0-255"
_NOBODY = "0x00000000"
_CHANGEABLE_SINCE = (6, 12)
_NEXT = re.compile(r"(0x[0-9a-f]{8}) [^,]*: (0x[0-9a-f]{8})")
_SHUT_TRIES = 66
_MOVED = re.compile(rf"element {TABLE} (?:gate|next)_")


@dataclass(frozen=True)
class Gate:
    """An open gate: the key of the newest fault that changed it, and the seconds it has left."""

    newest: str
    left_s: float


class Gates:
    """The gates as this process left them, which saves a look where nobody else was there meanwhile.

    By instance and direction. `clock` gives seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._known: dict[tuple[str, str], tuple[str, float]] = {}
        self._releases: dict[str, str] = {}

    def known(self, instance: str, direction: str) -> Gate | None:
        """The gate as it should be now; `None` where it is shut, or nothing is known."""
        newest, until = self._known.get((instance, direction), ("", 0.0))
        left_s = until - self.clock()
        return Gate(newest, left_s) if left_s > 0 else None

    def opened(self, instance: str, direction: str, fault_id: str, left_s: float) -> None:
        """A fault has opened it, and the last fault of its direction has `left_s` at most."""
        self._known[instance, direction] = key_of(fault_id), self.clock() + left_s

    def meet(self, instance: str, ask: Callable[[], str]) -> None:
        """Learn the release of the instance's kernel, by `ask`, where it is not known."""
        if instance not in self._releases:
            self._releases[instance] = ask()

    def changeable(self, instance: str) -> bool:
        """Whether its kernel changes the timeout of an element that is there."""
        return is_changeable(self._releases.get(instance, ""))

    def forget(self, instance: str) -> None:
        """All of its faults were ended before their time."""
        for place in [key for key in self._known if key[0] == instance]:
            self._known.pop(place, None)


def open_script(
    direction: str, fault_id: str, duration_s: float, gate: Gate | None = None, *, changeable: bool = False
) -> str:
    """The lines of a fault's transaction that keep the gate open for `duration_s` at least.

    `gate` is what was found there, `None` when it was shut. Where that has changed, the kernel refuses the transaction.
    """
    left_ms = round(max(duration_s, gate.left_s if gate else 0.0) * 1000)
    timeout = f"timeout {left_ms}ms"
    name = f"element {TABLE} gate_{direction}"
    put = "add" if gate and changeable else "create"
    take_out = f"delete {name} {{ {_EVERY} }}\n" if gate and not changeable else ""
    before = gate.newest if gate else _NOBODY
    return (
        # a timeout that is what it was before would leave the end where it was, but for `expires`
        f"{take_out}{put} {name} {{ {_EVERY} {timeout} expires {left_ms}ms : goto {direction}_open }}\n"
        f"create element {TABLE} next_{direction} {{ {before} {timeout} : {key_of(fault_id)} }}\n"
    )


def has_moved(message: str) -> bool:
    """Whether nft refused a script because the gate is not what it was taken for."""
    return _MOVED.search(message) is not None


def read_gate(listing: str, direction: str) -> Gate | None:
    """The gate, from `nft list table`; `None` when it is shut."""
    left_s = left_s_of(elements_of(listing, f"gate_{direction}"))
    pairs = dict(_NEXT.findall(elements_of(listing, f"next_{direction}")))
    newest = [key for key in pairs.values() if key not in pairs]
    return Gate(newest[-1], left_s) if newest and left_s is not None else None


def is_changeable(release: str) -> bool:
    """Whether a kernel of that release changes the timeout of an element that is there."""
    number = re.match(r"(\d+)\.(\d+)", release)
    return number is not None and (int(number[1]), int(number[2])) >= _CHANGEABLE_SINCE


def is_open(listing: str, direction: str) -> bool:
    """Whether packets of that direction get to the maps."""
    return bool(elements_of(listing, f"gate_{direction}"))


def lets_in(listing: str, direction: str, fault_id: str) -> bool:
    """Whether packets get to this fault, and have done so ever since it opened the gate.

    What it left when it did lasts as long as it does. Who shut the gate took that too, whoever opened it again.
    """
    keys = dict(_NEXT.findall(elements_of(listing, f"next_{direction}"))).values()
    return is_open(listing, direction) and key_of(fault_id) in keys


def shut_wait() -> str:
    """Shell that waits until the gates are shut, for a second at most, or until a fault is on.

    A gate that was put in another's place is open for a few milliseconds after its last fault, as long as the command
    took that put it there.
    """
    return (
        f"n=0; while [ $n -lt {_SHUT_TRIES} ]; do case $(nft list table {TABLE}) in *comment*) exit ;; *elements*) ;; "
        "*) exit ;; esac; sleep 0.01; n=$((n+1)); done"
    )


def key_of(fault_id: str) -> str:
    """The key by which a fault is known at the gate."""
    return f"0x{hashlib.sha256(fault_id.encode()).hexdigest()[:8]}"
