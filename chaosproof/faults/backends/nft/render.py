"""Faults as nft scripts: pure functions from a fault to text.

    python -c "from chaosproof.faults.backends.nft.render import static_table as t; print(t())" | nft --check -f -

One static table per instance, prepared once and the same whether faults are on or off. A fault adds nothing
but elements **with a timeout** to its maps, so the kernel takes the whole fault back at the deadline, down to
the last byte of `nft -j list ruleset`, with every process of ours dead. That is possible because everything
a fault needs fits into an element:

- the selector is the key, `address . source port . destination port`, each of them possibly a range, in a map of
  its protocol: an idle instance's packets pay for every map they are looked up in, so it is one per direction;
- how it acts is the verdict, a jump to a static chain;
- a loss of p percent is one more field of the key: the lowest p percent of the 32 random bits that
  `meta random` draws for each packet;
- a kind with conditions of its own (`nft_matches`) has maps of its own, which only packets that meet them see;
- what it does with the packets that come the other way (`back`) is an element in the other direction;
- what it does at first, it does for as long as an element of the set `hold` lives;
- who it is, is the element's comment; what it hit, the element's counter.

Shaping gives its packets the priority that is the handle of a class of our queue (render_tc), and so does a cut whose
packets a queue swallows; when the element goes, no packet finds that class any more. Elements' counters go with them,
so each chain counts too, for good. `create element` fails where `add` is silent: a selector that is taken is not taken
twice.

Looking a packet up in an empty map of ranges costs it 0.15 us. So each direction has a gate before its maps (see
`gate`), which a fault opens for as long as it lasts, and an idle instance's packets see nothing else.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from chaosproof.faults.backends.nft.ways import Way, ways_of
from chaosproof.faults.kinds import KINDS
from chaosproof.faults.kinds.base import Direction, Layer, NetworkKind
from chaosproof.faults.model import Fault
from chaosproof.faults.selector import Network

__all__ = [
    "SHAPE_CLASSES",
    "SHAPE_MAJOR",
    "TABLE",
    "Element",
    "add_script",
    "chains_of",
    "clear_script",
    "elements",
    "hold_script",
    "hooks_of",
    "layout",
    "prepare_script",
    "static_table",
]

TABLE = "inet chaosproof"
SHAPE_MAJOR = 0xC405
SHAPE_CLASSES = 8
_DICE_MAX = 2**32 - 1
_ANY_PORT = "0-65535"
# Where a packet has no ports, a field for which any value will do: networks alone make a map of another kind.
# Of `meta l4proto`, which is one byte, Linux 6.12 takes no range beside another field (6.12.117, nft 1.0.6).
_ANY_FIELD = "meta mark"
_ANY_MARK = "0-4294967295"
_HOOKS: Mapping[Direction, str] = {"egress": "output", "ingress": "input"}
# the maps that a fault's protocol goes to; `rest` is every protocol but the two that have ports
_GROUPS = {"tcp": ("tcp",), "udp": ("udp",), "any": ("tcp", "udp", "rest")}


@dataclass(frozen=True)
class Element:
    """One element of a fault: the map it goes into, its key, and what follows the key."""

    map: str
    key: str
    value: str


def chains_of(fault: Fault, shape_class: int = 0) -> Sequence[str]:
    """The static chains that the fault's packets go to, which count them."""
    if fault.layer == "shape":
        return (f"shape_{shape_class}",)
    ways = [(way, way.direction(fault.direction)) for way in ways_of(fault.declared)]
    return [
        f"shape_{shape_class}" if shape_class and direction == "egress" else f"{way.chain}_{direction}"
        for way, direction in ways
    ]


def hooks_of(fault: Fault) -> Sequence[tuple[Direction, str]]:
    """The directions in which the fault acts, each with the side of its packets that the port is on."""
    if fault.layer == "shape":
        return ((fault.direction, fault.port_side),)
    ways = ways_of(fault.declared)
    return [(way.direction(fault.direction), way.port_side(fault.port_side)) for way in ways]


def elements(
    fault: Fault, fault_id: str, networks: Sequence[Network], *, shape_class: int = 0
) -> tuple[Element, ...]:
    """The elements that make the fault: one per direction, network and protocol.

    `shape_class` is for one that has a queue.
    """
    timeout = f'timeout {round(fault.duration_s * 1000)}ms comment "{fault_id}"'
    return tuple(
        Element(
            map=f"{way.maps}_{direction}_{group}_{network.version}",
            key=f"{_dice(fault) if way.maps == 'cut' else ''}{network} . {_ports(fault, way, group)}",
            # a shaped packet comes back, for another fault to act on
            value=f"counter {timeout} : {'jump' if fault.layer == 'shape' else 'goto'} {chain}",
        )
        for way, chain in zip(ways_of(fault.declared), chains_of(fault, shape_class), strict=True)
        for direction in (way.direction(fault.direction),)
        for network in networks
        for group in _GROUPS[fault.protocol]
    )


def hold_script(fault: Fault) -> str:
    """The line of the fault's transaction by which its rules hold packets at first; empty where they do not."""
    if fault.layer == "shape" or not fault.declared.nft_hold_ms:
        return ""
    # with a short fault it goes, so that nothing is left when that is seen to have ended
    hold_ms = min(fault.declared.nft_hold_ms, round(fault.duration_s * 1000))
    # added: what another fault holds, it holds on
    each = ", ".join(f"{family} timeout {hold_ms}ms" for family in ("ipv4", "ipv6"))
    return f"add element {TABLE} hold_{fault.direction} {{ {each} }}\n"


def add_script(parts: Sequence[Element]) -> str:
    """The transaction that switches a fault on: all of its elements, or none."""
    return "".join(f"create element {TABLE} {part.map} {{ {part.key} {part.value} }}\n" for part in parts)


def clear_script() -> str:
    """The transaction that ends every fault of the instance, and changes nothing when there is none."""
    gates = [
        f"flush map {TABLE} gate_{hook}\nflush map {TABLE} next_{hook}\nflush set {TABLE} hold_{hook}\n"
        for hook in _HOOKS
    ]
    return "".join(
        [*gates, *(f"flush map {TABLE} {name}\n" for name, *_ in (*_maps("cut"), *_maps("shape")))]
    )


def static_table() -> str:
    """The table with its chains, maps and rules, and nothing in them."""
    return f"table {TABLE} {{\n{_body()}}}\n"


def layout() -> str:
    """A name for this static table: a chain of that name says that the table is of this make."""
    return "layout_" + hashlib.sha256(_body().encode()).hexdigest()[:12]


def prepare_script() -> str:
    """The transaction that puts the static table in place of whatever of ours was there before."""
    # delete needs a table to delete: the add before it makes sure that there is one
    return f"add table {TABLE}\ndelete table {TABLE}\n{static_table()}add chain {TABLE} {layout()}\n"


def _body() -> str:
    return "".join(line + "\n" for line in _lines())


def _lines() -> Iterator[str]:
    for name, key, _ in (*_maps("cut"), *_maps("shape")):
        yield f"  map {name} {{ typeof {key} : verdict; flags interval,timeout; counter; }}"
    for direction in _HOOKS:
        # no intervals: nft would ask for the elements of one before it adds any
        yield f"  set hold_{direction} {{ typeof meta nfproto; flags timeout; }}"
    for variant in _variants("cut"):
        for way in ways_of(variant):
            for direction in map(way.direction, variant.directions):
                rules = "; ".join(rule.format(direction=direction) for rule in way.rules)
                yield f"  chain {way.chain}_{direction} {{ counter; {rules}; }}"
    for number in range(1, SHAPE_CLASSES + 1):
        yield f"  chain shape_{number} {{ counter meta priority set {SHAPE_MAJOR << 16 | number:#x}; }}"
    for direction, hook in _HOOKS.items():
        for group in _GROUPS["any"]:
            yield f"  chain {direction}_{group} {{"
            # the cuts are last: nothing comes back from them
            for name, key, conditions in (*_maps("shape"), *_maps("cut")):
                if f"_{direction}_{group}_" in name:
                    yield from (f"    {condition}{key} vmap @{name}" for condition in conditions)
            yield "  }"
        yield f"  chain {direction}_open {{"
        yield f"    meta l4proto tcp goto {direction}_tcp"
        yield f"    meta l4proto udp goto {direction}_udp"
        yield f"    goto {direction}_rest"
        yield "  }"
        yield f"  map gate_{direction} {{ typeof meta nfproto : verdict; flags interval,timeout; }}"
        yield f"  map next_{direction} {{ type mark : mark; flags timeout; }}"
        yield f"  chain {direction} {{"
        yield f"    type filter hook {hook} priority 0; policy accept;"
        yield f"    meta nfproto vmap @gate_{direction}"
        yield "  }"


def _maps(layer: Layer) -> Iterator[tuple[str, str, Sequence[str]]]:
    """(name, key expression, conditions for a look) of every map of the layer.

    The name is that of `Way.maps`, direction, protocol, version.
    """
    ways = {way.maps: (way, kind) for kind in _variants(layer) for way in ways_of(kind)}
    for way, kind in ways.values():
        own = way.matches
        # a map that several kinds share is there for all that any of them may act on
        groups = (
            {group for protocol in kind.protocols for group in _GROUPS[protocol]} if own else _GROUPS["any"]
        )
        # every map costs whoever switches a fault on: nft asks the kernel for all of them
        directions = _HOOKS if layer == "cut" else ("egress",)
        for direction in map(way.direction, kind.directions) if own else directions:
            address = "daddr" if direction == "egress" else "saddr"
            dice = "meta random . " if way.maps == "cut" else ""
            for group in _GROUPS["any"]:
                last = _ANY_FIELD if group == "rest" else "th sport . th dport"
                for version, family in ((4, "ip"), (6, "ip6")):
                    conditions = [f"{match} " for match in own[version == 6]] if own else [""]
                    if group in groups:
                        name = f"{way.maps}_{direction}_{group}_{version}"
                        yield name, f"{dice}{family} {address} . {last}", conditions


def _variants(layer: Layer) -> Sequence[NetworkKind]:
    """Every kind of the layer that is in the table, as it is with each value of its choice."""
    variants = [variant for kind in KINDS.values() if kind.layer == layer for variant in kind.variants]
    return [variant for variant in variants if layer == "shape" or variant.nft_rules or variant.back]


def _ports(fault: Fault, way: Way, group: str) -> str:
    """The end of a key: source and destination port, or any mark where it has none."""
    if group == "rest":
        return _ANY_MARK
    port = str(fault.port) if fault.port is not None else _ANY_PORT
    source = way.port_side(fault.port_side) == "source"
    return f"{port} . {_ANY_PORT}" if source else f"{_ANY_PORT} . {port}"


def _dice(fault: Fault) -> str:
    """The beginning of a key: those of the 2^32 throws that the fault acts on."""
    share = 1.0 if fault.share is None else fault.share
    return f"0-{max(0, min(_DICE_MAX, round(share * 2**32) - 1))} . "
