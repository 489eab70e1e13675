"""The process that keeps a lab: how it is started and found, what it is given, and whose it is."""

import os
import pickle
import select
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from chaosproof.errors import TargetError, UsageError
from chaosproof.targets.host_packages import how_to_install, manager_of_host
from chaosproof.targets.local.control_client import socket_name
from chaosproof.targets.local.spec import PublishedPort
from chaosproof.targets.system.definition import System

__all__ = [
    "bind_control",
    "find_prometheus",
    "find_tool",
    "inherited",
    "owner_of",
    "published_port",
    "start_supervisor",
]

# a second on any real machine, and an emulated one takes its time; a supervisor that died is noticed at once
_LISTENING_TIMEOUT_S = 120.0


def find_tool(tool: str, path: str) -> str:
    """The file of a command; `UsageError` says how to install one that is missing."""
    file = shutil.which(tool, path=path)
    if file is None:
        raise UsageError(f"The command {tool!r} is missing; {how_to_install(tool, manager_of_host())}")
    return file


def find_prometheus(system: System, path: str) -> str | None:
    """The command, where a service of the system has metrics."""
    if all(service.metrics_port is None for service in system.services):
        return None
    return find_tool("prometheus", path)


def inherited(environment: Mapping[str, str]) -> dict[str, str]:
    """The caller's variables as they are inside."""
    # A proxy of the host's cannot be reached from inside, and gRPC and many HTTP clients would use it.
    return {key: value for key, value in environment.items() if not key.lower().endswith("_proxy")}


def owner_of(events_file: Path | None, *, detached: bool = False) -> dict[str, Any]:
    """What the lab ends with: nothing, the run whose folder has `events_file`, or this program."""
    if detached:
        return {}
    owner = (
        f"the run in {events_file.resolve().parent}"
        if events_file
        else f"the program {Path(sys.argv[0]).name}"
    )
    return {"owner": owner, "owner_pid": os.getpid()}


def published_port(name: str, address: str, port: int) -> tuple[PublishedPort, socket.socket]:
    """A listening socket on this machine's loopback for a port inside; the kernel chooses its number."""
    listener = socket.create_server(("127.0.0.1", 0))
    host_port = listener.getsockname()[1]
    return PublishedPort(name, host_port, listener.fileno(), address, port), listener


def bind_control(lab: str) -> socket.socket:
    """The socket at which the lab is asked, under its name; `UsageError` where there is one of that name."""
    control = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        control.bind(socket_name(lab))
    except OSError as error:
        control.close()
        raise UsageError(f"A lab named {lab} is up already; choose another name or take it down.") from error
    return control


def start_supervisor(
    argv: Sequence[str],
    spec: Any,
    control: socket.socket,
    listeners: Sequence[socket.socket],
    *,
    path: str,
) -> None:
    """Start `argv` with the descriptors of spec, control and ready pipe behind it; return once it listens.

    Raises `TargetError` with what it printed where it does not; then it has ended.
    """
    ready_read, ready_write = os.pipe()
    with (
        control,
        os.fdopen(ready_read, "rb") as ready,
        tempfile.TemporaryFile() as errors,
        os.fdopen(os.memfd_create("chaosproof-spec"), "w+b") as spec_file,
    ):
        pickle.dump(spec, spec_file)
        spec_file.flush()
        spec_file.seek(0)
        try:
            process = subprocess.Popen(
                [*argv, str(spec_file.fileno()), str(control.fileno()), str(ready_write)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                cwd="/",
                env={**os.environ, "PATH": path},
                pass_fds=[
                    *[spec_file.fileno(), control.fileno(), ready_write],
                    *[listener.fileno() for listener in listeners],
                ],
                start_new_session=True,
            )
        finally:
            os.close(ready_write)
        readable, _, _ = select.select([ready], [], [], _LISTENING_TIMEOUT_S)
        if readable and ready.readline() == b"listening\n":
            return
        process.kill()
        process.wait()
        errors.seek(0)
        printed = errors.read().decode(errors="replace").strip()
        raise TargetError(f"The lab could not be made: {printed or 'its supervisor said nothing'}")
