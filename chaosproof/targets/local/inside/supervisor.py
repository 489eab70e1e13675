"""Pid 1 of a lab: makes its network, starts its instances, and does what it is asked over the lab's socket.

When this process dies, by whatever signal, the kernel ends every process, link, rule and mount of the lab.
Started by `launch.py` inside fresh user, pid, mount and network namespaces, never by hand:
`chaosproof lab up` shows it at work.
"""

import asyncio
import os
import pickle
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from chaosproof.errors import ChaosproofError, TargetError
from chaosproof.targets.base import Address, InstanceState
from chaosproof.targets.instance_events import DOWN, LAB, append_events
from chaosproof.targets.local.inside import network
from chaosproof.targets.local.inside.commands import InstanceCommands
from chaosproof.targets.local.inside.control_server import ControlServer
from chaosproof.targets.local.inside.instances import InstanceRunner
from chaosproof.targets.local.inside.jobs import Jobs
from chaosproof.targets.local.inside.private_files import (
    LAB_DIR,
    make_private_run,
    replace_file,
    run_command,
)
from chaosproof.targets.local.inside.process_manager import NAMESPACES, ProcessManager
from chaosproof.targets.local.inside.publish import serve_published_ports
from chaosproof.targets.local.inside.resolver import (
    RESOLVER_ADDRESS,
    names_of,
    resolver_sockets,
    serve_names,
)
from chaosproof.targets.local.inside.scraper import Prometheus
from chaosproof.targets.local.spec import LabSpec, ServicePlan

__all__ = ["main"]

_REAP_INTERVAL_S = 0.5


class Supervisor:
    """The lab's state, all of it owned by one event loop."""

    def __init__(self, spec: LabSpec, started_at: float) -> None:
        self._spec = spec
        environment = {**spec.environment, "PATH": spec.path, "CHAOSPROOF_LAB": spec.name}
        processes = self._processes = ProcessManager(environment)
        self._started_at = started_at
        self._timings: dict[str, float] = {}
        self._events_file = Path(spec.events_file) if spec.events_file else None
        self._rules_lock = asyncio.Lock()
        self._stopping = asyncio.Event()
        self._down = False
        self._ended_by = ""
        self._failure: str | None = None
        self._all_started = asyncio.Event()
        self._starts: dict[str, asyncio.Task[None]] = {}
        self._runners = {
            instance.name: InstanceRunner(
                instance=instance,
                service=plan.service,
                processes=processes,
                environment=plan.service.environment,
                log=LAB_DIR / "logs" / f"{instance.name}.log",
                on_event=self._on_event,
            )
            for plan in spec.services
            for instance in plan.instances
        }
        jobs = Jobs(processes, LAB_DIR / "jobs")
        self._commands = commands = InstanceCommands(processes)
        self._operations: dict[str, Callable[..., Awaitable[Any]]] = {
            "info": self._info,
            "wait_ready": self._wait_ready,
            "states": self._states,
            "run": commands.run,
            "begin": commands.begin,
            "go": commands.go,
            "start_job": jobs.start,
            "job": jobs.state,
            "stop_job": jobs.stop,
            "metrics": self._of_instance(InstanceRunner.metrics),
            "logs": self._of_instance(InstanceRunner.read_log),
            "signal": self._of_instance(InstanceRunner.signal),
            "pause": self._of_instance(InstanceRunner.pause),
            "restart": self._of_instance(InstanceRunner.restart),
            "down": self._end,
        }

    # --- the lab's life ---------------------------------------------------------------------------------

    async def live(self, control: socket.socket, ready_fd: int) -> None:
        """From nothing to the last process: returns when the lab was asked to go down."""
        loop = asyncio.get_running_loop()
        for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(signum, self._stopping.set)
        make_private_run(["/run/utsns"])
        make_network(self._spec)
        self._mark("network_s")
        answering = ControlServer(
            self._spec.name,
            self._operations,
            self._runners,
            give_up=self._commands.give_up,
            stopping=self._stopping,
        )
        server = await answering.listen(control)
        os.write(ready_fd, b"listening\n")
        os.close(ready_fd)
        async with server:
            background = [
                asyncio.create_task(self._reap_forever()),
                asyncio.create_task(self._start_everything()),
                asyncio.create_task(self._serve_beside()),
            ]
            await self._stopping.wait()
            for task in background:
                task.cancel()
            await self._stop_everything()

    async def _reap_forever(self) -> None:
        while True:
            await asyncio.sleep(_REAP_INTERVAL_S)
            self._processes.reap_orphans()

    async def _serve_beside(self) -> None:
        sockets = resolver_sockets([NAMESPACES / instance.name for instance in self._spec.instances])
        # A process of its own, so that forwarding bytes never delays a fault or a health check.
        if os.fork() == 0:
            asyncio.set_event_loop(None)
            for signum in (signal.SIGINT, signal.SIGHUP):
                signal.signal(signum, signal.SIG_DFL)
            asyncio.run(serve_beside(self._spec, sockets))
            os._exit(0)
        for each in sockets:
            each.close()

    async def _start_everything(self) -> None:
        prometheus = asyncio.create_task(self._start_prometheus())
        for plan in self._spec.services:
            self._starts[plan.service.name] = asyncio.create_task(self._start_service(plan))
        results = await asyncio.gather(prometheus, *self._starts.values(), return_exceptions=True)
        for result in results:
            if isinstance(result, ChaosproofError):
                self._failure = self._failure or str(result)
            elif isinstance(result, BaseException):
                self._failure = self._failure or f"The lab failed to start: {result!r}."
        self._mark("ready_s")
        self._all_started.set()

    async def _start_service(self, plan: ServicePlan) -> None:
        # The whole starts of the services it needs: the time that one may take counts from its own beginning.
        for name in plan.service.depends_on:
            await self._starts[name]
        runners = [self._runners[instance.name] for instance in plan.instances]
        for runner in runners:
            await runner.start()
        await asyncio.gather(*(runner.wait_ready() for runner in runners))
        self._mark(f"{plan.service.name}_s")

    async def _start_prometheus(self) -> None:
        if self._spec.prometheus is None:
            return
        prometheus = Prometheus(
            self._processes,
            self._spec.prometheus,
            address=self._spec.gateway,
            folder=LAB_DIR / "prometheus",
            log=LAB_DIR / "logs" / "prometheus.log",
            scrape_interval_s=self._spec.scrape_interval_s,
        )
        await prometheus.start(self._spec.services, lambda: self._mark("prometheus_s"))

    async def _stop_everything(self) -> None:
        self._down = True
        await asyncio.gather(*(runner.stop() for runner in self._runners.values()))
        append_events(self._events_file, [(LAB, DOWN, self._ended_by)])

    def _mark(self, name: str) -> None:
        self._timings[name] = round(time.monotonic() - self._started_at, 3)

    # --- events and virtual addresses -------------------------------------------------------------------

    def _on_event(self, instance: str, event: str, detail: str) -> None:
        append_events(self._events_file, [(instance, event, detail)])
        if event in ("ready", "not_ready") and not self._down:
            service = self._runners[instance].service.name
            self._processes.in_background(self._update_service(service))

    async def _update_service(self, service: str) -> None:
        async with self._rules_lock:
            ready = [
                runner.instance.address
                for runner in self._runners.values()
                if runner.ready and runner.service.name == service
            ]
            done = await self._processes.run_to_end(
                ["nft", "-f", "-"],
                instance=None,
                stdin=network.service_rule(service, ready),
            )
        if done.exit_code != 0:
            raise TargetError(f"nft refused the address of {service}: {done.stderr.strip()}")

    # --- what can be asked ----------------------------------------------------------------------------------

    def _of_instance(self, operation: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        return lambda instance, **arguments: operation(self._runners[instance], **arguments)

    async def _info(self) -> dict[str, Any]:
        return {
            "instances": sorted(self._spec.instances, key=lambda instance: instance.name),
            "addresses": {
                plan.service.name: Address(plan.service.name, plan.address, plan.service.ports)
                for plan in self._spec.services
            },
            "endpoints": self._spec.endpoints,
            "folder": self._spec.folder,
            "owner": self._spec.owner,
            "owner_pid": self._spec.owner_pid,
        }

    async def _wait_ready(self) -> dict[str, float]:
        await self._all_started.wait()
        if self._failure:
            raise TargetError(self._failure)
        # The last change of readiness must have reached the rules before anyone sends.
        async with self._rules_lock:
            pass
        return self._timings

    async def _states(self) -> dict[str, InstanceState]:
        return {name: runner.state() for name, runner in self._runners.items()}

    async def _end(self, by: str = "") -> None:
        self._ended_by = by
        # The answer must leave before the lab does.
        asyncio.get_running_loop().call_later(0.01, self._stopping.set)


async def serve_beside(spec: LabSpec, resolver: Sequence[socket.socket]) -> None:
    """The lab's names and its published ports, until SIGTERM."""
    serve_names(resolver, names_of(spec))
    await serve_published_ports(spec.published)


def make_network(spec: LabSpec) -> None:
    """All links, addresses, names and service rules of the lab."""
    for setting, value in (
        ("net/ipv4/ip_forward", "1"),
        ("net/ipv4/conf/all/send_redirects", "0"),
        ("net/ipv4/conf/default/send_redirects", "0"),
        ("net/ipv6/conf/all/forwarding", "1"),
    ):
        path = Path("/proc/sys") / setting
        if path.exists():
            path.write_text(value, encoding="ascii")
    run_command(["ip", "-batch", "-"], network.root_links(spec))
    for instance in spec.instances:
        run_command(["ip", "-n", instance.name, "-batch", "-"], network.instance_links(spec, instance))
        make_host_name(instance.name)
    replace_file("/etc/hosts", network.hosts_file(spec))
    replace_file("/etc/resolv.conf", f"nameserver {RESOLVER_ADDRESS}\noptions ndots:0 timeout:1 attempts:1\n")
    run_command(["nft", "-f", "-"], network.service_table(spec.services))


def make_host_name(instance: str) -> None:
    """A namespace in which the host is called as the instance is; /etc/hosts has the name, so it resolves."""
    held = Path("/run/utsns") / instance
    held.touch()
    # by the system call: /proc/sys/kernel/hostname belongs to the machine's root, whom an ordinary user's lab has not
    naming = "import socket, sys; socket.sethostname(sys.argv[1])"
    run_command(["unshare", f"--uts={held}", sys.executable, "-ISc", naming, instance])


def main() -> int:
    """Read the spec, live, and end with 0; an error is one line on stderr.

    The arguments are three descriptors: of the spec's file, the control socket, and the pipe for the word `listening`.
    """
    spec_fd, control_fd, ready_fd = map(int, sys.argv[1:])
    started_at = time.monotonic()
    with os.fdopen(spec_fd, "rb") as file:
        spec: LabSpec = pickle.load(file)
    control = socket.socket(fileno=control_fd)

    async def live() -> None:
        await Supervisor(spec, started_at).live(control, ready_fd)

    try:
        asyncio.run(live())
    except ChaosproofError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
