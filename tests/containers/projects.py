"""A Compose project as its containers show it: made by the engine's API with Compose's labels, without its CLI."""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from docker.api import APIClient

from chaosproof.targets.containers.engine.client import EngineClient
from chaosproof.targets.containers.engine.records import NUMBER, PROJECT, SERVICE, Container
from tests.containers.images import IMAGE

__all__ = ["Project", "new_project"]

_LIMIT_S = 60


class Project:
    """Containers of one project on one network, `NAME_default`."""

    def __init__(self, client: EngineClient, name: str) -> None:
        self.client = client
        self.name = name
        self._made: list[str] = []
        self.network = f"{name}_default"
        self.api = APIClient(f"unix://{client.socket}", version="1.41", timeout=_LIMIT_S)
        self.api.create_network(self.network, driver="bridge", labels={PROJECT: name})

    def run(
        self,
        service: str,
        argv: Sequence[str],
        *,
        number: int = 1,
        network_mode: str | None = None,
        host: dict[str, Any] | None = None,
        user_namespace: str = "",
        **config: Any,
    ) -> Container:
        """Start a container of that service and return what the engine knows of it.

        `host` and `config` are as the client's `create_host_config` and `create_container` take them.
        """
        labels = {PROJECT: self.name, SERVICE: service, NUMBER: str(number), **config.pop("labels", {})}
        mode = network_mode or self.network
        networking = {"EndpointsConfig": {mode: {"Aliases": [service]}}} if network_mode is None else None
        host_config = self.api.create_host_config(network_mode=mode, init=False, **(host or {}))
        if user_namespace:  # which the client takes for a mistake, unless it is "host"
            host_config["UsernsMode"] = user_namespace
        created = self.api.create_container(
            config.pop("image", IMAGE),
            list(argv),
            name=f"{self.name}-{service}-{number}",
            labels=labels,
            host_config=host_config,
            networking_config=networking,
            use_config_proxy=False,
            stop_timeout=0,
            **config,
        )
        self._made.append(created["Id"])
        self.api.start(created["Id"])
        return self.client.container(created["Id"])

    def remove(self) -> None:
        """Remove all of it, the last first: Podman removes none in whose network another one is."""
        others = self.api.containers(all=True, filters={"label": f"{PROJECT}={self.name}"})
        for container in dict.fromkeys([*reversed(self._made), *(each["Id"] for each in others)]):
            self.client.remove(container)
        self.api.remove_network(self.network)
        self.api.close()


@contextmanager
def new_project(client: EngineClient) -> Iterator[Project]:
    """A project of a name that no other has; nothing is left of it."""
    project = Project(client, f"test-{secrets.token_hex(3)}")
    try:
        yield project
    finally:
        project.remove()
