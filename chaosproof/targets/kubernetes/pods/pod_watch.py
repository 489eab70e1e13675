"""A thread that follows the pods of the namespace and keeps the roll, so that asking for states asks nobody.

Every change of an instance becomes a row of readiness.ndjson, with the instant at which we were told. A watch that
breaks, as when the API server is restarted, is begun anew with a listing; what happened meanwhile is seen there.
"""

import contextlib
import json
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from chaosproof.errors import ChaosproofError
from chaosproof.targets.instance_events import Event, append_events
from chaosproof.targets.kubernetes.client.api import Cluster
from chaosproof.targets.kubernetes.pods.instance_registry import InstanceRegistry, InstanceSlot
from chaosproof.targets.kubernetes.pods.pods import Pod, ServiceBackend, assign_instances, read_pod

__all__ = ["PodWatch"]

_IDLE_S = 60.0
_AGAIN_S = 0.3


class PodWatch:
    """The roll of some services, kept by a thread. `events_file` gets the events. Thread-safe."""

    def __init__(
        self, cluster: Cluster, services: Mapping[str, ServiceBackend], events_file: Path | None = None
    ) -> None:
        self._cluster = cluster
        self._events_file = events_file
        self._changed = threading.Condition()
        self._over = threading.Event()
        listing = cluster.get(cluster.path("pods"))
        pods = [read_pod(raw) for raw in listing["items"]]
        self._registry = InstanceRegistry(
            services, {name: assign_instances(backend, pods) for name, backend in services.items()}
        )
        self._known = {pod.uid: pod for pod in pods}
        for slot in self._registry.slots.values():
            if slot.ready:
                self._write([(slot.name, "ready", "at the start")])
        self._thread = threading.Thread(
            target=self._follow,
            args=(listing["metadata"]["resourceVersion"],),
            name=f"watch of {cluster.namespace}",
            daemon=True,
        )
        self._thread.start()

    def close(self) -> None:
        """Follow no more; the thread ends with its next word from the cluster."""
        self._over.set()

    def slot(self, name: str) -> InstanceSlot:
        """The instance as it is now (a copy). Raises `TargetError` for an unknown one."""
        with self._changed:
            return InstanceSlot(**vars(self._registry.slot(name)))

    def all(self) -> list[InstanceSlot]:
        """All instances as they are now (copies), in order of name."""
        with self._changed:
            return [InstanceSlot(**vars(self._registry.slots[name])) for name in sorted(self._registry.slots)]

    def pods(self) -> list[Pod]:
        """All pods of the namespace as they are now, whether instances or not."""
        with self._changed:
            return list(self._known.values())

    def expect_end(self, name: str) -> None:
        """The present life of `name` is about to be ended on purpose."""
        with self._changed:
            self._registry.expect_end(name)

    def ended(self, name: str, detail: str, at: float | None = None) -> None:
        """The present life of `name` is over, as whoever ended it has seen; `at` is the very instant, if known."""
        with self._changed:
            self._write(self._registry.ended(name, detail), at)
            self._changed.notify_all()

    def note(self, name: str, event: str, detail: str) -> None:
        """An event that only we know of, such as a pause."""
        with self._changed:
            self._note([(name, event, detail)])

    def wait(self, condition: Callable[[InstanceSlot], bool], name: str, timeout_s: float) -> bool:
        """Wait until `condition` of the instance; False when `timeout_s` pass before."""
        with self._changed:
            return self._changed.wait_for(lambda: condition(self._registry.slot(name)), timeout_s)

    def _follow(self, version: str) -> None:
        while not self._over.is_set():
            with contextlib.suppress(ChaosproofError):
                if not version:
                    version = self._list()
                version = self._hear(version)
            if self._over.wait(_AGAIN_S):
                return
            version = ""

    def _list(self) -> str:
        listing = self._cluster.get(self._cluster.path("pods"))
        pods = {pod.uid: pod for pod in map(read_pod, listing["items"])}
        with self._changed:
            for uid, pod in list(self._known.items()):
                if uid not in pods:
                    self._gone(pod)
            for pod in pods.values():
                self._seen(pod)
        return str(listing["metadata"]["resourceVersion"])

    def _hear(self, version: str) -> str:
        """Follow the watch until it ends."""
        for line in self._cluster.lines(
            self._cluster.path("pods"), idle_s=_IDLE_S, watch="1", resourceVersion=version, timeoutSeconds=50
        ):
            if self._over.is_set():
                return ""
            message: dict[str, Any] = json.loads(line)
            if message["type"] == "ERROR":
                return ""
            pod = read_pod(message["object"])
            with self._changed:
                if message["type"] == "DELETED":
                    self._gone(pod)
                else:
                    self._seen(pod)
        return ""

    def _seen(self, pod: Pod) -> None:
        self._known[pod.uid] = pod
        self._note(self._registry.seen(pod))

    def _gone(self, pod: Pod) -> None:
        self._known.pop(pod.uid, None)
        self._note(self._registry.gone(pod))

    def _note(self, events: Iterable[Event]) -> None:
        self._write(events)
        self._changed.notify_all()

    def _write(self, events: Iterable[Event], at: float | None = None) -> None:
        append_events(self._events_file, events, at)
