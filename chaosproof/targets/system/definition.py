"""What a system consists of, as plain data: services with all their settings resolved."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["HealthCheck", "Service", "System"]


@dataclass(frozen=True)
class HealthCheck:
    """How to ask whether an instance is ready: an HTTP path that answers 2xx, an open port, a socket, a command."""

    kind: str
    """`http`, `tcp`, `unix` or `test`."""
    target: str
    """The HTTP path, the name of the TCP port, the path of the Unix socket, or the command as one line."""
    port: int
    interval_s: float
    timeout_s: float
    """From the start of an instance until it must have been ready once."""
    command: tuple[str, ...] = ()
    """Of a `test`: ready is exit code 0."""
    answer_timeout_s: float | None = None
    """For one answer; `None`: a second, or the interval where that is longer."""
    retries: int = 1
    """So many answers of no, one after the other, and an instance that was ready is not."""


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
    one_shot: bool = False
    """It is to end with exit code 0, and what depends on it starts then."""
    restart: str = "no"
    """Compose's policy: `no`, `always`, `unless-stopped`, `on-failure`, `on-failure:3`."""
    user: str = ""
    """`name`, `name:group` or numbers; empty: as whoever starts the lab."""


@dataclass(frozen=True)
class System:
    """A whole system file, with the overlays of one mode and scenario on top."""

    name: str
    services: tuple[Service, ...]
    file: str = ""
    scrape_interval_s: float = 1.0
    values: Mapping[str, Any] = field(default_factory=dict)
    values_files: tuple[str, ...] = ()
    compose: tuple[str, ...] = ()
    """Its Compose files, as absolute paths, in the order in which they are merged: what the target containers runs."""
