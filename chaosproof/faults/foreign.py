"""What somebody else has put into an instance's network while a run is on: named, so that it is not taken for ours.

A fault of chaosproof (an element or a rule with an id) is known by its id: that of another process is never part of the
environment. Of all else, only what came after the first look counts, and only what takes packets away or holds them:
a mesh, a firewall, kube-proxy were there before.

    watch = ForeignWatch(target, lambda entry: print(entry))
    watch.own("1a2b3c4d"); watch.look("shop-0", "as the run began")
"""

import logging
import re
import threading
import zlib
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from chaosproof.errors import ChaosproofError
from chaosproof.faults.backends.iptables.render import PREFIX
from chaosproof.faults.backends.nft.render import TABLE
from chaosproof.faults.backends.tc.render import ROOT
from chaosproof.runfolder.events import ForeignEntry
from chaosproof.targets.base import Target

__all__ = ["Entry", "ForeignWatch", "entries_of"]

_log = logging.getLogger(__name__)

_PART = "\n====\n"
_PARTS = 4
_LISTING = (
    "nft -s list ruleset 2>/dev/null; echo; echo ====; iptables-save 2>/dev/null; echo; echo ====; "
    "ip6tables-save 2>/dev/null; echo; echo ====; tc qdisc show 2>/dev/null; true"
)
_TAKES = re.compile(r"\b(?:drop|reject|queue|DROP|REJECT|NFQUEUE|TARPIT)\b")
_ELEMENT = re.compile(r'comment "([\w-]+)" : (?:goto|jump) (\w+)')
_COMMENT = re.compile(rf'--comment "?{PREFIX}([\w-]+)')
_LEAF = re.compile(rf"qdisc (\S+) (\w+): dev (\S+) parent {ROOT}")
# a chain's policy stands with its counters, and a queue with who holds it
_FLEETING = re.compile(r" \[\d+:\d+\]| refcnt \d+")
_HOLDS = re.compile(r"^qdisc (?:netem|tbf|htb|red|sfb|choke|blackhole|plug) ")


@dataclass(frozen=True)
class Entry:
    """One line of a listing, in words that stay the same; `id` is that of a fault of chaosproof."""

    what: str
    id: str = ""


class ForeignWatch:
    """Looks at the instances of a run, and calls `listener` with each entry that is not of it, once."""

    def __init__(self, target: Target, listener: Callable[[ForeignEntry], None]) -> None:
        self._target = target
        self._listener = listener
        self._lock = threading.Lock()
        self._own: set[str] = set()
        self._faults: set[str] = set()
        self._rules: dict[str, set[str]] = {}
        self._looks: list[threading.Thread] = []

    def own(self, fault_id: str) -> None:
        """A fault with this id is of the run; said before it goes on."""
        with self._lock:
            self._own.add(fault_id)

    def look_aside(self, instance: str, when: str) -> None:
        """As `look`, in a thread of its own: nothing that is timed waits for it."""
        look = threading.Thread(
            target=self.look, args=(instance, when), name=f"look at {instance}", daemon=True
        )
        with self._lock:
            look.start()
            self._looks.append(look)

    def look_at_all(self, when: str) -> None:
        """Look at every instance, once the looks that are under way have ended."""
        with self._lock:
            looks = list(self._looks)
        for look in looks:
            look.join()
        names = [instance.name for instance in self._target.instances()]
        with ThreadPoolExecutor(len(names)) as pool:
            list(pool.map(lambda name: self.look(name, when), names))

    def healed(self, instance: str, fault_ids: Collection[str]) -> None:
        """The run has ended these faults on the instance, whosever they were."""
        with self._lock:
            fresh = sorted(set(fault_ids) - self._own - self._faults)
            self._faults.update(fresh)
        for fault_id in fresh:
            self._name(instance, _fault(fault_id), "as the run healed it")

    def look(self, instance: str, when: str) -> None:
        """Name what is new on the instance; what is no fault of chaosproof's is not named by the first look.

        `when` is for the reader: around which fault of ours. A look that fails says nothing.
        """
        try:
            listed = self._target.run(instance, ["sh", "-c", _LISTING], timeout_s=10.0)
        except ChaosproofError:
            return
        if listed.exit_code != 0 or listed.stdout.count(_PART) != _PARTS - 1:
            return
        with self._lock:
            # a fault may be several rules
            entries = {entry.id or entry.what: entry for entry in entries_of(listed.stdout, self._own)}
            faults = {name for name, entry in entries.items() if entry.id}
            rules = self._rules.setdefault(instance, set(entries) - faults)
            fresh = sorted(set(entries) - rules - self._faults)
            rules.update(set(entries) - faults)
            self._faults.update(faults)
        for entry in map(entries.__getitem__, fresh):
            self._name(instance, entry, when)

    def _name(self, instance: str, entry: Entry, when: str) -> None:
        try:
            self._listener(
                ForeignEntry(instance=instance, entry=entry.what, fault=entry.id or None, when=when)
            )
        except ChaosproofError as error:
            # neither a fault nor a heal may fail by it
            _log.error("%s on %s could not be recorded: %s", entry.what, instance, error)


def entries_of(text: str, own: Collection[str] = ()) -> Iterator[Entry]:
    """The entries of a listing that take packets away or hold them, without those of the faults `own`."""
    nft, *saves, queues = text.split(_PART)
    saved = {
        f"{family} {table}"
        for family, save in zip(("ip", "ip6"), saves, strict=True)
        for table in re.findall(r"^\*(\w+)", save, re.MULTILINE)
    }
    elements = list(_nft_entries(nft, saved, own))
    yield from elements
    for program, save in zip(("iptables", "ip6tables"), saves, strict=True):
        yield from _rule_entries(program, save, own)
    # a fault that was named by its element is not named once more by its queue
    yield from _queue_entries(queues, {*own, *(entry.id for entry in elements if entry.id)})


def _nft_entries(text: str, saved: Collection[str], own: Collection[str]) -> Iterator[Entry]:
    table = place = ""
    for line in text.splitlines():
        statement = line.strip()
        if line.startswith("table "):
            table = line.removeprefix("table ").rstrip(" {")
        elif statement.startswith(("chain ", "set ", "map ")) and statement.endswith("{"):
            place = statement.rstrip(" {")
        elif table == TABLE:
            for fault_id, chain in _ELEMENT.findall(line):
                if fault_id not in own:
                    yield _fault(fault_id, _action(place, chain))
        elif table not in saved and place.startswith("chain ") and _TAKES.search(statement):
            yield Entry(f"a rule of nft in table {table}, {place}: {statement}")


def _rule_entries(program: str, text: str, own: Collection[str]) -> Iterator[Entry]:
    for line in text.splitlines():
        ours = _COMMENT.search(line)
        if ours and ours[1] not in {*own, "prepare"}:
            yield _fault(ours[1], f"a rule of {program}")
        elif not ours and _TAKES.search(line) and line.startswith(("-A", ":")):
            yield Entry(f"a rule of {program}: {_FLEETING.sub('', line)}")


def _queue_entries(text: str, own: Collection[str]) -> Iterator[Entry]:
    ours = {zlib.crc32(fault_id.encode()) & 0xFFF for fault_id in own}
    for line in map(str.strip, text.splitlines()):
        leaf = _LEAF.match(line)
        if leaf and int(leaf[2], 16) & 0xFFF not in ours:
            yield _fault(f"with the queue {leaf[2]}", f"{leaf[1]} on {leaf[3]}")
        elif not leaf and f" {ROOT} " not in line and _HOLDS.match(line):
            yield Entry(f"a queue: {_FLEETING.sub('', line)}")


def _action(place: str, chain: str) -> str:
    """What an element in the map `place` does, which sends its packets to `chain`."""
    if not chain.startswith("shape_"):
        return chain.replace("_", " on ")
    return "shaping" if place.startswith("map shape_") else "losing on egress"


def _fault(fault_id: str, what: str = "") -> Entry:
    shown = f" ({what})" if what else ""
    return Entry(f"the fault {fault_id}{shown} of another chaosproof process", fault_id)
