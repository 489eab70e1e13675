"""The helper's network: names, virtual addresses, and the instances' networks held open by name.

A new connection from it to a service's virtual address goes to the next ready instance in turn, as in a lab. Where
none is ready it is refused. The rest of the project knows nothing of these addresses: its programs find one another by
the engine's names, which lead to every container that runs, ready or not.
"""

import contextlib
import json
import subprocess
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from chaosproof.errors import TargetError
from chaosproof.targets.base import Instance
from chaosproof.targets.containers.spec import SERVICE_NET
from chaosproof.targets.local.inside.network import service_table
from chaosproof.targets.local.inside.private_files import run_command
from chaosproof.targets.local.inside.process_manager import NAMESPACES
from chaosproof.targets.local.spec import ServicePlan

__all__ = ["HeldNetworks", "hosts_file", "make_service_addresses", "own_address"]

_REFUSAL = f"""table inet lab_rest {{
  chain refused {{
    type filter hook output priority 0
    ip daddr {SERVICE_NET} meta l4proto tcp reject with tcp reset
    ip daddr {SERVICE_NET} reject
  }}
  chain sources {{
    type nat hook postrouting priority 100
    ct status dnat masquerade
  }}
}}
"""


def own_address() -> tuple[str, str]:
    """The device of this network that leads out, and its IPv4 address; `TargetError` where there is none."""
    listed = subprocess.run(
        ["ip", "-j", "-4", "address", "show", "scope", "global"], capture_output=True, text=True, check=False
    )
    for link in json.loads(listed.stdout or "[]"):
        for address in link.get("addr_info", []):
            if "local" in address:
                return link["ifname"], address["local"]
    raise TargetError("The helper container has no address on the project's network.")


def make_service_addresses(device: str, services: Collection[ServicePlan]) -> None:
    """Routes and rules for the virtual addresses, with no instance ready yet."""
    # nothing answers there: a rule leads each connection elsewhere, or refuses it
    run_command(["ip", "route", "add", SERVICE_NET, "dev", device])
    run_command(["nft", "-f", "-"], service_table(services) + _REFUSAL)


def hosts_file(services: Iterable[ServicePlan], instances: Iterable[Instance]) -> str:
    """`/etc/hosts` for what runs in the helper's network: services by virtual address, instances by their own."""
    lines = ["127.0.0.1 localhost", "::1 localhost"]
    lines += [f"{plan.address} {plan.service.name}" for plan in services]
    lines += [f"{instance.address} {instance.name}" for instance in instances if instance.address]
    return "\n".join(lines) + "\n"


class HeldNetworks:
    """The instances' networks under /run/netns, where `nsenter` and `ip netns` look for them.

    Held so, a network is there to be looked at after its last process has ended.
    """

    def __init__(self) -> None:
        self._held: dict[str, tuple[int, int]] = {}

    def hold(self, instance: str, pid: int) -> bool:
        """Hold the network of this process as that of `instance`; whether it is another than before.

        Raises `TargetError` where it cannot be held, as of a process that has ended.
        """
        network = f"/proc/{pid}/ns/net"
        try:
            stat = Path(network).stat()
        except OSError as error:
            raise TargetError(f"The network of {instance} cannot be entered: {error.strerror}.") from error
        place = NAMESPACES / instance
        if self._held.get(instance) == (stat.st_dev, stat.st_ino):
            return False
        known = instance in self._held
        if known:
            run_command(["umount", "--lazy", str(place)])
        place.touch()
        run_command(["mount", "--bind", network, str(place)])
        self._held[instance] = (stat.st_dev, stat.st_ino)
        return known


def container_resolver(helper_pid: int) -> str:
    """What the helper container has as /etc/resolv.conf: the engine's own name server."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{helper_pid}/root/etc/resolv.conf").read_text(encoding="utf-8")
    return ""


def file_texts(helper_pid: int, hosts: str) -> Mapping[str, str]:
    """The files under /etc that what runs in the helper's network is to see."""
    resolver = container_resolver(helper_pid)
    return {"/etc/hosts": hosts} | ({"/etc/resolv.conf": resolver} if resolver else {})
