"""What is known of somebody's system before anything of it is written: plain data."""

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Edge", "LeftOut", "Program", "Survey", "Switch"]


@dataclass(frozen=True)
class Program:
    """A service of the user's: how it is started, and what is known of it.

    `source` says where that stands (`Procfile`, `--service`). `working_dir` is relative to the folder that init is run
    in, or absolute. `env_files` are of such paths, too. `needs` are the services that it is said to wait for, `ports`
    those that it listens on, where known, and `health_path` is answered with 2xx over HTTP on the first of them while
    it is well; empty: none is known.
    """

    name: str
    command: tuple[str, ...]
    source: str
    working_dir: str = "."
    environment: Mapping[str, str] = field(default_factory=dict)
    env_files: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    needs: tuple[str, ...] = ()
    replicas: int = 1
    health_path: str = ""


@dataclass(frozen=True, order=True)
class Edge:
    """The service `caller` calls `service` on `port`."""

    caller: str
    service: str
    port: int


@dataclass(frozen=True)
class LeftOut:
    """What is not written, and why."""

    what: str
    why: str


@dataclass(frozen=True)
class Switch:
    """A variable of a service that switches its protection: its values without it, and with it."""

    service: str
    variable: str
    baseline: str
    resilient: str


@dataclass(frozen=True)
class Survey:
    """The programs that were read, who is known to call whom, and what was left out of it."""

    programs: tuple[Program, ...] = ()
    edges: tuple[Edge, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
