"""A made-up system: a target that the product's own session, actions, probes and rules run on, without a process.

Two `shop` take requests and call on two `stock`; `audit` is called by nobody. Everything that really happened to them
is kept in plain lists, which the oracle reads and the judge does not.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

from chaosproof.errors import TargetError
from chaosproof.runfolder.load import LoadPlan
from chaosproof.targets.base import CommandResult, Inside, Instance, InstanceState, JobState, Running
from chaosproof.targets.limited import LimitedTarget
from tests.random_experiments.clock import Clock
from tests.random_experiments.load import Load
from tests.random_experiments.traffic import (
    BACK_PORT,
    FRONT_PORT,
    Request,
    Stood,
    crosses,
    health_check,
    hops_of,
)

__all__ = ["FRAGILE", "SYSTEM", "Nature", "World"]

SYSTEM = f"""\
name: made-up
values: .
services:
  shop:
    command: [shop]
    replicas: 2
    ports: {{http: {FRONT_PORT}}}
  stock:
    command: [stock]
    replicas: 2
    ports: {{rpc: {BACK_PORT}}}
  audit:
    command: [audit]
    replicas: 2
    ports: {{http: {FRONT_PORT}}}
"""
FRAGILE = 0.9
_SERVICES = {"shop": "http", "stock": "rpc", "audit": "http"}
_CHECK_EVERY_S = 0.5


@dataclass(frozen=True)
class Nature:
    """How the world behaves: which share of the requests that meet a fault fails, which share of the load is sent, and
    what goes wrong with a fault (`short`: somebody flushes it; `long`: it outlives its deadline; `blind`: its rule
    matches nothing) or with an instance (`crash`, at so many seconds).
    """

    fragility: float = 0.0
    sends: float = 1.0
    mishap: str = ""
    crash_s: float | None = None
    lasting_harm: bool = False


class World(LimitedTarget):
    """The target, and the truth about it."""

    kind = "local"

    def __init__(self, clock: Clock, nature: Nature, random: Random) -> None:
        instances = [
            Instance(f"{service}-{n}", service, f"10.0.{place}.{n + 1}", ports={name: _port(service)})
            for place, (service, name) in enumerate(_SERVICES.items())
            for n in range(2)
        ]
        super().__init__(instances)
        self.clock, self.nature, self.random = clock, nature, random
        self.faults: list[Stood] = []
        self.loads: list[Load] = []
        self.crashed: list[str] = []
        self._states = {
            name: InstanceState(name, alive=True, ready=True, pid=100) for name in self._instances
        }
        self._resume_at: dict[str, float] = {}
        self._jobs_until: dict[str, float] = {}
        self._events_file = Path()
        self._began_at = self._checked_at = clock.now
        self._bound: dict[tuple[int, int], str] = {}
        self.watchers: list[Any] = []

    def launch(self, system: object, variables: object, *, name: str, events_file: Path) -> Running:
        """What a launcher does: the system is up a second later."""
        self._events_file = events_file
        self._began_at = self.clock.now
        for instance in self._instances:
            self._event(instance, "started")
        self.clock.advance_to(self.clock.now + 1)
        for instance in self._instances:
            self._event(instance, "ready")
        self.clock.on_tick = self._tick
        return Running(self, name)

    def requests(self) -> list[Request]:
        return [request for load in self.loads for request in load.requests]

    def measured(self) -> Load | None:
        return next((load for load in self.loads if load.measured), None)

    def spoke_with(self, instance: str) -> dict[str, float]:
        """With whom it has exchanged requests and answers, and when last."""
        spoke = {}
        for request in self.requests():
            pair = {request.front, request.back}
            if instance in pair and request.back:
                spoke[(pair - {instance}).pop()] = request.done_at
        return spoke

    # --- what the session, the actions and the probes ask for ---

    def states(self) -> Mapping[str, InstanceState]:
        return dict(self._states)

    def run(
        self,
        instance: str,
        argv: Sequence[str],
        *,
        stdin: str = "",
        timeout_s: float = 10.0,
        inside: Inside = "network",
    ) -> CommandResult:
        printed = "\n".join(self._sockets(instance)) if argv[0] == "ss" else ""
        return CommandResult(tuple(argv), 0, printed, "", 0.0)

    def _sockets(self, instance: str) -> Iterator[str]:
        """Each connection of a request between two instances, as `ss` lists it."""
        for request in self.requests():
            ends = (request.front, request.back)
            if request.back and instance in ends and request.done_at <= self.clock.now:
                peer = self.instance(ends[ends.index(instance) - 1]).address
                idle_ms = round((self.clock.now - request.done_at) * 1000)
                yield f"ESTAB 0 0 {self.instance(instance).address}:1 {peer}:2 lastsnd:{idle_ms}"

    def start_job(
        self,
        name: str,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        out_dir: Path,
        beside: str | None = None,
    ) -> None:
        if (out_dir / LoadPlan.FILE).exists():
            load = Load(out_dir, self.clock.now, self.nature.sends)
            self.instances(load.service)  # nobody to send to: as a generator that cannot resolve the name
            self.loads.append(load)
        else:
            self._jobs_until[name] = self.clock.now + float(argv[argv.index("--timeout") + 1].rstrip("s"))

    def job(self, name: str) -> JobState:
        if name in self._jobs_until:
            on = self.clock.now < self._jobs_until[name]
            return JobState(name, on, None if on else 0, "")
        load = self._load(name)
        return JobState(name, not load.over, 0 if load.over else None, "")

    def stop_job(self, name: str) -> None:
        self._load(name).end(self.clock.now, "SIGTERM")

    def metrics(self, instance: str) -> str:
        if not self._states[instance].alive:
            raise TargetError(f"{instance} does not answer.")
        return f'process_start_time_seconds{{instance="{instance}"}} {self._began_at:.3f}\n'

    def logs(self, instance: str) -> str:
        return json.dumps({"at": self._began_at, "event": "started", "instance": instance}) + "\n"

    def restart(self, instance: str) -> None:
        state = self._states[instance]
        if state.alive:
            self._stop(instance, "exited")
        self.clock.advance_to(self.clock.now + 0.3)
        self._change(instance, alive=True, restarts=state.restarts + 1)
        self._event(instance, "started")
        self.clock.advance_to(self.clock.now + 0.2)
        self._change(instance, ready=True)
        self._event(instance, "ready")

    def kill(self, instance: str) -> None:
        self._alive(instance)
        self._stop(instance, "killed")

    def terminate(self, instance: str) -> None:
        self._alive(instance)
        self._stop(instance, "exited")

    def pause(self, instance: str, *, duration_s: float | None = None) -> None:
        self._alive(instance)
        self._change(instance, paused=True)
        self._event(instance, "paused")
        lasts_s = (duration_s or 0.0) * (0.3 if self.nature.mishap == "short" else 1)
        self._resume_at[instance] = self.clock.now + lasts_s

    def resume(self, instance: str) -> None:
        self._change(instance, paused=False)
        self._event(instance, "resumed")
        self._resume_at.pop(instance, None)

    # --- what happens while time goes by ---

    def _tick(self) -> None:
        now = self.clock.now
        for instance in [name for name, at in self._resume_at.items() if at <= now]:
            self.resume(instance)
        for watcher in self.watchers:
            watcher(now)
        self._crash(now)
        if now - self._checked_at >= _CHECK_EVERY_S:
            self._checked_at = now
            for fault in self.faults:
                if fault.is_on(now) and crosses(fault, [health_check(fault.instance)]):
                    fault.checks += 1
        for load in self.loads:
            if not load.over:
                for seq, due_at in load.due_until(now):
                    sent = self.random.random() < load.sends
                    load.record(seq, self._answer(load, seq, due_at, sent=sent), sent=sent)
                load.tick(now)

    def _answer(self, load: Load, seq: int, at: float, *, sent: bool) -> Request:
        if not sent:
            return Request(at, at, 0, "NOT_SENT", "", "", load.measured)
        front = self._front(load, seq)
        if not front:
            return Request(at, at + 0.001, 0, "CONNECT_REFUSED", "", "", load.measured)
        back = f"stock-{(seq // 3) % 2}" if load.service == "shop" else ""
        if back and not self._states[back].alive:
            back = next((name for name in ("stock-0", "stock-1") if self._states[name].alive), "")
        hops = list(hops_of(front, back))
        on = [fault for fault in self.faults if fault.is_on(at) and crosses(fault, hops)]
        for fault in on:
            fault.met += 1
        harmed = self.nature.lasting_harm and any(fault.met for fault in self.faults)
        latency_s = 0.005 + (seq % 7) / 1000 + (0.08 if on else 0.0)
        if (on or harmed) and self.random.random() < self.nature.fragility:
            return Request(at, at + latency_s, 503, "UNAVAILABLE", front, back, load.measured)
        return Request(at, at + latency_s, 200, "SUCCESS", front, back, load.measured)

    def _front(self, load: Load, seq: int) -> str:
        """A kept connection stays with its instance; one whose instance is gone is opened anew, to another."""
        connection = (self.loads.index(load), seq % load.plan["connections"])
        bound = self._bound.get(connection)
        if bound is None or not self._states[bound].alive:
            names = [i.name for i in self.instances(load.service) if self._states[i.name].alive]
            if not names:
                return ""
            # the first ones go round, as in a balancer; nobody is left out where there are enough of them
            bound = self._bound[connection] = names[connection[1] % len(names)]
        return bound

    def _crash(self, now: float) -> None:
        load = self.measured()
        if self.nature.crash_s is None or load is None or self.crashed:
            return
        if now >= load.began_at + self.nature.crash_s and self._states["shop-1"].alive:
            self.crashed.append("shop-1")
            state = self._states["shop-1"]
            self._change("shop-1", alive=False, ready=False, deaths=state.deaths + 1)
            self._event("shop-1", "exited", "exit code 3")

    def _stop(self, instance: str, event: str) -> None:
        self._change(instance, alive=False, ready=False, stops=self._states[instance].stops + 1)
        self._event(instance, event)

    def _alive(self, instance: str) -> None:
        if not self._states[self.instance(instance).name].alive:
            raise TargetError(f"{instance} is not alive.")

    def _change(self, instance: str, **changes: Any) -> None:
        self._states[instance] = replace(self._states[instance], **changes)

    def _event(self, instance: str, event: str, detail: str = "") -> None:
        row = {"at": self.clock.now, "instance": instance, "event": event, "detail": detail}
        with self._events_file.open("a") as file:
            file.write(json.dumps(row) + "\n")

    def _load(self, name: str) -> Load:
        for load in self.loads:
            if f"load-{load.folder.name.lower()}" == name:
                return load
        raise TargetError(f"There is no job {name!r}.")


def _port(service: str) -> int:
    return BACK_PORT if service == "stock" else FRONT_PORT
