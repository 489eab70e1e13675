"""The lab's network as text: `ip -batch` scripts and nft rulesets, all pure functions.

Every instance has a namespace of its own and a /32 address, so that all its traffic, answers too, is routed
by the lab's own namespace: there a new connection to a service's virtual address is sent to the next ready
instance in turn, as kube-proxy does it over IPVS. (In turn and not at random: two callers with one
connection each would meet on the same instance in one start of three, and every comparison would begin with
a throw of dice.) So a rule on egress inside an instance sees the service's address and port.
"""

from collections.abc import Collection

from chaosproof.targets.base import Instance
from chaosproof.targets.local.spec import LabSpec, ServicePlan

__all__ = ["hosts_file", "instance_links", "root_links", "service_rule", "service_table"]


def root_links(spec: LabSpec) -> str:
    """The script for the lab's own namespace: the bridge, one namespace and one veth pair per instance."""
    lines = [
        "link set lo up",
        "link add lab0 type bridge",
        f"addr add {spec.gateway}/16 dev lab0",
        f"addr add {spec.gateway6}/64 dev lab0 nodad",
    ]
    # The virtual addresses are the lab's own: with no ready instance a connection is refused, not lost.
    lines += [f"addr add {plan.address}/32 dev lab0" for plan in spec.services]
    lines.append("link set lab0 up")
    for number, instance in enumerate(spec.instances):
        lines += [
            f"netns add {instance.name}",
            f"link add veth{number} type veth peer name eth0 netns {instance.name}",
            f"link set veth{number} master lab0 up",
        ]
    return "\n".join(lines) + "\n"


def instance_links(spec: LabSpec, instance: Instance) -> str:
    """The script for the instance's own namespace: its addresses, and the gateway for all else."""
    return (
        "link set lo up\n"
        "link set eth0 up\n"
        f"addr add {instance.address}/32 dev eth0\n"
        f"route add {spec.gateway} dev eth0\n"
        f"route add default via {spec.gateway} src {instance.address}\n"
        f"addr add {instance.address6}/128 dev eth0 nodad\n"
        f"route add {spec.gateway6} dev eth0\n"
        f"route add default via {spec.gateway6} src {instance.address6}\n"
    )


def service_table(services: Collection[ServicePlan]) -> str:
    """The table of virtual addresses, with no instance ready yet."""
    chains = "".join(f"  chain {_chain(plan.service.name)} {{\n  }}\n" for plan in services)
    choices = ", ".join(f"{plan.address} : jump {_chain(plan.service.name)}" for plan in services)
    return f"""table inet lab {{
{chains}  chain from_instances {{
    type nat hook prerouting priority -100
    ip daddr vmap {{ {choices} }}
  }}
  chain from_lab {{
    type nat hook output priority -100
    ip daddr vmap {{ {choices} }}
  }}
}}
"""


def service_rule(service: str, addresses: Collection[str]) -> str:
    """One transaction that lets new connections to `service` go to these instances; older ones stay.

    Only this service's chain changes: the turns of the others go on where they were.
    """
    script = f"flush chain inet lab {_chain(service)}\n"
    if addresses:
        choices = ", ".join(f"{turn} : {address}" for turn, address in enumerate(sorted(addresses)))
        script += (
            f"add rule inet lab {_chain(service)} meta l4proto {{ tcp, udp }} "
            f"dnat ip to numgen inc mod {len(addresses)} map {{ {choices} }}\n"
        )
    return script


def _chain(service: str) -> str:
    # Many words are nft's own: a service may be called queue, log or limit.
    return f"to-{service}"


def hosts_file(spec: LabSpec) -> str:
    """`/etc/hosts` as the lab sees it: services by their virtual address, instances by their own."""
    lines = ["127.0.0.1 localhost", "::1 localhost"]
    lines += [f"{plan.address} {plan.service.name}" for plan in spec.services]
    lines += [f"{instance.address} {instance.name}" for instance in spec.instances]
    return "\n".join(lines) + "\n"
