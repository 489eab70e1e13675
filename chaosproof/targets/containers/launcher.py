"""A project of containers for one run: brought up by the Compose CLI, or found where it runs already.

What a run puts into an engine: the project, under a name that begins with `chaosproof-`, and one helper container. The
helper ends with the run, however that ends. A project that a killed run left is found by its name, and the next run
takes it away. What somebody else brought up is never touched.
"""

import json
import os
import re
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from chaosproof.errors import ChaosproofError, TargetError, UsageError
from chaosproof.targets.base import Running
from chaosproof.targets.containers.compose.choose_cli import find_compose
from chaosproof.targets.containers.compose.cli import ComposeCli, down, read_config, up
from chaosproof.targets.containers.compose.overlay import overlay_of
from chaosproof.targets.containers.container_settings import ContainerSettings, container_settings
from chaosproof.targets.containers.engine.client import EngineClient
from chaosproof.targets.containers.engine.find import find_engine
from chaosproof.targets.containers.engine.processes import situation_of
from chaosproof.targets.containers.engine.records import Container
from chaosproof.targets.containers.engine.refusals import why_not
from chaosproof.targets.containers.helper_container import start_helper
from chaosproof.targets.containers.spec import ProjectSpec, plan_project
from chaosproof.targets.containers.target import ContainersTarget
from chaosproof.targets.host_command import command_path, run_to_end
from chaosproof.targets.local.control_client import ask, bound_labs, find_labs, take_down
from chaosproof.targets.local.listed_labs import checkout_of
from chaosproof.targets.local.spec import ONE_SHOT_LIMIT_S, PROMETHEUS_PORT
from chaosproof.targets.local.supervisor_process import (
    bind_control,
    find_prometheus,
    find_tool,
    inherited,
    owner_of,
    published_port,
    start_supervisor,
)
from chaosproof.targets.system.definition import System

__all__ = ["OVERLAY", "launch_project"]

OVERLAY = "compose.overlay.json"
"""The file of the run folder with the settings of the run's mode, as Compose was given it."""
_TOOLS = ("unshare", "nsenter", "setpriv", "mount", "ip", "nft")
_OURS = "chaosproof-"
_RUN = "chaosproof.run"
_HELPER_GONE_S = 5.0


def launch_project(system: System, variables: Mapping[str, Any], *, run: str, events_file: Path) -> Running:
    """Bring the project up (or find it, where it is deployed), and return when all its instances are ready.

    `run` names it. Taking it down ends it, unless it was there before or is to be kept. Raises `UsageError` or
    `TargetError`; then nothing is left that was not there before.
    """
    begun = time.monotonic()
    path = command_path()
    for tool in _TOOLS:
        find_tool(tool, path)
    settings = container_settings(variables)
    if not settings.deployed and not system.compose:
        raise UsageError(
            f"{system.file or system.name} names no Compose file (compose:), so it cannot be brought up; a project "
            "that runs already is used with --var deployed=true."
        )
    prometheus = find_prometheus(system, path)
    client = find_engine(settings.engine, os.environ)
    with ExitStack() as undo:
        undo.callback(client.close)
        control = bind_control(run)
        undo.callback(control.close)
        if settings.deployed:
            project = settings.project or _only_project(client, system)
        else:
            project = _project_name(run)
            undo.callback(_bring_up(client, system, settings, project, events_file.parent))
        started_s = time.monotonic() - begun
        containers = [
            each for each in client.containers(project) if each.service in {s.name for s in system.services}
        ]
        _refuse(client, containers)
        services, ids = plan_project(system, containers)
        helper = start_helper(
            client,
            containers[0].image,
            sorted({name for each in containers for name in each.networks}),
            {_RUN: run},
            name=f"{_OURS}{run}"[:63],
        )
        undo.callback(_quietly, lambda: _remove_helper(client, helper))
        listeners = [published_port("prometheus", "127.0.0.1", PROMETHEUS_PORT)] if prometheus else []
        for _, listener in listeners:
            undo.callback(listener.close)
        spec = ProjectSpec(
            name=run,
            project=project,
            engine_kind=client.kind,
            engine_socket=str(client.socket),
            helper_pid=helper.pid,
            services=services,
            containers=ids,
            scrape_interval_s=system.scrape_interval_s,
            prometheus=prometheus,
            events_file=str(events_file.resolve()),
            path=path,
            published=tuple(port for port, _ in listeners),
            environment=inherited(os.environ),
            folder=checkout_of(Path.cwd()),
        )
        spec = replace(spec, **owner_of(events_file))
        argv = [
            *_enter_network(helper.pid),
            # behind nsenter: what gains rights by it would forget whom to end with
            *["setpriv", "--pdeathsig", "KILL", "--", "unshare", "--mount", "--"],
            *[sys.executable, "-m", "chaosproof.targets.containers.inside.project_supervisor"],
        ]
        start_supervisor(argv, spec, control, [listener for _, listener in listeners], path=path)
        undo.callback(take_down, run)
        timings = ask(run, "wait_ready", patience_s=_longest_start_s(system))
        facts = {
            "kind": client.kind,
            "version": client.version,
            "rootless": client.rootless,
            "project": project,
            "deployed": settings.deployed,
        }
        offset_s = time.monotonic() - begun - timings["ready_s"]
        rest = undo.pop_all()
    return Running(
        ContainersTarget(run),
        run,
        endpoints=spec.endpoints,
        timings={
            "started_s": round(started_s, 3),
            **{stage: round(value + offset_s, 3) for stage, value in timings.items()},
        },
        take_down=rest.close,
        facts={"engine": facts},
        is_up=lambda: run in find_labs(),
    )


def _bring_up(
    client: EngineClient, system: System, settings: ContainerSettings, project: str, folder: Path
) -> Callable[[], None]:
    """The project is up; what takes it away again is returned."""
    cli = find_compose(client, lambda argv: run_to_end(argv, timeout_s=60.0))
    files = [*system.compose, *_overlay(cli, system, folder)]
    _take_away_left_over(client, cli, files)
    take_away = (lambda: None) if settings.keep else (lambda: _quietly(lambda: down(cli, files, project)))
    _report_progress(f"{cli.name} brings up {project}")
    try:
        up(cli, files, project, _report_progress)
    except BaseException:
        with suppress(ChaosproofError):
            down(cli, files, project)
        raise
    return take_away


def _overlay(cli: ComposeCli, system: System, folder: Path) -> list[str]:
    """The file with the settings of the mode, where there are any."""
    overlay = overlay_of(system, read_config(cli, system.compose))
    if not overlay.get("services"):
        return []
    file = folder / OVERLAY
    file.write_text(json.dumps(overlay, indent=2) + "\n", encoding="utf-8")
    return [str(file)]


def _take_away_left_over(client: EngineClient, cli: ComposeCli, files: Sequence[str]) -> None:
    """Projects of runs that were killed: nobody holds the name of their lab any more."""
    alive = {_project_name(lab) for lab in bound_labs()}
    left = {each.project for each in client.containers() if each.project.startswith(_OURS)} - alive
    for project in sorted(left):
        _report_progress(f"taking away what a run that was killed has left: {project}")
        down(cli, files, project)


def _only_project(client: EngineClient, system: System) -> str:
    """The one project that has all services; `UsageError` where there is none, or more than one."""
    wanted = {service.name for service in system.services}
    services: dict[str, set[str]] = {}
    for container in client.containers():
        if container.project and not container.project.startswith(_OURS):
            services.setdefault(container.project, set()).add(container.service)
    fitting = sorted(project for project, there in services.items() if wanted <= there)
    if len(fitting) == 1:
        return fitting[0]
    listed = ", ".join(fitting or sorted(services)) or "none"
    why = "more than one project has" if fitting else "no project has"
    raise UsageError(
        f"On {client} {why} the services {', '.join(sorted(wanted))} (projects: {listed}); "
        "name it with --var project=NAME."
    )


def _remove_helper(client: EngineClient, helper: Container) -> None:
    """It ends and goes by itself as well, and an engine that is busy with that refuses to do it."""
    given_up_at = time.monotonic() + _HELPER_GONE_S
    while True:
        try:
            client.remove(helper.id)
        except TargetError:
            if time.monotonic() > given_up_at:
                raise
            time.sleep(0.1)
        else:
            return


def _refuse(client: EngineClient, containers: Sequence[Container]) -> None:
    """All reasons at once why no fault could act on one of these; those who share a network are all meant."""
    everyone, meant = client.containers(), {each.name for each in containers}
    running = [each for each in containers if each.running]
    reasons = (why_not(each, situation_of(each, everyone, meant)) for each in running)
    if mistakes := [reason for reason in reasons if reason]:
        raise UsageError("\n  ".join(mistakes))


def _enter_network(pid: int) -> list[str]:
    """The words before a command that runs it in the helper's network; an ordinary user is root there."""
    prefix = ["nsenter", f"--net=/proc/{pid}/ns/net"]
    if os.geteuid() != 0:
        prefix += [f"--user=/proc/{pid}/ns/user", "--preserve-credentials"]
    return [*prefix, "--"]


def _project_name(run: str) -> str:
    return _OURS + re.sub(r"[^a-z0-9_-]", "-", run.lower())


def _longest_start_s(system: System) -> float:
    checks = [service.healthcheck.timeout_s for service in system.services if service.healthcheck]
    one_shots = [ONE_SHOT_LIMIT_S for service in system.services if service.one_shot]
    return sum(checks) + sum(one_shots) + 60.0


def _quietly(take_away: Callable[[], None]) -> None:
    """Whatever stays is taken away by the next run, and the rest of the taking down goes on."""
    try:
        take_away()
    except TargetError as error:
        _report_progress(str(error))


def _report_progress(sentence: str) -> None:
    print(f"containers: {sentence}", file=sys.stderr, flush=True)
