"""Whom a fault's `peer` means, in addresses: pure, apart from asking the target where a service lives."""

import ipaddress
from collections.abc import Iterable

from chaosproof.errors import TargetError
from chaosproof.targets.base import Target

__all__ = ["ANYONE", "LOOPBACK", "Network", "overlap", "resolve_peer", "within"]

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

ANYONE: tuple[Network, ...] = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0"))

LOOPBACK: tuple[Network, ...] = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))


def resolve_peer(peer: str | None, target: Target) -> tuple[Network, ...]:
    """The networks of `peer`, merged and in order, IPv4 first.

    A service is its virtual address and its instances: a client sees the first, a server's neighbours the
    second. Raises `TargetError` for a service that the target does not have, or that nothing is behind.
    """
    if peer is None:
        return ANYONE
    try:
        return (ipaddress.ip_network(peer, strict=False),)
    except ValueError:
        pass
    try:
        address = target.address(peer)
    except TargetError as error:
        raise TargetError(
            f"{error} What is outside of the system is named by its address or network, such as 10.1.0.0/16: "
            "names are not looked up."
        ) from error
    addresses = [address.ip, address.ip6]
    for instance in target.instances(peer):
        addresses += [instance.address, instance.address6]
    if not any(addresses):
        raise TargetError(f"service {peer} has no address now: none of its instances has one")
    try:
        return merge(ipaddress.ip_network(address) for address in addresses if address)
    except ValueError as error:
        raise TargetError(f"service {peer} has an address that is none: {error}") from None


def merge(networks: Iterable[Network]) -> tuple[Network, ...]:
    """The same addresses in the fewest networks, none of which overlaps another."""
    known = set(networks)
    four = ipaddress.collapse_addresses(n for n in known if isinstance(n, ipaddress.IPv4Network))
    six = ipaddress.collapse_addresses(n for n in known if isinstance(n, ipaddress.IPv6Network))
    return (*four, *six)


def within(ip: str, networks: Iterable[Network]) -> bool:
    """Whether the address is in one of the networks."""
    address = ipaddress.ip_address(ip)
    return any(address.version == network.version and address in network for network in networks)


def overlap(these: Iterable[Network], those: Iterable[Network]) -> bool:
    """Whether the two have an address in common."""
    known = list(those)
    return any(a.version == b.version and a.overlaps(b) for a in these for b in known)
