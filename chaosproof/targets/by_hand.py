"""Where a fault by hand goes: an instance of a lab, a container of Podman or Docker, or any process."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chaosproof.errors import UsageError
from chaosproof.targets.base import Running
from chaosproof.targets.registry import open_running

__all__ = ["Place", "open_place"]


@dataclass(frozen=True)
class Place:
    """What runs, and which instance of it is meant.

    `is_foreign` where that is somebody else's, in whose network nothing of ours may stay. `moved` says as a sentence
    when the instance has another network by now, and is empty when it has not.
    """

    running: Running
    instance: str
    is_foreign: bool = True
    moved: Callable[[], str] = lambda: ""


def open_place(
    *,
    instance: str | None = None,
    containers: Sequence[str] = (),
    engine: str | None = None,
    pid: int | None = None,
    lab: str | None = None,
    allow_host_network: bool = False,
    port: int | None = None,
) -> Place:
    """The `instance` of a lab, the first of `containers`, or the process `pid`: one of the three.

    `engine` says whose the containers are; those after the first share its network and are meant as well. `port` is
    where the fault is to act. Raises `UsageError` where none can.
    """
    if [instance is not None, bool(containers), pid is not None].count(True) != 1:
        raise UsageError(
            "Name either an instance of a lab (--instance shop-0), a container (--container shop) or a process "
            "(--pid 1234)."
        )
    if engine is not None and not containers:
        raise UsageError("--engine says whose a container is: name it by --container.")
    if containers:
        return _container(containers[0], containers[1:], engine, port)
    if pid is not None:
        running = open_running({"target": "attached", "pid": pid, "allow_host_network": allow_host_network})
        return Place(running, running.name)
    assert instance is not None
    return Place(open_running({"lab": lab}), instance, is_foreign=False)


def _container(name: str, sharing: Sequence[str], engine: str | None, port: int | None) -> Place:
    # late: the client of an engine takes a quarter of a second to import, and other places need none
    from chaosproof.targets.containers.one_container import open_container

    target, running = open_container(name, engine=engine, port=port, meant=sharing)
    return Place(running, target.meant, moved=target.moved)
