"""The Compose CLI: which there is, what it makes of Compose files (`config`), and a project brought up and down by it.

Docker Compose 2 (`docker compose`, `docker-compose`) works on both engines; podman-compose on Podman only. Whichever is
taken has to talk to the engine that is watched, and not to the one that its own configuration names.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import yaml

from chaosproof.errors import TargetError, UsageError
from chaosproof.json_access import mapping
from chaosproof.targets.base import CommandResult

__all__ = ["ComposeCli", "Engine", "down", "find_any_compose", "find_compose", "read_config", "up"]

_CONFIG_S = 60.0
# Images may have to be pulled and built first.
_UP_S = 1200.0
_DOWN_S = 180.0
_LINES_SHOWN = 12

Run = Callable[[Sequence[str]], CommandResult]


class Engine(Protocol):
    """What is asked of an engine's client here."""

    @property
    def kind(self) -> Literal["podman", "docker"]: ...
    @property
    def socket(self) -> Path: ...


@dataclass(frozen=True)
class ComposeCli:
    """A Compose CLI: how it is called, its name with its version, and the variables that make it talk to one engine.

    `is_podman`: it is podman-compose, which knows fewer options and prints YAML.
    """

    argv: tuple[str, ...]
    name: str
    environment: Mapping[str, str] = field(default_factory=dict)
    is_podman: bool = False


def find_compose(client: Engine, run: Run) -> ComposeCli:
    """The Compose CLI for the engine of `client`; `UsageError` with what to install where there is none."""
    raise NotImplementedError


def find_any_compose(run: Run) -> ComposeCli:
    """Any Compose CLI, to read files with: that needs no engine. `UsageError` where there is none."""
    raise NotImplementedError


def read_config(
    cli: ComposeCli,
    files: Sequence[str],
    project: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> Mapping[str, Any]:
    """What `config` says of the files, in the forms of `docker compose config --format json`; `$$` stays doubled.

    `environment` is what `${NAME}` may name (the caller's own where it is None). Raises `UsageError` with the CLI's
    words where it refuses the files.
    """
    raise NotImplementedError


def up(cli: ComposeCli, files: Sequence[str], project: str, on_line: Callable[[str], None]) -> None:
    """Bring the project up, detached; returns when its containers are started, in the order of `depends_on`.

    Every line that the CLI prints goes to `on_line`. Raises `TargetError` with its last lines where it fails.
    """
    raise NotImplementedError


def down(cli: ComposeCli, files: Sequence[str], project: str) -> None:
    """Take the project away: containers, networks, its own volumes, and images that were built for it under its name.

    A project that is not there is no error. Raises `TargetError` with the CLI's words where something stays.
    """
    raise NotImplementedError
