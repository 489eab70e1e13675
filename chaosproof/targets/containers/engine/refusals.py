"""Why a container, or a whole engine, cannot be acted on: each reason is a sentence that says what to do. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from chaosproof.targets.containers.engine.records import Container

__all__ = ["Situation", "engine_refusal", "port_refusal", "why_not"]

_SWARM = "com.docker.swarm."
_DNS_PORT = 53
# the network of containers that were given none: Docker's own DNS serves those of other networks only
_DEFAULT_NETWORKS = ("bridge", "default")


@dataclass(frozen=True)
class Situation:
    """What this machine's kernel shows of a container, beside what its engine describes.

    `is_here` is whether its process is one of this machine, `is_own_network` whether that is in this machine's own
    network. `shared_with` are the names of others in its network, but those that are meant as well.
    """

    is_here: bool = True
    is_own_network: bool = False
    shared_with: Sequence[str] = ()


def why_not(container: Container, situation: Situation, *, project: str | None = None) -> str:
    """Why no fault can act in the container's network; empty when it can. `project` is what it has to belong to."""
    name, mode = container.name, container.network_mode
    if project is not None and container.project != project:
        belongs = (
            f"belongs to the project {container.project}" if container.project else "belongs to no project"
        )
        return f"Container {name} {belongs}, not to {project}: name a container of that project."
    if any(label.startswith(_SWARM) for label in container.labels):
        return f"Container {name} is a task of Docker Swarm, which replaces it as it likes: run the service by Compose."
    if not container.running:
        ended = "" if container.exit_code is None else f" (it ended with exit code {container.exit_code})"
        return f"Container {name} does not run{ended}: start it first."
    if mode == "none":
        return (
            f"Container {name} has no network (network_mode: none): there is nothing that a fault could hit."
        )
    if not situation.is_here:
        return (
            f"Container {name} is not on this machine: its engine runs in a virtual machine, as Docker Desktop and "
            "podman machine do, or elsewhere. Run chaosproof where the containers are."
        )
    if mode == "host" or situation.is_own_network:
        return (
            f"Container {name} uses this machine's own network, where a fault would hit everything: "
            "give its service a network of its own instead of network_mode: host."
        )
    if situation.shared_with:
        return (
            f"Container {name} shares its network with {', '.join(situation.shared_with)}, and a fault would hit all "
            "of them: name each of them as well, or give each a network of its own."
        )
    return ""


def engine_refusal(engine: str, owner: int, user: int) -> str:
    """Why this `user` cannot act on an engine that runs as `owner`, both as user ids; empty when they can."""
    if owner == user:
        return ""
    if owner == 0:
        return (
            f"{engine} runs as root, and only root may enter the networks of its containers: run this as root, "
            "or use a rootless engine."
        )
    return f"{engine} is that of user {owner}, and this is user {user}: run this as user {owner}."


def port_refusal(kind: str, container: Container, port: int | None) -> str:
    """Why no fault can act on this port there; empty when it can.

    Docker's DNS answers at 127.0.0.11 inside of the container, and its rules send such packets to another port before
    a fault could see them. Podman's DNS is at the network's gateway, where a fault sees it.
    """
    if kind != "docker" or port != _DNS_PORT or container.network_mode in _DEFAULT_NETWORKS:
        return ""
    return (
        f"Container {container.name} asks Docker's own DNS, whose packets leave port {_DNS_PORT} before a fault could "
        "see them: take a fault on the port of the service that the name leads to."
    )
