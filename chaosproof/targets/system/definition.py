"""What a system consists of, as plain data: services with all their settings resolved."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["HealthCheck", "Service", "System"]


@dataclass(frozen=True)
class HealthCheck:
    """How to ask whether an instance is ready: an HTTP path that answers 2xx, an open port, a socket."""

    kind: str
    """`http`, `tcp` or `unix`."""
    target: str
    """The HTTP path, the name of the TCP port, or the path of the Unix socket."""
    port: int
    interval_s: float
    timeout_s: float


@dataclass(frozen=True)
class Service:
    """One service with all its settings resolved."""

    name: str
    command: tuple[str, ...]
    replicas: int = 1
    working_dir: str = "/"
    environment: Mapping[str, str] = field(default_factory=dict)
    ports: Mapping[str, int] = field(default_factory=dict)
    healthcheck: HealthCheck | None = None
    metrics_path: str = "/metrics"
    metrics_port: int | None = None
    depends_on: tuple[str, ...] = ()
    stop_grace_period_s: float = 2.0


@dataclass(frozen=True)
class System:
    """A whole system file, with the overlays of one mode and scenario on top."""

    name: str
    services: tuple[Service, ...]
    file: str = ""
    scrape_interval_s: float = 1.0
    values: Mapping[str, Any] = field(default_factory=dict)
    values_files: tuple[str, ...] = ()
