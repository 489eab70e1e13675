"""Which Compose CLI is here, and new enough, for an engine or only to read files."""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal, Protocol

from chaosproof.errors import UsageError
from chaosproof.targets.base import CommandResult
from chaosproof.targets.containers.compose.cli import ComposeCli, major_minor

__all__ = ["Engine", "Run", "find_any_compose", "find_compose"]

# Podman's own order of those that `podman compose` calls; last that itself, which says no more than they do.
_DOCKER = (("docker-compose",), ("docker", "compose"))
_PODMAN = (*_DOCKER, ("podman-compose",), ("podman", "compose"))
# Debian 12's calls itself podman-composer.
_VERSION = re.compile(
    r"(?P<name>podman-composer?|docker-compose|Docker Compose) version:? +v?(?P<version>\d+\.\d+(\.\d+)?)",
    re.I,
)
# Before these `config` prints another form; of podman-compose there is none, or one that knows no profile.
_OLDEST = {False: (2, 0), True: (1, 1)}

Run = Callable[[Sequence[str]], CommandResult]


class Engine(Protocol):
    """What is asked of an engine's client here."""

    @property
    def kind(self) -> Literal["podman", "docker"]: ...

    @property
    def socket(self) -> Path: ...


def find_compose(client: Engine, run: Run, environment: Mapping[str, str] = os.environ) -> ComposeCli:
    """The Compose CLI for the engine of `client`; `UsageError` with what to install where there is none.

    PODMAN_COMPOSE_PROVIDER of `environment`, which is Podman's own word, names the one to take on Podman.
    """
    socket = f"unix://{client.socket}"
    if client.kind == "docker":
        return _first(_DOCKER, {"DOCKER_HOST": socket}, run, for_docker=True)
    # Podman's API has no BuildKit: `podman compose` says the same to whom it calls.
    there = {"DOCKER_HOST": socket, "CONTAINER_HOST": socket, "DOCKER_BUILDKIT": "0"}
    return _first(_candidates(environment), there, run, for_docker=False)


def find_any_compose(run: Run, environment: Mapping[str, str] = os.environ) -> ComposeCli:
    """Any Compose CLI, to read files with: that needs no engine. `UsageError` where there is none.

    It is the one that would start them, for not all count the same copies.
    """
    return _first(_candidates(environment), {}, run, for_docker=False)


def _candidates(environment: Mapping[str, str]) -> Sequence[tuple[str, ...]]:
    provider = environment.get("PODMAN_COMPOSE_PROVIDER")
    return ((provider,),) if provider else _PODMAN


def _first(
    candidates: Sequence[tuple[str, ...]], environment: Mapping[str, str], run: Run, *, for_docker: bool
) -> ComposeCli:
    too_old = []
    for argv in candidates:
        done = run([*argv, "version"])
        match = _VERSION.search(done.stdout) if done.exit_code == 0 else None
        if match is None:
            continue
        is_podman = match["name"].lower().startswith("podman")
        if is_podman and for_docker:
            continue
        name = f"{'podman-compose' if is_podman else ' '.join(argv)} {match['version']}"
        if major_minor(name) >= _OLDEST[is_podman]:
            return ComposeCli(argv, name, environment, is_podman)
        too_old.append(name)
    there = f"{' and '.join(too_old)} is too old" if too_old else "none is here"
    other = "" if for_docker else ", or on Podman podman-compose 1.1 or newer: pip install podman-compose"
    raise UsageError(
        f"A Compose file is read and started by the Compose CLI, and {there}. Install Docker Compose 2 "
        f"(https://docs.docker.com/compose/install/){other}."
    )
