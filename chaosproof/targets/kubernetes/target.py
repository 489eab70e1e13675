"""The `Target` in a cluster: one namespace of it, some Services, and the pods behind them.

    target = KubernetesTarget(connect("shop"), find_services(cluster, ["checkout", "cart"]))

Whatever it does it does through the API server, with the rights of whoever runs it, in this one namespace.
"""

import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from chaosproof.errors import TargetError
from chaosproof.targets.base import Address, CommandResult, Inside, Instance, InstanceState, JobState, Target
from chaosproof.targets.kubernetes.client.api import Cluster, NotFound
from chaosproof.targets.kubernetes.client.execute import execute
from chaosproof.targets.kubernetes.jobs.cluster_jobs import Jobs
from chaosproof.targets.kubernetes.neighbours import neighbours_among
from chaosproof.targets.kubernetes.pods.instance_registry import InstanceSlot
from chaosproof.targets.kubernetes.pods.netadmin import CHAOS_IMAGE, netadmin_container_of
from chaosproof.targets.kubernetes.pods.pod_watch import PodWatch
from chaosproof.targets.kubernetes.pods.pods import Pod, ServiceBackend, instance_of
from chaosproof.targets.kubernetes.pods.program_signals import (
    Program,
    end_program,
    find_program,
    is_stopped,
    pause_program,
    resume_program,
)

__all__ = ["KubernetesTarget"]

_BACK_WITHIN_S = 60.0
_GONE_WITHIN_S = 15.0


class KubernetesTarget(Target):
    """See `chaosproof.targets.base.Target` for what each method promises.

    `metrics` says path and port of the metrics page of a service, where its pods' annotations do not. `events_file`
    gets every change of an instance's state; `load_image` is what jobs run, and has this project in it;
    `chaos_image` is what is added to a pod without a sidecar.
    """

    kind = "kubernetes"

    def __init__(
        self,
        cluster: Cluster,
        services: Mapping[str, ServiceBackend],
        *,
        metrics: Mapping[str, tuple[str, int | None]] | None = None,
        events_file: Path | None = None,
        load_image: str = "",
        chaos_image: str = CHAOS_IMAGE,
    ) -> None:
        self._cluster = cluster
        self._services = dict(services)
        self._metrics = dict(metrics or {})
        self._watch = PodWatch(cluster, self._services, events_file)
        self._jobs = Jobs(cluster, load_image)
        self._chaos_image = chaos_image
        self._lock = threading.Lock()
        self._programs: dict[str, Program] = {}
        self._paused: dict[str, tuple[str, float | None]] = {}
        self._earlier_logs: dict[str, dict[str, str]] = {}

    def close(self) -> None:
        """End what was begun for this target; the system goes on."""
        self._jobs.close()
        self._watch.close()

    def _by_name(self) -> Mapping[str, Instance]:
        return {slot.name: self._instance(slot) for slot in self._watch.all()}

    def states(self) -> Mapping[str, InstanceState]:
        return {slot.name: self._state(slot) for slot in self._watch.all()}

    def address(self, service: str) -> Address:
        self.instances(service)
        return self._services[service].address

    def neighbours(self) -> Mapping[str, str]:
        """See `chaosproof.targets.base.SupportsNeighbours`: the other pods of the namespace."""
        return neighbours_among(self._watch.pods(), self._services.values())

    def run(
        self,
        instance: str,
        argv: Sequence[str],
        *,
        stdin: str = "",
        timeout_s: float = 10.0,
        inside: Inside = "network",
    ) -> CommandResult:
        pod = self._watch.slot(instance).pod
        container = (
            netadmin_container_of(self._cluster, pod, self._chaos_image)
            if inside == "network"
            else pod.load or pod.program
        )
        try:
            return execute(
                self._cluster, pod.name, container, argv, stdin=stdin.encode(), timeout_s=timeout_s
            )
        except NotFound as error:
            raise TargetError(f"{instance} is gone: its pod {pod.name} was deleted.") from error

    def start_job(
        self,
        name: str,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        out_dir: Path,
        beside: str | None = None,
    ) -> None:
        where = None
        if beside is not None:
            pod = self._watch.slot(beside).pod
            where = (pod.name, pod.load or pod.program)
        self._jobs.start(name, argv, env=env, out_dir=out_dir, beside=where)

    def job(self, name: str) -> JobState:
        return self._jobs.state(name)

    def stop_job(self, name: str) -> None:
        self._jobs.stop(name)

    def metrics(self, instance: str) -> str:
        info = self.instance(instance)
        if info.metrics_port is None:
            raise TargetError(
                f"{instance} has no metrics: neither the system file nor its pod's annotation prometheus.io/port "
                "names a port."
            )
        pod = self._watch.slot(instance).pod.name
        return self._cluster.text(
            self._cluster.path("pods", f"{pod}:{info.metrics_port}/proxy{info.metrics_path}")
        )

    def logs(self, instance: str) -> str:
        slot = self._watch.slot(instance)
        with self._lock:
            earlier = dict(self._earlier_logs.get(instance, {}))
        earlier.pop(slot.pod.life, None)
        if slot.deaths:
            # it crashed, and the pod still has what the life before this one wrote
            with suppress(TargetError):
                earlier["before"] = self._log(slot.pod, previous="true")
        return "".join(earlier.values()) + self._log(slot.pod)

    def restart(self, instance: str) -> None:
        before = self._watch.slot(instance)
        self._keep_log(before)
        self._watch.expect_end(instance)
        path = self._cluster.path("pods", before.pod.name)
        # What has ended has nothing to clear up, and its pod may wait in a back-off: it is replaced at once.
        self._cluster.delete(path, **({} if before.alive else {"gracePeriodSeconds": 0}))
        if not self._watch.wait(
            lambda slot: slot.pod.uid != before.pod.uid and slot.ready, instance, _BACK_WITHIN_S
        ):
            raise TargetError(
                f"{instance} was restarted, and was not ready again within {_BACK_WITHIN_S:g} s."
            )
        # looked for now, so that the next signal to it is one command
        self._pid(self._watch.slot(instance))

    def kill(self, instance: str) -> None:
        self._end(instance, "KILL")

    def terminate(self, instance: str) -> None:
        self._end(instance, "TERM")

    def pause(self, instance: str, *, duration_s: float | None = None) -> None:
        slot = self._alive(instance)
        pause_program(self._cluster, self._program(slot), duration_s)
        until = None if duration_s is None else time.monotonic() + duration_s
        with self._lock:
            self._paused[instance] = (slot.pod.life, until)
        self._watch.note(instance, "paused", "")

    def resume(self, instance: str) -> None:
        slot = self._alive(instance)
        resume_program(self._cluster, self._program(slot))
        self._goes_on(instance)

    def _instance(self, slot: InstanceSlot) -> Instance:
        service = self._services[slot.service]
        return instance_of(slot.name, service, slot.pod, self._metrics.get(slot.service, ("/metrics", None)))

    def _state(self, slot: InstanceSlot) -> InstanceState:
        return InstanceState(
            name=slot.name,
            alive=slot.alive,
            ready=slot.ready,
            paused=self._is_paused(slot),
            pid=self._pid(slot),
            restarts=slot.restarts,
            deaths=slot.deaths,
            stops=slot.stops,
        )

    def _pid(self, slot: InstanceSlot) -> int:
        """0 where it is not known: a program that just starts or ends may not be there to be asked for."""
        if slot.alive:
            with suppress(TargetError):
                return self._program(slot).pid
        return 0

    def _is_paused(self, slot: InstanceSlot) -> bool:
        with self._lock:
            life, until = self._paused.get(slot.name, ("", None))
        if life != slot.pod.life:
            return False
        if until is None or time.monotonic() < until or is_stopped(self._cluster, self._program(slot)):
            return True
        self._goes_on(slot.name)
        return False

    def _goes_on(self, instance: str) -> None:
        with self._lock:
            known = self._paused.pop(instance, None)
        if known is not None:
            self._watch.note(instance, "resumed", "")

    def _alive(self, instance: str) -> InstanceSlot:
        slot = self._watch.slot(instance)
        if not slot.alive:
            raise TargetError(f"{instance} is not running, so no signal can reach it.")
        return slot

    def _program(self, slot: InstanceSlot) -> Program:
        with self._lock:
            known = self._programs.get(slot.pod.life)
        if known is None:
            known = find_program(self._cluster, slot.pod)
            with self._lock:
                self._programs[slot.pod.life] = known
        return known

    def _end(self, instance: str, signal_name: str) -> None:
        slot = self._alive(instance)
        program = self._program(slot)
        self._watch.expect_end(instance)
        # The signal first of all: who is told of the end, and how soon, is counted from the call.
        at = end_program(self._cluster, program, signal_name)
        if signal_name == "KILL":
            self._watch.ended(instance, "SIGKILL", at)
        self._keep_log(slot)
        if signal_name != "KILL":
            self._watch.wait(
                lambda now: not now.alive or now.pod.life != slot.pod.life, instance, _GONE_WITHIN_S
            )

    def _keep_log(self, slot: InstanceSlot) -> None:
        """The log of a life that ends here, before its pod goes and takes it along."""
        with suppress(TargetError):
            log = self._log(slot.pod)
            with self._lock:
                self._earlier_logs.setdefault(slot.name, {})[slot.pod.life] = log

    def _log(self, pod: Pod, **which: str) -> str:
        return self._cluster.text(
            self._cluster.path("pods", f"{pod.name}/log"), container=pod.program, **which
        )
