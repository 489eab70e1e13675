"""Who is there: every instance, the pod that takes its place now, and what became of those before it.

A fold over what is seen of pods, one after the other: no clock, no thread, no cluster in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count

from chaosproof.errors import TargetError
from chaosproof.targets.instance_events import Event
from chaosproof.targets.kubernetes.pods.pods import Pod, ServiceBackend, selects

__all__ = ["InstanceRegistry", "InstanceSlot"]

_DELETED = "the pod was deleted"


@dataclass
class InstanceSlot:
    """One instance: the pod in its place, and its account.

    `expected_end` is the life that somebody asked to end, `last_ended` the last one that was seen to end.
    """

    name: str
    service: str
    pod: Pod
    alive: bool
    ready: bool
    restarts: int = 0
    deaths: int = 0
    stops: int = 0
    expected_end: str = ""
    last_ended: str = ""


class InstanceRegistry:
    """The instances of some services, and their accounts. Not thread-safe."""

    def __init__(
        self, services: Mapping[str, ServiceBackend], pods_by_service: Mapping[str, Mapping[str, Pod]]
    ) -> None:
        self._services = services
        slots = {
            name: InstanceSlot(name, service, pod, alive=pod.running, ready=pod.ready)
            for service, named in pods_by_service.items()
            for name, pod in named.items()
        }
        self.slots = {name: slots[name] for name in sorted(slots)}

    def slot(self, name: str) -> InstanceSlot:
        """The instance of that name; an unknown one is a `TargetError` that lists the known ones."""
        if name not in self.slots:
            raise TargetError(f"There is no instance {name!r}; there are: {', '.join(self.slots)}.")
        return self.slots[name]

    def expect_end(self, name: str) -> None:
        """The present life of `name` is about to end on purpose: it counts as a stop, not as a death."""
        slot = self.slot(name)
        slot.expected_end = slot.pod.life

    def ended(self, name: str, detail: str) -> list[Event]:
        """It is known, before the cluster says so, that the present life of `name` is over."""
        return self._end(self.slot(name), detail)

    def seen(self, pod: Pod) -> list[Event]:
        """A pod as it is now; returns what this changes."""
        events: list[Event] = []
        for service, backend in self._services.items():
            if selects(backend.selector, pod.labels):
                slot = self._slot_of(service, pod) or self._new_slot(service, pod)
                events += self._update(slot, pod) if slot else []
        return events

    def _update(self, slot: InstanceSlot, pod: Pod) -> list[Event]:
        events: list[Event] = []
        new_life = pod.life != slot.pod.life
        if new_life or not pod.running:
            events += self._end(slot, _how(pod, slot))
        if new_life:
            slot.pod = pod
        # a late word that a life which has ended runs changes nothing
        if pod.running and not slot.alive and slot.last_ended != pod.life:
            slot.alive = True
            slot.restarts += bool(slot.last_ended)
            events.append((slot.name, "started", f"pod {pod.name} on {pod.node}"))
        slot.pod = pod
        if slot.alive and pod.ready != slot.ready:
            slot.ready = pod.ready
            events.append((slot.name, "ready" if pod.ready else "not_ready", "the cluster's word"))
        return events

    def gone(self, pod: Pod) -> list[Event]:
        """The cluster has no such pod any more."""
        slots = [slot for slot in self.slots.values() if slot.pod.uid == pod.uid]
        return [event for slot in slots for event in self._end(slot, _DELETED)]

    def _slot_of(self, service: str, pod: Pod) -> InstanceSlot | None:
        """Where the pod belongs: its own place, or one whose pod is over."""
        mine = [slot for slot in self.slots.values() if slot.service == service]
        for slot in mine:
            if slot.pod.uid == pod.uid or slot.name == pod.name:
                return slot
        if pod.owner == "StatefulSet" or pod.leaving or pod.finished:
            return None
        return next((slot for slot in mine if not slot.alive or slot.pod.leaving), None)

    def _new_slot(self, service: str, pod: Pod) -> InstanceSlot | None:
        """A place for a pod that runs besides all those that were there: somebody has scaled the service up."""
        if not pod.running or pod.leaving:
            return None
        names = [pod.name] if pod.owner == "StatefulSet" else (f"{service}-{number}" for number in count())
        name = next((name for name in names if name not in self.slots), None)
        if name is None:
            return None
        slot = InstanceSlot(name, service, pod, alive=False, ready=False)
        self.slots = dict(sorted({**self.slots, name: slot}.items()))
        return slot

    def _end(self, slot: InstanceSlot, detail: str) -> list[Event]:
        if not slot.alive:
            return []
        slot.alive = slot.ready = False
        slot.last_ended = slot.pod.life
        meant = slot.expected_end == slot.pod.life
        if meant:
            slot.stops += 1
        else:
            slot.deaths += 1
        return [(slot.name, "killed" if meant else "exited", detail)]


def _how(pod: Pod, slot: InstanceSlot) -> str:
    """How the last life ended. What somebody deleted did not end by itself, whatever its exit code."""
    if pod.leaving or pod.uid != slot.pod.uid:
        return f"{_DELETED} {pod.exit_detail}".strip()
    return pod.exit_detail
