"""From the host: start a lab, and say clearly why when it cannot be started.

    chaosproof lab up system.yaml

The host's network namespace gets nothing but listening sockets on its loopback, held by the lab's processes.
"""

import os
import secrets
import shutil
import socket
import sys
import time
from dataclasses import replace
from pathlib import Path

from chaosproof.errors import TargetError, UsageError
from chaosproof.targets.base import Running
from chaosproof.targets.host_command import command_path
from chaosproof.targets.local.control_client import ask, find_labs, take_down
from chaosproof.targets.local.enter import enter_command
from chaosproof.targets.local.listed_labs import checkout_of
from chaosproof.targets.local.spec import ONE_SHOT_LIMIT_S, PROMETHEUS_PORT, LabSpec, PublishedPort, plan_lab
from chaosproof.targets.local.supervisor_process import (
    bind_control,
    find_prometheus,
    find_tool,
    inherited,
    owner_of,
    published_port,
    start_supervisor,
)
from chaosproof.targets.local.target import LocalTarget
from chaosproof.targets.local.users import user_ids
from chaosproof.targets.system.definition import System

__all__ = ["launch_lab"]

_TOOLS = ("unshare", "nsenter", "setpriv", "mount", "ip", "nft")


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
        find_tool(tool, path)
    _need_commands(system, path)
    lab = name or f"{system.name}-{secrets.token_hex(3)}"
    spec = plan_lab(
        system,
        name=lab,
        path=path,
        prometheus=find_prometheus(system, path),
        events_file=str(events_file.resolve()) if events_file else None,
        environment=inherited(os.environ),
    )
    spec = replace(spec, folder=checkout_of(Path.cwd()), **owner_of(events_file, detached=detached))
    listeners = _publish(spec)
    spec = replace(spec, published=tuple(port for port, _ in listeners))
    try:
        argv = [
            # Set before unshare, this survives into it: the lab ends with the thread that started it.
            *([] if detached else ["setpriv", "--pdeathsig", "KILL"]),
            *enter_command(path),
            *[sys.executable, "-m", "chaosproof.targets.local.inside.supervisor"],
        ]
        control = bind_control(lab)
        start_supervisor(argv, spec, control, [listener for _, listener in listeners], path=path)
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


def _publish(spec: LabSpec) -> list[tuple[PublishedPort, socket.socket]]:
    """One listening socket on the host's loopback per published port; the kernel chooses its number."""
    wanted = [
        (plan.service.name if number == 0 else f"{plan.service.name}.{port_name}", plan.address, port)
        for plan in spec.services
        for number, (port_name, port) in enumerate(plan.service.ports.items())
    ]
    if spec.prometheus:
        wanted.append(("prometheus", spec.gateway, PROMETHEUS_PORT))
    return [published_port(name, address, port) for name, address, port in wanted]


def _longest_start_s(system: System) -> float:
    checks = [service.healthcheck.timeout_s for service in system.services if service.healthcheck]
    one_shots = [ONE_SHOT_LIMIT_S for service in system.services if service.one_shot]
    return sum(checks) + sum(one_shots) + 30.0
