"""One container that runs already: a fault by hand acts in its network, and nothing else of it is touched.

    chaosproof inject reset --container shop --port 5432 --peer database --duration 15s

The other containers of its Compose project are known as well, by name: a peer may be one of them, and its kernel is
asked what it has of the connections. No fault goes on them.
"""

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from chaosproof.errors import TargetError, UsageError
from chaosproof.targets.base import Address, CommandResult, Inside, Instance, InstanceState, Running
from chaosproof.targets.containers.engine.client import EngineClient
from chaosproof.targets.containers.engine.find import find_engine
from chaosproof.targets.containers.engine.processes import listening_ports, situation_of
from chaosproof.targets.containers.engine.records import Container
from chaosproof.targets.containers.engine.refusals import port_refusal, why_not
from chaosproof.targets.containers.instance_names import choose, instance_name
from chaosproof.targets.limited import LimitedTarget
from chaosproof.targets.process_network import ProcessNetwork

__all__ = ["OneContainerTarget", "open_container"]


@dataclass(frozen=True)
class _Member:
    """A container of the project, and its network, held open."""

    container: Container
    network: ProcessNetwork


class OneContainerTarget(LimitedTarget):
    """The container that is `meant`, and beside it `others`: the running ones of its project."""

    kind = "containers"

    def __init__(self, client: EngineClient, meant: Container, others: Sequence[Container]) -> None:
        self._client = client
        self._meant = meant
        network = ProcessNetwork(meant.pid, f"process {meant.pid} of container {meant.name}")
        self._members = {instance_name(meant): _Member(meant, network)}
        for other in others:
            try:
                member = _Member(other, ProcessNetwork(other.pid, f"process {other.pid}"))
            except UsageError:
                continue  # it has ended, or is not for us: it is then an outsider like any other
            self._members.setdefault(instance_name(other), member)
        first = network.addresses()
        instances = [_instance(each, meant.networks, first) for each in self._members.values()]
        super().__init__(instances)

    @property
    def meant(self) -> str:
        """The instance of the container that is meant."""
        return instance_name(self._meant)

    def states(self) -> Mapping[str, InstanceState]:
        now = {each.id: each for each in self._client.containers(self._meant.project or None) if each.running}
        return {
            name: InstanceState(
                name,
                alive=member.container.id in now,
                ready=member.container.id in now,
                pid=member.container.pid,
            )
            for name, member in self._members.items()
        }

    def address(self, service: str) -> Address:
        """A name leads to the containers themselves: there is no address beside theirs."""
        return Address(host=service, ip="", ports=self.instances(service)[0].ports)

    def run(
        self,
        instance: str,
        argv: Sequence[str],
        *,
        stdin: str = "",
        timeout_s: float = 10.0,
        inside: Inside = "network",
    ) -> CommandResult:
        self.instance(instance)
        if inside != "network":
            raise self._cannot("run a program inside it")
        return self._members[instance].network.run(argv, stdin=stdin, timeout_s=timeout_s)

    def moved(self) -> str:
        """Whether the container has another network by now, as a sentence; empty where it has not.

        Its engine makes a new one at a restart, and a fault stays behind in the old one.
        """
        name = self._meant.name
        try:
            now = self._client.container(self._meant.id)
        except TargetError:
            return f"Container {name} was removed in the meantime, and its network with it."
        if not now.running:
            return f"Container {name} ended in the meantime."
        if now.pid == self._meant.pid:
            return ""
        with_it = ProcessNetwork(now.pid, f"process {now.pid} of container {name}")
        if with_it.is_same(self._members[self.meant].network):
            return ""
        return (
            f"Container {name} was started anew in the meantime and has a new network, without the fault: "
            "what it did since was not under it."
        )

    def close(self) -> None:
        """Let go of the engine."""
        self._client.close()

    def _cannot(self, what: str) -> TargetError:
        name = self._meant.name
        return TargetError(f"Container {name} is not ours: only its network can be acted on, not {what}.")


def open_container(
    name: str,
    *,
    engine: str | None = None,
    port: int | None = None,
    meant: Collection[str] = (),
    environment: Mapping[str, str] = os.environ,
) -> tuple[OneContainerTarget, Running]:
    """The running container of that name, or the only one of the Compose service of that name.

    `engine` is `podman` or `docker`; `port` is where a fault is to act; `meant` are names of others that share the
    container's network, and may be hit. Raises `UsageError` when no fault can act there.
    """
    client = find_engine(engine, environment)
    try:
        everyone = client.containers()
        container = choose(name, everyone, str(client))
        situation = situation_of(container, everyone, meant)
        if reason := why_not(container, situation) or port_refusal(client.kind, container, port):
            raise UsageError(reason)
        others = [
            other
            for other in everyone
            if container.project
            and other.running
            and other.project == container.project
            and other.id != container.id
            and not why_not(other, situation_of(other, ()))
        ]
        target = OneContainerTarget(client, container, others)
    except BaseException:
        client.close()
        raise
    facts = {
        "engine": client.kind,
        "version": client.version,
        "rootless": client.rootless,
        "container": container.name,
    }
    return target, Running(target, container.name, facts=facts, take_down=target.close)


def _instance(member: _Member, shared: Mapping[str, tuple[str, str]], own: tuple[str, str]) -> Instance:
    """The instance of a container; its address is the one in a network of `shared`, else its first, else `own`."""
    container = member.container
    by_name = {name: pair for name, pair in container.networks.items() if any(pair)}
    pairs = [pair for name, pair in by_name.items() if name in shared] or [*by_name.values(), own]
    # what listens is there though no image and no Compose file says so
    ports = {str(port): port for port in sorted({*container.ports, *listening_ports(container.pid)})}
    return Instance(instance_name(container), container.service or container.name, *pairs[0], ports=ports)
