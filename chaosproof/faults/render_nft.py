"""Faults as nft scripts: pure functions from a fault to text.

    python -c "from chaosproof.faults.render_nft import static_table as t; print(t())" | nft --check -f -

One static table per instance, prepared once and the same whether faults are on or off. A fault adds nothing
but elements **with a timeout** to its maps, so the kernel takes the whole fault back at the deadline, down to
the last byte of `nft -j list ruleset`, with every process of ours dead. That is possible because everything
a fault needs fits into an element:

- the selector is the key, `l4proto . address . port`, each of them possibly a range;
- how it acts is the verdict, a jump to a static chain;
- a loss of p percent is one more field of the key: the lowest p percent of the 32 random bits that
  `meta random` draws for each packet;
- a rate is the element's own `limit`;
- who it is, is the element's comment; what it hit, the element's counter.

Elements' counters go with them, so each chain counts too, for good.

`create element` fails where `add` is silent: a selector that is taken already is never taken twice.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chaosproof.faults.model import Fault
from chaosproof.faults.selector import Network

__all__ = [
    "SHAPE_CLASSES",
    "TABLE",
    "Element",
    "add_script",
    "chain_of",
    "clear_script",
    "delete_script",
    "elements",
    "layout",
    "prepare_script",
    "static_table",
]

TABLE = "inet chaosproof"
SHAPE_MAJOR = 0xC405
SHAPE_CLASSES = 8
_DICE_MAX = 2**32 - 1
_HOOKS = {"egress": "output", "ingress": "input"}
_VERDICTS = {
    "reset": "reject with tcp reset",
    "reject": "reject with icmpx port-unreachable",
    "drop": "drop",
    "loss": "drop",
    "rate": "drop",
}
# a limit's bucket: 100 ms of the rate, but never less than two of the 64 KiB packets that segmentation
# offload makes, or none of them could ever pass
_BURST_S = 0.1
_BURST_LEAST_BYTES = 2 * 65536


@dataclass(frozen=True)
class Element:
    """One element of a fault: the map or set it goes into, its key, and what follows the key."""

    holder: str
    key: str
    statements: str
    verdict: str


def chain_of(fault: Fault, shape_class: int = 0) -> str:
    """The static chain that the fault's packets go to, which counts them."""
    if fault.layer == "shape":
        return f"shape_{shape_class}"
    return f"{fault.kind}_{fault.direction}"


def elements(
    fault: Fault, fault_id: str, networks: Sequence[Network], *, shape_class: int = 0
) -> tuple[Element, ...]:
    """The elements that make the fault, one per network. `shape_class` is for the layer `shape` alone."""
    side = {"destination": "dport", "source": "sport"}[fault.port_side]
    ports = str(fault.port) if fault.port is not None else "0-65535"
    protocol = fault.protocol if fault.protocol != "any" else "0-255"
    timeout = f'timeout {round(fault.duration_s * 1000)}ms comment "{fault_id}"'
    dice = f"0-{_dice(fault)} . " if fault.layer == "cut" else ""
    if fault.rate_kbit is not None:
        bytes_per_s = round(fault.rate_kbit * 125)
        burst = max(_BURST_LEAST_BYTES, round(bytes_per_s * _BURST_S))
        before = f"limit rate over {bytes_per_s} bytes/second burst {burst} bytes counter"
        verdict = ""
    else:
        before = "counter"
        # a shaped packet comes back, for another fault to act on
        go = "jump" if fault.layer == "shape" else "goto"
        verdict = f" : {go} {chain_of(fault, shape_class)}"
    return tuple(
        Element(
            holder=f"{fault.layer}_{fault.direction}_{side}_{network.version}",
            key=f"{dice}{protocol} . {network} . {ports}",
            statements=f"{before} {timeout}",
            verdict=verdict,
        )
        for network in networks
    )


def add_script(parts: Sequence[Element]) -> str:
    """The transaction that switches a fault on: all of its elements, or none."""
    return "".join(
        f"create element {TABLE} {part.holder} {{ {part.key} {part.statements}{part.verdict} }}\n"
        for part in parts
    )


def delete_script(parts: Sequence[Element]) -> str:
    """The transaction that ends a fault before its time; it fails when the kernel has ended it already."""
    return "".join(f"delete element {TABLE} {part.holder} {{ {part.key} }}\n" for part in parts)


def clear_script() -> str:
    """The transaction that ends every fault of the instance, and is none when there is none."""
    return "".join(
        f"flush {'set' if layer == 'rate' else 'map'} {TABLE} {name}\n" for layer, name, _, _ in _holders()
    )


def static_table() -> str:
    """The table with its chains, maps and rules, and nothing in them."""
    return f"table {TABLE} {{\n{_body()}}}\n"


def layout() -> str:
    """A name for this static table: a chain of that name says that the table is of this make."""
    return "layout_" + hashlib.sha256(_body().encode()).hexdigest()[:12]


def prepare_script() -> str:
    """The transaction that puts the static table in place of whatever ours was there before."""
    # delete needs a table to delete: the add before it makes sure that there is one
    return f"add table {TABLE}\ndelete table {TABLE}\n{static_table()}add chain {TABLE} {layout()}\n"


def _body() -> str:
    return "".join(line + "\n" for line in _lines())


def _lines() -> Iterator[str]:
    for layer, name, key, _ in _holders():
        if layer == "rate":
            # every element brings its own limit; the one named here only says of what kind they are
            limit = "limit rate over 1 mbytes/second"
            yield f"  set {name} {{ typeof {key}; flags interval,timeout; {limit}; counter; }}"
        else:
            yield f"  map {name} {{ typeof {key} : verdict; flags interval,timeout; counter; }}"
    for kind, verdict in _VERDICTS.items():
        for direction in _HOOKS:
            yield f"  chain {kind}_{direction} {{ counter {verdict}; }}"
    for number in range(1, SHAPE_CLASSES + 1):
        yield f"  chain shape_{number} {{ counter meta priority set {SHAPE_MAJOR << 16 | number:#x}; }}"
    for direction, hook in _HOOKS.items():
        yield f"  chain {direction} {{"
        yield f"    type filter hook {hook} priority 0; policy accept;"
        for layer in ("shape", "cut", "rate"):
            for its_layer, name, key, its_direction in _holders():
                if (its_layer, its_direction) == (layer, direction):
                    match = f"@{name} goto rate_{direction}" if layer == "rate" else f"vmap @{name}"
                    yield f"    {key} {match}"
        yield "  }"


def _holders() -> Iterator[tuple[str, str, str, str]]:
    """(layer, name, key expression, direction) of every map and set of the table."""
    for layer in ("cut", "rate", "shape"):
        for direction in _HOOKS:
            if layer == "shape" and direction == "ingress":
                continue
            address = "daddr" if direction == "egress" else "saddr"
            for side in ("dport", "sport"):
                for version, family in (("4", "ip"), ("6", "ip6")):
                    key = f"meta l4proto . {family} {address} . th {side}"
                    if layer == "cut":
                        key = f"meta random . {key}"
                    yield layer, f"{layer}_{direction}_{side}_{version}", key, direction


def _dice(fault: Fault) -> int:
    """The highest of the 2^32 throws that the fault acts on."""
    share = 1.0 if fault.loss_percent is None else fault.loss_percent / 100
    return max(0, min(_DICE_MAX, round(share * 2**32) - 1))
