"""Who calls whom in a lab, by the TCP sockets of its instances; and where users come in."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from chaosproof.errors import UsageError
from chaosproof.init.survey import Edge, Program
from chaosproof.targets.tcp_sockets import read_ends

__all__ = ["Listing", "entries", "listening_ports", "read_edge", "seen_edges"]

# what the kernel gives to whoever asks for no port in particular is no port of a service
_EPHEMERAL = 32_768


@dataclass(frozen=True)
class Listing:
    """The sockets of one instance of `service`, as `ss -Htan` lists them."""

    service: str
    text: str


def seen_edges(
    listings: Sequence[Listing], owner_of: Mapping[str, str], ports: Mapping[str, Collection[int]]
) -> tuple[Edge, ...]:
    """The edges that the sockets show: `owner_of` says whose each address is, `ports` what each service listens on.

    Either end will do: who closes a connection first is left with what there is of it.
    """
    return tuple(sorted({edge for listing in listings for edge in _edges(listing, owner_of, ports)}))


def _edges(
    listing: Listing, owner_of: Mapping[str, str], ports: Mapping[str, Collection[int]]
) -> Iterator[Edge]:
    for line in listing.text.splitlines():
        listed = read_ends(line)
        if listed is None:
            continue
        own_port, (address, other_port) = listed[1].own[1], listed[1].other
        other = owner_of.get(address)
        if other is None or other == listing.service:
            continue
        if other_port in ports.get(other, ()):
            yield Edge(listing.service, other, other_port)
        elif own_port in ports.get(listing.service, ()):
            yield Edge(other, listing.service, own_port)


def listening_ports(text: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The ports in what `ss -Hltn` lists that others can reach, and those that only the program itself can."""
    reachable: list[int] = []
    own: list[int] = []
    for line in text.splitlines():
        fields = line.split()
        address, _, port = next((field for field in fields if ":" in field), "").rpartition(":")
        if not port.isdigit():
            continue
        is_own = address.strip("[]").startswith("127.") or address.strip("[]") == "::1"
        (own if is_own else reachable).append(int(port))
    fixed = sorted({port for port in reachable if port < _EPHEMERAL} or set(reachable))
    return tuple(fixed), tuple(sorted(set(own) - set(reachable)))


def entries(programs: Sequence[Program], edges: Sequence[Edge]) -> tuple[str, ...]:
    """The services that users call: they listen, and no other service calls them. Of these, those that call others."""
    called = {edge.service for edge in edges}
    first = [program.name for program in programs if program.ports and program.name not in called]
    callers = {edge.caller for edge in edges}
    return tuple(name for name in first if name in callers) or tuple(first)


def read_edge(text: str, names: Collection[str]) -> Edge:
    """The edge of `CALLER=SERVICE:PORT`; `UsageError` for another form, and for a service that there is not."""
    caller, equals, rest = text.partition("=")
    service, colon, port = rest.rpartition(":")
    if not (equals and colon and port.isdigit() and 1 <= int(port) <= 65535):
        raise UsageError(f"--calls takes CALLER=SERVICE:PORT, such as --calls shop=stock:7000, not {text!r}.")
    for name in (caller, service):
        if name not in names:
            raise UsageError(f"--calls {text}: there is no service {name!r}; there are {', '.join(names)}.")
    return Edge(caller, service, int(port))
