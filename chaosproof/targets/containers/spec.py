"""What the supervisor of a project of containers needs, fully resolved: plain data that the launcher writes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from chaosproof.errors import TargetError
from chaosproof.targets.base import Instance
from chaosproof.targets.containers.engine.records import Container
from chaosproof.targets.containers.instance_names import instance_name
from chaosproof.targets.local.spec import PublishedPort, ServicePlan
from chaosproof.targets.system.definition import System

__all__ = ["SERVICE_NET", "ProjectSpec", "instance_of", "plan_project"]

SERVICE_NET = "198.18.0.0/24"
"""The virtual addresses of services, in the helper's network alone: set aside for measurements by RFC 2544."""
_SERVICE_ADDRESS = "198.18.0."


@dataclass(frozen=True)
class ProjectSpec:
    """`containers` are ids by the name of the instance. Whose the lab is: see `listed_labs.ListedLab`."""

    name: str
    project: str
    engine_kind: str
    engine_socket: str
    helper_pid: int
    services: tuple[ServicePlan, ...]
    containers: Mapping[str, str]
    scrape_interval_s: float
    prometheus: str | None
    events_file: str | None
    path: str
    published: tuple[PublishedPort, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: str = ""
    owner: str = ""
    owner_pid: int = 0

    @property
    def endpoints(self) -> dict[str, str]:
        """Where this machine reaches what is published, by name."""
        return {port.name: f"http://127.0.0.1:{port.host_port}" for port in self.published}


def plan_project(
    system: System, containers: Iterable[Container]
) -> tuple[tuple[ServicePlan, ...], dict[str, str]]:
    """The services with their virtual addresses and instances, and the containers' ids by the instances' names.

    Instances are named as in a lab, by the number that Compose has given to the container: `shop-0` is the first of
    shop. Raises `TargetError` for a service that has no container.
    """
    by_service: dict[str, list[Container]] = {}
    for container in sorted(containers, key=lambda container: container.number):
        by_service.setdefault(container.service, []).append(container)
    plans, ids = [], {}
    for position, service in enumerate(system.services):
        if service.one_shot:
            # It has ended, and its network with it: Compose waits for that, and nobody can hit it.
            continue
        own = by_service.get(service.name, [])
        if not own:
            there = ", ".join(sorted(by_service)) or "none"
            raise TargetError(
                f"The project has no container of the service {service.name} (it has: {there})."
            )
        names = [instance_name(container) for container in own]
        ports = service.ports or {str(port): port for port in own[0].ports}
        instances = [
            instance_of(
                container,
                Instance(
                    name=name,
                    service=service.name,
                    address="",
                    ports=dict(ports),
                    metrics_port=service.metrics_port,
                    metrics_path=service.metrics_path,
                ),
            )
            for name, container in zip(names, own, strict=True)
        ]
        ids.update({name: container.id for name, container in zip(names, own, strict=True)})
        plans.append(ServicePlan(service, f"{_SERVICE_ADDRESS}{position + 1}", tuple(instances)))
    return tuple(plans), ids


def instance_of(container: Container, known: Instance) -> Instance:
    """The instance with the addresses that its container has now, which are others after some restarts."""
    addresses = list(container.networks.values())
    return Instance(
        name=known.name,
        service=known.service,
        address=next((ip for ip, _ in addresses if ip), ""),
        address6=next((ip6 for _, ip6 in addresses if ip6), ""),
        ports=known.ports,
        metrics_port=known.metrics_port,
        metrics_path=known.metrics_path,
        host_name=container.host_name if container.host_name != known.name else "",
    )
