"""Beside a project of containers: keeps its virtual addresses, asks what is ready, and does what it is asked.

It runs in the network of the helper container, in a mount namespace of its own, and ends with whoever started it; what
it started ends with it. The helper container ends when it does, since it holds a connection to it. What others run, the
project's containers, goes on. Started by `launcher.py`, never by hand.
"""

import asyncio
import contextlib
import os
import pickle
import signal
import socket
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from chaosproof.errors import ChaosproofError, TargetError
from chaosproof.targets.base import Address, CommandResult, Instance, InstanceState
from chaosproof.targets.containers.engine.client import EngineClient, connect
from chaosproof.targets.containers.helper_program import SOCKET_NAME
from chaosproof.targets.containers.inside.container_instance import ContainerInstance
from chaosproof.targets.containers.inside.own_network import (
    HeldNetworks,
    file_texts,
    hosts_file,
    make_service_addresses,
    own_address,
)
from chaosproof.targets.containers.spec import ProjectSpec
from chaosproof.targets.instance_events import DOWN, LAB, append_events
from chaosproof.targets.local.inside.commands import InstanceCommands
from chaosproof.targets.local.inside.control_server import ControlServer, Operation
from chaosproof.targets.local.inside.jobs import Jobs
from chaosproof.targets.local.inside.network import service_rule
from chaosproof.targets.local.inside.private_files import (
    LAB_DIR,
    make_private_run,
    replace_file,
    run_command,
)
from chaosproof.targets.local.inside.process_manager import ProcessManager
from chaosproof.targets.local.inside.publish import serve_published_ports
from chaosproof.targets.local.inside.scraper import Prometheus
from chaosproof.targets.local.spec import ServicePlan

__all__ = ["main"]

_LOOPBACK = "127.0.0.1"
_LOOK_INTERVAL_S = 1.0
_HELPER_WITHIN_S = 10.0
_ENDS_WITH_US = ("setpriv", "--pdeathsig", "KILL", "--")
# a job's own processes end with it, whatever it has started
_JOB = (*_ENDS_WITH_US, "unshare", "--pid", "--fork", "--kill-child", "--")


class ProjectSupervisor:
    """The project's state, all of it owned by one event loop."""

    def __init__(self, spec: ProjectSpec, client: EngineClient, helper: socket.socket) -> None:
        self._spec = spec
        self._client = client
        self._helper = helper
        self._started_at = time.monotonic()
        self._timings: dict[str, float] = {}
        self._events_file = Path(spec.events_file) if spec.events_file else None
        self._rules_lock = asyncio.Lock()
        self._stopping = asyncio.Event()
        self._down = False
        self._ended_by = ""
        self._failure: str | None = None
        self._all_ready = asyncio.Event()
        self._prometheus: Prometheus | None = None
        environment = {**spec.environment, "PATH": spec.path, "CHAOSPROOF_LAB": spec.name}
        processes = self._processes = ProcessManager(
            environment, command_prefix=_ENDS_WITH_US, job_prefix=_JOB
        )
        networks = HeldNetworks()
        self._instances = {
            instance.name: ContainerInstance(
                instance=instance,
                service=plan.service,
                container=client.container(spec.containers[instance.name]),
                client=client,
                processes=processes,
                networks=networks,
                on_event=self._on_event,
                on_address=self._on_address,
            )
            for plan in spec.services
            for instance in plan.instances
        }
        self._by_container = {each.container_id: each for each in self._instances.values()}
        jobs = self._jobs = Jobs(processes, LAB_DIR / "jobs")
        self._commands = commands = InstanceCommands(processes)
        self._operations: dict[str, Operation] = {
            "info": self._info,
            "wait_ready": self._wait_ready,
            "states": self._states,
            "run": commands.run,
            "run_program": self._run_program,
            "begin": commands.begin,
            "go": commands.go,
            "start_job": self._start_job,
            "job": jobs.state,
            "stop_job": jobs.stop,
            "metrics": self._of_instance(ContainerInstance.metrics),
            "logs": self._of_instance(ContainerInstance.read_log),
            "signal": self._of_instance(ContainerInstance.signal),
            "pause": self._of_instance(ContainerInstance.pause),
            "restart": self._of_instance(ContainerInstance.restart),
            "down": self._end,
        }

    async def live(self, control: socket.socket, ready_fd: int) -> None:
        """From the helper's bare network on: returns when it was asked to end, or the helper container is gone."""
        loop = asyncio.get_running_loop()
        for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(signum, self._stopping.set)
        loop.add_reader(self._helper, self._helper_ended)
        device, _ = own_address()
        make_service_addresses(device, self._spec.services)
        for path, text in file_texts(self._spec.helper_pid, self._hosts()).items():
            replace_file(path, text)
        answering = ControlServer(
            self._spec.name,
            self._operations,
            self._instances,
            give_up=self._commands.give_up,
            stopping=self._stopping,
        )
        server = await answering.listen(control)
        os.write(ready_fd, b"listening\n")
        os.close(ready_fd)
        async with server:
            # before any thread: a process that is forked has but the one that forks
            self._publish()
            self._follow_engine(loop)
            background = [
                asyncio.create_task(self._start_everything()),
                asyncio.create_task(self._look_now_and_then()),
            ]
            await self._stopping.wait()
            for task in background:
                task.cancel()
            self._down = True
            for instance in self._instances.values():
                instance.close()
            append_events(self._events_file, [(LAB, DOWN, self._ended_by)])

    def _helper_ended(self) -> None:
        """Nothing of ours is in the project any more: nothing can be measured from now on."""
        asyncio.get_running_loop().remove_reader(self._helper)
        if not self._stopping.is_set():
            self._ended_by = "the end of the helper container"
            self._stopping.set()

    def _publish(self) -> None:
        # A process of its own, so that forwarding bytes never delays a fault or a health check.
        if self._spec.published and os.fork() == 0:
            asyncio.set_event_loop(None)
            for signum in (signal.SIGINT, signal.SIGHUP):
                signal.signal(signum, signal.SIG_DFL)
            end_with_parent()
            self._helper.close()
            asyncio.run(serve_published_ports(self._spec.published))
            os._exit(0)

    # --- the engine ---------------------------------------------------------------------------------------

    def _follow_engine(self, loop: asyncio.AbstractEventLoop) -> None:
        def follow() -> None:
            while not self._stopping.is_set():
                with contextlib.suppress(ChaosproofError, OSError):
                    for event in self._client.events(self._spec.project):
                        loop.call_soon_threadsafe(
                            self._engine_says, event.container, event.action, event.exit_code
                        )
                time.sleep(_LOOK_INTERVAL_S)  # the engine may be down, and come back

        threading.Thread(target=follow, daemon=True, name="engine events").start()

    def _engine_says(self, container: str, action: str, exit_code: int | None) -> None:
        instance = self._by_container.get(container)
        if instance is None:
            return
        if action == "die":
            instance.died(exit_code)
        elif action == "start":
            self._processes.in_background(instance.look())

    async def _look_now_and_then(self) -> None:
        """For what an engine that was restarted has not said."""
        while True:
            await asyncio.sleep(_LOOK_INTERVAL_S)
            for instance in self._instances.values():
                if not instance.alive:
                    await instance.look()

    # --- readiness and virtual addresses --------------------------------------------------------------------

    async def _start_everything(self) -> None:
        self._mark("network_s")
        for instance in self._instances.values():
            instance.begin()
        results = await asyncio.gather(
            self._start_prometheus(),
            *(instance.wait_ready() for instance in self._instances.values()),
            return_exceptions=True,
        )
        for result in results:
            if isinstance(result, ChaosproofError):
                self._failure = self._failure or str(result)
            elif isinstance(result, BaseException):
                self._failure = self._failure or f"The project could not be followed: {result!r}."
        self._mark("ready_s")
        self._all_ready.set()

    async def _start_prometheus(self) -> None:
        if self._spec.prometheus is None:
            return
        self._prometheus = Prometheus(
            self._processes,
            self._spec.prometheus,
            address=_LOOPBACK,
            folder=LAB_DIR / "prometheus",
            log=LAB_DIR / "logs" / "prometheus.log",
            scrape_interval_s=self._spec.scrape_interval_s,
            addresses_change=True,
        )
        await self._prometheus.start(self._services(), lambda: self._mark("prometheus_s"))

    def _mark(self, name: str) -> None:
        self._timings[name] = round(time.monotonic() - self._started_at, 3)

    def _on_event(self, instance: str, event: str, detail: str, at: float | None) -> None:
        append_events(self._events_file, [(instance, event, detail)], at)
        if event in ("ready", "not_ready") and not self._down:
            self._processes.in_background(self._update_service(self._instances[instance].service.name))

    def _on_address(self) -> None:
        """Names and scraping follow the addresses that containers have now."""
        (LAB_DIR / "hosts").write_text(self._hosts(), encoding="utf-8")
        if self._prometheus is not None:
            self._prometheus.follow(self._services())

    async def _update_service(self, service: str) -> None:
        async with self._rules_lock:
            ready = [
                each.instance.address
                for each in self._instances.values()
                if each.ready and each.service.name == service and each.instance.address
            ]
            done = await self._processes.run_to_end(
                ["nft", "-f", "-"], instance=None, stdin=service_rule(service, ready)
            )
        if done.exit_code != 0:
            raise TargetError(f"nft refused the address of {service}: {done.stderr.strip()}")

    def _services(self) -> tuple[ServicePlan, ...]:
        """The services with their instances as they are now."""
        now = {name: each.instance for name, each in self._instances.items()}
        return tuple(
            replace(plan, instances=tuple(now[instance.name] for instance in plan.instances))
            for plan in self._spec.services
        )

    def _hosts(self) -> str:
        return hosts_file(self._spec.services, self._now())

    def _now(self) -> list[Instance]:
        return [each.instance for each in self._instances.values()]

    # --- what can be asked ----------------------------------------------------------------------------------

    def _of_instance(self, operation: Callable[..., Awaitable[Any]]) -> Operation:
        return lambda instance, **arguments: operation(self._instances[instance], **arguments)

    async def _info(self) -> dict[str, Any]:
        spec = self._spec
        return {
            "instances": sorted(self._now(), key=lambda instance: instance.name),
            # The virtual addresses are for what runs beside the project: its own names lead to the instances.
            "addresses": {
                plan.service.name: Address(plan.service.name, "", plan.instances[0].ports)
                for plan in spec.services
            },
            "endpoints": spec.endpoints,
            "folder": spec.folder,
            "owner": spec.owner,
            "owner_pid": spec.owner_pid,
        }

    async def _wait_ready(self) -> Mapping[str, float]:
        await self._all_ready.wait()
        if self._failure:
            raise TargetError(self._failure)
        # The last change of readiness must have reached the rules before anyone sends.
        async with self._rules_lock:
            pass
        return self._timings

    async def _states(self) -> dict[str, InstanceState]:
        return {name: instance.state() for name, instance in self._instances.items()}

    async def _run_program(
        self, instance: str, argv: list[str], stdin: str, timeout_s: float
    ) -> CommandResult:
        return await self._instances[instance].run_program(argv, stdin, timeout_s)

    async def _start_job(
        self, name: str, argv: list[str], env: dict[str, str], cwd: str, beside: str | None = None
    ) -> None:
        if beside is not None:
            argv = self._instances[beside].beside(argv)
        await self._jobs.start(name, argv, env, cwd)

    async def _end(self, by: str = "") -> None:
        self._ended_by = by
        # The answer must leave before the project does.
        asyncio.get_running_loop().call_later(0.01, self._stopping.set)


def end_with_parent() -> None:
    """The kernel ends this process with the one that forked it (prctl(2), PR_SET_PDEATHSIG)."""
    import ctypes

    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def hold_helper() -> socket.socket:
    """A connection to the helper container's program, which lives as long as that."""
    given_up_at = time.monotonic() + _HELPER_WITHIN_S
    while True:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.connect(SOCKET_NAME)
        except ConnectionRefusedError as error:
            connection.close()
            if time.monotonic() > given_up_at:
                raise TargetError("The helper container's program does not answer.") from error
            time.sleep(0.01)  # its process is there, and has not come so far yet
        else:
            connection.setblocking(False)
            return connection


def reach_engine(path: str) -> Path:
    """Where the engine's socket is once /run is private: most of them are under it."""
    there = LAB_DIR / "engine.sock"
    held = os.open(path, os.O_PATH)
    make_private_run()
    there.touch()
    # by its descriptor: the path leads elsewhere now
    source = f"/proc/self/fd/{held}"
    run_command(["mount", "--no-canonicalize", "--bind", source, str(there)], pass_fds=(held,))
    os.close(held)
    return there


def main() -> int:
    """Read the spec, live, and end with 0; an error is one line on stderr.

    The arguments are three descriptors: of the spec's file, the control socket, and the pipe for the word `listening`.
    """
    spec_fd, control_fd, ready_fd = map(int, sys.argv[1:])
    with os.fdopen(spec_fd, "rb") as file:
        spec: ProjectSpec = pickle.load(file)
    control = socket.socket(fileno=control_fd)
    try:
        helper = hold_helper()
        client = connect(reach_engine(spec.engine_socket))

        async def live() -> None:
            await ProjectSupervisor(spec, client, helper).live(control, ready_fd)

        asyncio.run(live())
    except ChaosproofError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    # not sys.exit: a thread that waits for the engine's next event would be waited for
    sys.stdout.flush()
    code = main()
    sys.stderr.flush()
    os._exit(code)
