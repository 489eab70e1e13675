"""The addresses of a pod or a Service, of one family or of both: pure."""

import ipaddress
from collections.abc import Iterable

__all__ = ["by_family"]


def by_family(addresses: Iterable[str]) -> tuple[str, str]:
    """The address, and the IPv6 one beside it; where there is IPv6 alone, that is the address.

    A headless Service has neither: its address reads `None`.
    """
    real = [address for address in addresses if address and address != "None"]
    four = [address for address in real if ipaddress.ip_address(address).version == 4]
    six = [address for address in real if ipaddress.ip_address(address).version == 6]
    if four:
        return four[0], (six[0] if six else "")
    return (six[0] if six else ""), ""
