"""Who is there: every instance, the pod that takes its place now, and what became of those before it.

A fold over what is seen of pods, one after the other: no clock, no thread, no cluster in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from chaosproof.errors import TargetError
from chaosproof.targets.kubernetes.pods.pods import Pod, ServiceBackend, selects

__all__ = ["Event", "InstanceRegistry", "InstanceSlot"]

Event = tuple[str, str, str]
"""(instance, what happened in readiness.ndjson's words, detail)."""
_DELETED = "the pod was deleted"


@dataclass
class InstanceSlot:
    """One instance: the pod in its place, and its account.

    `asked` is the life that somebody asked to end, `over` the last one that was seen to end.
    """

    name: str
    service: str
    pod: Pod
    alive: bool
    ready: bool
    restarts: int = 0
    deaths: int = 0
    stops: int = 0
    asked: str = ""
    over: str = ""


class InstanceRegistry:
    """The instances of some services, and their accounts. Not thread-safe."""

    def __init__(
        self, services: Mapping[str, ServiceBackend], found: Mapping[str, Mapping[str, Pod]]
    ) -> None:
        self._services = services
        places = {
            name: InstanceSlot(name, service, pod, alive=pod.running, ready=pod.ready)
            for service, named in found.items()
            for name, pod in named.items()
        }
        self.places = {name: places[name] for name in sorted(places)}

    def place(self, name: str) -> InstanceSlot:
        """The instance of that name; an unknown one is a `TargetError` that lists the known ones."""
        if name not in self.places:
            raise TargetError(f"There is no instance {name!r}; there are: {', '.join(self.places)}.")
        return self.places[name]

    def expect_end(self, name: str) -> None:
        """The present life of `name` is about to end on purpose: it counts as a stop, not as a death."""
        place = self.place(name)
        place.asked = place.pod.life

    def ended(self, name: str, detail: str) -> list[Event]:
        """It is known, before the cluster says so, that the present life of `name` is over."""
        return self._end(self.place(name), detail)

    def seen(self, pod: Pod) -> list[Event]:
        """A pod as it is now; returns what this changes."""
        place = self._place_of(pod)
        if place is None:
            return []
        events: list[Event] = []
        new_life = pod.life != place.pod.life
        if new_life or not pod.running:
            events += self._end(place, _how(pod, place))
        if new_life:
            place.pod = pod
        # a late word that a life which has ended runs changes nothing
        if pod.running and not place.alive and place.over != pod.life:
            place.alive = True
            place.restarts += bool(place.over)
            events.append((place.name, "started", f"pod {pod.name} on {pod.node}"))
        place.pod = pod
        if place.alive and pod.ready != place.ready:
            place.ready = pod.ready
            events.append((place.name, "ready" if pod.ready else "not_ready", "the cluster's word"))
        return events

    def gone(self, pod: Pod) -> list[Event]:
        """The cluster has no such pod any more."""
        place = next((one for one in self.places.values() if one.pod.uid == pod.uid), None)
        return self._end(place, _DELETED) if place else []

    def _place_of(self, pod: Pod) -> InstanceSlot | None:
        """Where the pod belongs: its own place, or one whose pod is over."""
        mine = [one for one in self.places.values() if self._belongs(pod, one)]
        for place in mine:
            if place.pod.uid == pod.uid or place.name == pod.name:
                return place
        if pod.owner == "StatefulSet" or pod.leaving:
            return None
        return next((one for one in mine if not one.alive or one.pod.leaving), None)

    def _belongs(self, pod: Pod, place: InstanceSlot) -> bool:
        return selects(self._services[place.service].selector, pod.labels)

    def _end(self, place: InstanceSlot, detail: str) -> list[Event]:
        if not place.alive:
            return []
        place.alive = place.ready = False
        place.over = place.pod.life
        meant = place.asked == place.pod.life
        if meant:
            place.stops += 1
        else:
            place.deaths += 1
        return [(place.name, "killed" if meant else "exited", detail)]


def _how(pod: Pod, place: InstanceSlot) -> str:
    """How the last life ended. What somebody deleted did not end by itself, whatever its exit code."""
    if pod.leaving or pod.uid != place.pod.uid:
        return f"{_DELETED} {pod.exit_said}".strip()
    return pod.exit_said
