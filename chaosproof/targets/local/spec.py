"""What one lab consists of, fully resolved: plain data that the launcher writes and the supervisor reads."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from chaosproof.errors import UsageError
from chaosproof.targets.base import Instance
from chaosproof.targets.system.definition import Service, System

__all__ = ["ONE_SHOT_LIMIT_S", "LabSpec", "PublishedPort", "ServicePlan", "plan_lab"]

_SUBNET = "10.77"
_SUBNET6 = "fd77::"
_SERVICE_NET = "10.96.0."
PROMETHEUS_PORT = 9090
ONE_SHOT_LIMIT_S = 300.0
"""How long a service that ends by itself may take."""


@dataclass(frozen=True)
class ServicePlan:
    """A service, its virtual address, and its instances with their addresses."""

    service: Service
    address: str
    instances: tuple[Instance, ...]


@dataclass(frozen=True)
class PublishedPort:
    """A port that the host's loopback reaches. `fd` is the listening socket that the supervisor inherits."""

    name: str
    host_port: int
    fd: int
    address: str
    port: int


@dataclass(frozen=True)
class LabSpec:
    """Everything the supervisor needs; it reads no other file. Whose it is: see `listed_labs.ListedLab`."""

    name: str
    gateway: str
    gateway6: str
    services: tuple[ServicePlan, ...]
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
    def instances(self) -> tuple[Instance, ...]:
        return tuple(instance for plan in self.services for instance in plan.instances)

    @property
    def endpoints(self) -> dict[str, str]:
        """Where the host reaches what is published, by name."""
        return {port.name: f"http://127.0.0.1:{port.host_port}" for port in self.published}


def plan_lab(
    system: System,
    *,
    name: str,
    path: str,
    prometheus: str | None,
    events_file: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> LabSpec:
    """Give every instance its name and addresses, every service its virtual address.

    Raises `UsageError` for services that wait for each other in a circle.
    """
    _refuse_circles(system.services)
    plans = []
    number = 10
    for position, service in enumerate(system.services):
        instances = []
        for index in range(service.replicas):
            instances.append(
                Instance(
                    name=f"{service.name}-{index}",
                    service=service.name,
                    address=f"{_SUBNET}.{number // 256}.{number % 256}",
                    address6=f"{_SUBNET6}{number:x}",
                    ports=dict(service.ports),
                    metrics_port=service.metrics_port,
                    metrics_path=service.metrics_path,
                )
            )
            number += 1
        plans.append(ServicePlan(service, f"{_SERVICE_NET}{position + 1}", tuple(instances)))
    return LabSpec(
        name=name,
        gateway=f"{_SUBNET}.0.1",
        gateway6=f"{_SUBNET6}1",
        services=tuple(plans),
        scrape_interval_s=system.scrape_interval_s,
        prometheus=prometheus,
        events_file=events_file,
        path=path,
        environment=dict(environment or {}),
    )


def _refuse_circles(services: tuple[Service, ...]) -> None:
    waiting = {service.name: set(service.depends_on) for service in services}
    while waiting:
        free = [name for name, needs in waiting.items() if not needs & waiting.keys()]
        if not free:
            circle = ", ".join(sorted(waiting))
            raise UsageError(f"These services wait for each other through depends_on: {circle}.")
        for name in free:
            del waiting[name]
