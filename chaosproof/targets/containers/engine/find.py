"""Which engine is meant: as the environment says it, else the first that answers at a place where engines are.

The order is Docker's own: `DOCKER_HOST`, then the current context; and Podman's `CONTAINER_HOST`. After these come the
sockets that the engines make by themselves, those of an ordinary user before root's.
"""

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from chaosproof.errors import TargetError, UsageError
from chaosproof.targets.containers.engine.client import EngineClient, connect
from chaosproof.targets.containers.engine.docker_context import context_host
from chaosproof.targets.containers.engine.podman_service import start_podman
from chaosproof.targets.containers.engine.refusals import engine_refusal
from chaosproof.targets.containers.engine.versions import EngineKind

__all__ = ["find_engine"]

Connect = Callable[[Path, EngineKind | None], EngineClient]

_NAMED_BY: Mapping[str | None, tuple[str, ...]] = {
    None: ("DOCKER_HOST", "CONTAINER_HOST"),
    "docker": ("DOCKER_HOST",),
    "podman": ("CONTAINER_HOST",),
}
_KINDS: Mapping[str | None, tuple[EngineKind, ...]] = {
    None: ("podman", "docker"),
    "docker": ("docker",),
    "podman": ("podman",),
}


@dataclass(frozen=True)
class _Place:
    """A socket where an engine of one of these kinds may be.

    `named_by` is what names it, empty where engines make it by themselves.
    """

    socket: Path
    kinds: tuple[EngineKind, ...]
    named_by: str = ""


def find_engine(
    wanted: str | None = None,
    environment: Mapping[str, str] = os.environ,
    *,
    user: int | None = None,
    root: Path = Path("/"),
    connect: Connect = connect,
    programs: Callable[[str], str | None] = shutil.which,
) -> EngineClient:
    """The engine of this user (a user id; default: this process'). `wanted` is `podman`, `docker` or `None` for any.

    Raises `UsageError` with what to do when there is none. The sockets of engines are looked for below `root`.
    """
    if wanted not in _KINDS:
        raise UsageError(f"There is no engine {wanted!r}: it is podman or docker.")
    user = os.geteuid() if user is None else user
    only: EngineKind | None = _KINDS[wanted][0] if wanted else None
    named = _named(wanted, environment, user)
    if named is not None:
        return _use(named, user, connect, only)
    problems = []
    for place in _usual(wanted, environment, user, root):
        if not _is_there(place.socket):
            continue
        try:
            return _use(place, user, connect, only)
        except UsageError as problem:
            problems.append(problem)
    if (wanted == "podman" or (wanted is None and not problems)) and programs("podman"):
        return start_podman()
    if problems:
        raise problems[0]
    raise UsageError(_none_there(wanted, user))


def _is_there(socket: Path) -> bool:
    try:
        return socket.exists()
    except PermissionError:  # below a folder of somebody else
        return False


def _named(wanted: str | None, environment: Mapping[str, str], user: int) -> _Place | None:
    """The engine that the environment or Docker's context names; `None` where they name none."""
    for variable in _NAMED_BY[wanted]:
        if host := environment.get(variable):
            return _Place(_socket_of(host, variable), _KINDS[wanted], variable)
    if wanted == "podman":
        return None
    name, host = context_host(environment)
    context = f"the Docker context {name}"
    return _Place(_socket_of(host, context), ("docker",), context) if host else None


def _socket_of(host: str, named_by: str) -> Path:
    scheme, _, path = host.partition("://")
    if scheme == "unix" and path.startswith("/"):
        return Path(path)
    if scheme in ("tcp", "ssh", "http", "https"):
        raise UsageError(
            f"{named_by} names {host}, an engine that is reached over a network: a fault acts in the kernel of this "
            "machine. Run chaosproof where the containers are."
        )
    raise UsageError(
        f"{named_by} names {host}, which is no socket of this machine, such as unix:///run/docker.sock."
    )


def _usual(wanted: str | None, environment: Mapping[str, str], user: int, root: Path) -> list[_Place]:
    """The sockets that engines make by themselves, in the order in which they are tried."""
    runtime = environment.get("XDG_RUNTIME_DIR") or f"/run/user/{user}"
    folders = [] if user == 0 else [runtime]
    names = {"podman": "podman/podman.sock", "docker": "docker.sock"}
    return [
        _Place(root / folder.lstrip("/") / names[kind], (kind,))
        for folder in (*folders, "/run")
        for kind in _KINDS[wanted]
    ]


def _use(place: _Place, user: int, connect: Connect, only: EngineKind | None) -> EngineClient:
    """The engine of that place; `UsageError` where it cannot be used, or where it is not the `only` kind that will do.

    Else one may answer at the other's place, as Podman does with the package podman-docker.
    """
    where = f"{place.socket} ({place.named_by})" if place.named_by else str(place.socket)
    try:
        client = connect(place.socket, only)
    except FileNotFoundError:
        raise UsageError(f"There is no socket {where}. {_start(place, user)}") from None
    except PermissionError:
        raise UsageError(
            f"The engine at {where} may not be used by user {user}: be its owner, or use a rootless engine."
        ) from None
    except OSError:
        raise UsageError(f"Nobody answers at {where}. {_start(place, user)}") from None
    except TargetError as error:
        raise UsageError(str(error)) from error
    if refusal := engine_refusal(str(client), client.owner, user):
        client.close()
        raise UsageError(refusal)
    return client


def _start(place: _Place, user: int) -> str:
    """How the engine is started whose socket that is."""
    systemctl = "systemctl" if user == 0 or not _is_of_user(place.socket) else "systemctl --user"
    starts = {"podman": f"{systemctl} start podman.socket", "docker": f"{systemctl} start docker"}
    return f"Start it: {', or '.join(starts[kind] for kind in place.kinds)}."


def _is_of_user(socket: Path) -> bool:
    return any(part in ("user", "home") for part in socket.parts)


def _none_there(wanted: str | None, user: int) -> str:
    own = "" if user == 0 else " --user"
    starts = {
        "podman": f"Podman's starts by `systemctl{own} start podman.socket`",
        "docker": f"Docker's by `systemctl{own} start docker`",
    }
    if wanted is None:
        how = f"{starts['podman']}, {starts['docker']}"
        return f"Neither Podman nor Docker has a socket here: {how}. DOCKER_HOST names one that is elsewhere."
    named_by = _NAMED_BY[wanted][0]
    return (
        f"{wanted.capitalize()} has no socket here: {starts[wanted]}. {named_by} names one that is elsewhere."
    )
