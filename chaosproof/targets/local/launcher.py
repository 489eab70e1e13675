"""From the host: start a lab, and say clearly why when it cannot be started.

    chaosproof lab up system.yaml

The host's network namespace gets nothing but listening sockets on its loopback, held by the lab's processes.
"""

import os
import pickle
import secrets
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from chaosproof.errors import TargetError, UsageError
from chaosproof.targets.base import Running
from chaosproof.targets.host_command import command_path
from chaosproof.targets.host_packages import how_to_install, manager_of_host
from chaosproof.targets.local.control_client import ask, find_labs, socket_name, take_down
from chaosproof.targets.local.enter import enter_command
from chaosproof.targets.local.listed_labs import checkout_of
from chaosproof.targets.local.spec import ONE_SHOT_LIMIT_S, PROMETHEUS_PORT, LabSpec, PublishedPort, plan_lab
from chaosproof.targets.local.target import LocalTarget
from chaosproof.targets.local.users import user_ids
from chaosproof.targets.system.definition import System

__all__ = ["launch_lab"]

_TOOLS = ("unshare", "nsenter", "setpriv", "mount", "ip", "nft")
# a second on any real machine, and an emulated one takes its time; a supervisor that died is noticed at once
_LISTENING_TIMEOUT_S = 120.0


def launch_lab(
    system: System, *, name: str | None = None, events_file: Path | None = None, detached: bool = False
) -> Running:
    """Start a lab and wait until all its instances are ready.

    Unless `detached`, the kernel ends the lab when the calling thread ends, by whatever signal. Raises
    `UsageError` when the system cannot run here, `TargetError` with the reason and the last log lines when it
    does not get ready; then nothing is left of it.
    """
    begun = time.monotonic()
    path = command_path()
    if sys.platform != "linux":
        raise UsageError(
            f"A lab needs Linux (namespaces, nftables); this is {sys.platform}. Use a Linux machine or VM."
        )
    for tool in _TOOLS:
        _find_tool(tool, path)
    _need_commands(system, path)
    lab = name or f"{system.name}-{secrets.token_hex(3)}"
    spec = plan_lab(
        system,
        name=lab,
        path=path,
        prometheus=_prometheus(system, path),
        events_file=str(events_file.resolve()) if events_file else None,
        environment=_inherited(os.environ),
    )
    spec = replace(spec, folder=checkout_of(Path.cwd()), **_owner(events_file, detached=detached))
    listeners = _publish(spec)
    spec = replace(spec, published=tuple(port for port, _ in listeners))
    try:
        _start_supervisor(spec, [listener for _, listener in listeners], detached=detached)
    finally:
        for _, listener in listeners:
            listener.close()
    try:
        timings = ask(lab, "wait_ready", patience_s=_longest_start_s(system))
    except TargetError:
        take_down(lab)
        raise
    # The supervisor counts from its own first instant; a person counts from the command.
    offset_s = time.monotonic() - begun - timings["ready_s"]
    return Running(
        LocalTarget(lab),
        lab,
        endpoints=spec.endpoints,
        timings={stage: round(value + offset_s, 3) for stage, value in timings.items()},
        take_down=lambda: take_down(lab),
        is_up=lambda: lab in find_labs(),
    )


def _owner(events_file: Path | None, *, detached: bool) -> dict[str, Any]:
    """What the lab ends with: nothing, the run whose folder has `events_file`, or this program."""
    if detached:
        return {}
    owner = (
        f"the run in {events_file.resolve().parent}"
        if events_file
        else f"the program {Path(sys.argv[0]).name}"
    )
    return {"owner": owner, "owner_pid": os.getpid()}


def _inherited(environment: Mapping[str, str]) -> dict[str, str]:
    # A proxy of the host's cannot be reached from inside, and gRPC and many HTTP clients would use it.
    return {key: value for key, value in environment.items() if not key.lower().endswith("_proxy")}


def _find_tool(tool: str, path: str) -> str:
    file = shutil.which(tool, path=path)
    if file is None:
        raise UsageError(f"The command {tool!r} is missing; {how_to_install(tool, manager_of_host())}")
    return file


def _need_commands(system: System, path: str) -> None:
    """Refuse folders, commands and users that this machine does not have, all of them at once."""
    if without := [service.name for service in system.services if not service.command]:
        raise UsageError(
            f"{system.file or system.name}: {', '.join(without)} has no `command`, and a lab runs programs of this "
            "machine: give it one, or run the project's containers, --target containers."
        )
    missing = []
    for service in system.services:
        here = f"{system.file}: services.{service.name}"
        if not Path(service.working_dir).is_dir():
            missing.append(f"{here}.working_dir: the folder {service.working_dir} does not exist.")
        for command in service.command[:1]:
            file = str(Path(service.working_dir) / command) if "/" in command else command
            if shutil.which(file, path=path) is None:
                missing.append(f"{here}.command: there is no command {command!r}.")
        try:
            ids = user_ids(service.user)
        except ValueError as error:
            missing.append(f"{here}.user: {error}.")
            continue
        if ids and os.geteuid() != 0:
            missing.append(f"{here}.user: only root can start a program as another user; run as root.")
    if missing:
        raise UsageError("\n  ".join(missing))


def _prometheus(system: System, path: str) -> str | None:
    if all(service.metrics_port is None for service in system.services):
        return None
    return _find_tool("prometheus", path)


def _publish(spec: LabSpec) -> list[tuple[PublishedPort, socket.socket]]:
    """One listening socket on the host's loopback per published port; the kernel chooses its number."""
    wanted = [
        (plan.service.name if number == 0 else f"{plan.service.name}.{port_name}", plan.address, port)
        for plan in spec.services
        for number, (port_name, port) in enumerate(plan.service.ports.items())
    ]
    if spec.prometheus:
        wanted.append(("prometheus", spec.gateway, PROMETHEUS_PORT))
    listeners = []
    for name, address, port in wanted:
        listener = socket.create_server(("127.0.0.1", 0))
        host_port = listener.getsockname()[1]
        listeners.append((PublishedPort(name, host_port, listener.fileno(), address, port), listener))
    return listeners


def _start_supervisor(spec: LabSpec, listeners: list[socket.socket], *, detached: bool) -> None:
    """Start pid 1 of the lab, and return once it listens for questions."""
    control = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        control.bind(socket_name(spec.name))
    except OSError as error:
        control.close()
        raise UsageError(
            f"A lab named {spec.name} is up already; choose another name or take it down."
        ) from error
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
                [
                    # Set before unshare, this survives into it: the lab ends with the thread that started it.
                    *([] if detached else ["setpriv", "--pdeathsig", "KILL"]),
                    *enter_command(spec.path),
                    *[sys.executable, "-m", "chaosproof.targets.local.inside.supervisor"],
                    *[str(spec_file.fileno()), str(control.fileno()), str(ready_write)],
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                cwd="/",
                env={**os.environ, "PATH": spec.path},
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


def _longest_start_s(system: System) -> float:
    checks = [service.healthcheck.timeout_s for service in system.services if service.healthcheck]
    one_shots = [ONE_SHOT_LIMIT_S for service in system.services if service.one_shot]
    return sum(checks) + sum(one_shots) + 30.0
