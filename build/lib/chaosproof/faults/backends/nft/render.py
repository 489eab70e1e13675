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
- who it is, is the element's comment; what it hit, the element's counter.

Shaping gives its packets the priority that is the handle of a class of our queue (render_tc); when the
element goes, no packet finds that class any more. Elements' counters go with them, so each chain counts too,
for good. `create element` fails where `add` is silent: a selector that is taken is not taken twice.

Looking a packet up in an empty map of ranges costs it 0.15 us. So each direction has a gate before its maps (see
`gate`), which a fault opens for as long as it lasts, and an idle instance's packets see nothing else.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from chaosproof.faults.errors import FaultRefused
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
    "chain_of",
    "clear_script",
    "elements",
    "layout",
    "prepare_script",
    "static_table",
]

TABLE = "inet chaosproof"
SHAPE_MAJOR = 0xC405
SHAPE_CLASSES = 8
_DICE_MAX = 2**32 - 1
_ANY_PORT = "0-65535"
_HOOKS: Mapping[Direction, str] = {"egress": "output", "ingress": "input"}
# the maps that a fault's protocol goes to; `rest` is every protocol but the two that have ports
_GROUPS = {"tcp": ("tcp",), "udp": ("udp",), "any": ("tcp", "udp", "rest")}


@dataclass(frozen=True)
class Element:
    """One element of a fault: the map it goes into, its key, and what follows the key."""

    map: str
    key: str
    value: str


def chain_of(fault: Fault, shape_class: int = 0) -> str:
    """The static chain that the fault's packets go to, which counts them."""
    return f"shape_{shape_class}" if fault.layer == "shape" else f"{fault.kind}_{fault.direction}"


def elements(
    fault: Fault, fault_id: str, networks: Sequence[Network], *, shape_class: int = 0
) -> tuple[Element, ...]:
    """The elements that make the fault, one per network and protocol. `shape_class` is for the layer `shape` alone."""
    port = str(fault.port) if fault.port is not None else _ANY_PORT
    ports = f"{port} . {_ANY_PORT}" if fault.port_side == "source" else f"{_ANY_PORT} . {port}"
    maps = _maps_of(fault.declared)
    dice = f"0-{_dice(fault)} . " if maps == "cut" else ""
    # a shaped packet comes back, for another fault to act on
    go = "jump" if fault.layer == "shape" else "goto"
    timeout = f'timeout {round(fault.duration_s * 1000)}ms comment "{fault_id}"'
    return tuple(
        Element(
            map=f"{maps}_{fault.direction}_{group}_{network.version}",
            key=f"{dice}{network} . {ports if group != 'rest' else '0-255'}",
            value=f"counter {timeout} : {go} {chain_of(fault, shape_class)}",
        )
        for network in networks
        for group in _GROUPS[fault.protocol]
    )


def add_script(parts: Sequence[Element]) -> str:
    """The transaction that switches a fault on: all of its elements, or none."""
    return "".join(f"create element {TABLE} {part.map} {{ {part.key} {part.value} }}\n" for part in parts)


def clear_script() -> str:
    """The transaction that ends every fault of the instance, and changes nothing when there is none."""
    gates = [f"flush map {TABLE} gate_{hook}\nflush map {TABLE} next_{hook}\n" for hook in _HOOKS]
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
    for kind in KINDS.values():
        for direction in kind.directions if kind.nft_verdict else ():
            yield f"  chain {kind.name}_{direction} {{ counter {kind.nft_verdict}; }}"
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

    The name is that of `_maps_of`, direction, protocol, version.
    """
    for kind in {_maps_of(kind): kind for kind in KINDS.values() if _is_in_table(kind, layer)}.values():
        own = kind.nft_matches
        # a map that several kinds share is there for all that any of them may act on
        groups = (
            {group for protocol in kind.protocols for group in _GROUPS[protocol]} if own else _GROUPS["any"]
        )
        for direction in _HOOKS if layer == "cut" else ("egress",):
            address = "daddr" if direction == "egress" else "saddr"
            dice = "meta random . " if _maps_of(kind) == "cut" else ""
            for group in _GROUPS["any"]:
                last = "meta l4proto" if group == "rest" else "th sport . th dport"
                for version, family in ((4, "ip"), (6, "ip6")):
                    conditions = [f"{match} " for match in own[version == 6]] if own else [""]
                    if group in groups:
                        name = f"{_maps_of(kind)}_{direction}_{group}_{version}"
                        yield name, f"{dice}{family} {address} . {last}", conditions


def _maps_of(kind: NetworkKind) -> str:
    """The first word of the names of the maps that its faults go into: its own, or those of its layer."""
    if kind.layer == "cut" and not kind.nft_verdict:
        raise FaultRefused(f"nft cannot make {kind.name}")
    return kind.name if kind.nft_matches else kind.layer


def _is_in_table(kind: NetworkKind, layer: Layer) -> bool:
    return kind.layer == layer and (layer == "shape" or bool(kind.nft_verdict))


def _dice(fault: Fault) -> int:
    """The highest of the 2^32 throws that the fault acts on."""
    share = 1.0 if fault.share is None else fault.share
    return max(0, min(_DICE_MAX, round(share * 2**32) - 1))
