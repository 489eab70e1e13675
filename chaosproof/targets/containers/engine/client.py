"""The engine's API over its socket on this machine, by the PyPI package `docker`; no other room imports that.

Podman answers the same calls. A fixed version of the API is asked for, and `info()` never: it takes 26 s on Podman.
Every call has a time limit; what goes wrong is a `TargetError` of one sentence.
"""

import io
import tarfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from docker.api import APIClient
from docker.errors import APIError, DockerException
from docker.types import CancellableStream
from requests.exceptions import ConnectionError as NoConnection
from requests.exceptions import RequestException, Timeout

from chaosproof.errors import TargetError
from chaosproof.targets.containers.engine.api_errors import explanation, is_being_removed, is_gone, reason
from chaosproof.targets.containers.engine.processes import listener_of
from chaosproof.targets.containers.engine.records import (
    PROJECT,
    Container,
    EngineEvent,
    is_one_off,
    read_container,
    read_event,
)
from chaosproof.targets.containers.engine.versions import API, EngineKind, kind_of, wanted_api

__all__ = ["CALL_LIMIT_S", "EngineClient", "connect"]

CALL_LIMIT_S = 10
"""How long one call may take; a restart may take its grace period in addition."""


class EngineClient:
    """One engine. `rootless` where it runs as an ordinary user, who is `owner`; 0 is root. Thread-safe but `close`."""

    def __init__(self, api: APIClient, *, kind: EngineKind, version: str, socket: Path, owner: int) -> None:
        self.kind = kind
        self.version = version
        self.socket = socket
        self.owner = owner
        self.rootless = owner != 0
        self._api = api
        self._streams: list[CancellableStream[dict[str, Any]]] = []
        self._when_closed: list[Callable[[], object]] = []

    def __str__(self) -> str:
        return f"{self.kind.capitalize()} {self.version} at {self.socket}"

    def containers(self, project: str | None = None) -> tuple[Container, ...]:
        """All containers, or those of a Compose project, in order of name; ended ones too, those of `run` not."""
        filters = {"label": f"{PROJECT}={project}"} if project else None
        with self._asking("list its containers"):
            listed = self._api.containers(all=True, filters=filters)
        ids = [each["Id"] for each in listed if not is_one_off(each.get("Labels") or {})]
        containers = [each for each in map(self._inspect, ids) if each is not None]
        return tuple(sorted(containers, key=lambda each: each.name))

    def container(self, name: str) -> Container:
        """The container of that name or id; `TargetError` when there is none."""
        container = self._inspect(name)
        if container is None:
            raise TargetError(f"{self} has no container {name!r}.")
        return container

    def logs(self, container: str) -> str:
        """All that it wrote to stdout and stderr."""
        with self._asking(f"give the logs of {container}"):
            return self._api.logs(container).decode("utf-8", "replace")

    def start(self, container: str) -> None:
        with self._asking(f"start {container}"):
            self._api.start(container)

    def restart(self, container: str, grace_s: float) -> None:
        """Stop it by its stop signal, after `grace_s` by SIGKILL, and start it again: in a new network namespace."""
        with self._asking(f"restart {container}"):
            self._api.restart(container, timeout=max(1, round(grace_s)))

    def remove(self, container: str) -> None:
        """End it by SIGKILL and remove it with its anonymous volumes; one that is gone already is no error."""
        with self._asking(f"remove {container}"):
            try:
                self._api.remove_container(container, v=True, force=True)
            except APIError as error:
                if not (is_gone(error) or is_being_removed(error)):
                    raise
        until = time.monotonic() + CALL_LIMIT_S
        while self._inspect(container) is not None:
            if time.monotonic() > until:
                raise TargetError(f"{self} did not remove {container} within {CALL_LIMIT_S} s.")
            time.sleep(0.02)

    def events(self, project: str) -> Iterator[EngineEvent]:
        """What happens to the project's containers from now on; blocks, and ends when the client is closed."""
        with self._asking("report events"):
            stream = self._api.events(decode=True, filters={"label": f"{PROJECT}={project}"})
        self._streams.append(stream)
        return (event for event in map(read_event, stream) if event is not None)

    def create(
        self,
        image: str,
        argv: Sequence[str],
        *,
        name: str,
        labels: Mapping[str, str],
        networks: Sequence[str],
    ) -> str:
        """Create a container of ours on these networks and return its id; it is removed by itself when it ends.

        It runs `argv` as root without any capability, and no health test.
        """
        host = self._api.create_host_config(
            auto_remove=True, cap_drop=["ALL"], network_mode=networks[0], security_opt=["no-new-privileges"]
        )
        with self._asking(f"create {name}"):
            created = self._api.create_container(
                image,
                entrypoint=list(argv),
                command=[],
                name=name,
                user="0:0",
                labels=dict(labels),
                host_config=host,
                networking_config={"EndpointsConfig": {networks[0]: {}}},
                healthcheck={"test": ["NONE"]},
                use_config_proxy=False,
            )
            for network in networks[1:]:
                self._api.connect_container_to_network(created["Id"], network)
        return str(created["Id"])

    def put_file(self, container: str, name: str, content: bytes) -> None:
        """Write a program into the container's root folder; it need not run."""
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o755
            tar.addfile(entry, io.BytesIO(content))
        with self._asking(f"write into {container}"):
            self._api.put_archive(container, "/", archive.getvalue())

    def close(self) -> None:
        """End all `events`, and let go of the socket."""
        for stream in self._streams:
            with suppress(OSError, AttributeError):
                stream.close()
        self._api.close()
        while self._when_closed:
            self._when_closed.pop()()

    def when_closed(self, call: Callable[[], object]) -> None:
        """Have it called when the client is closed, such as what ends an engine that was started for it."""
        self._when_closed.append(call)

    def _inspect(self, name: str) -> Container | None:
        with self._asking(f"describe {name}"):
            try:
                return read_container(self._api.inspect_container(name))
            except APIError as error:
                if is_gone(error):  # ended and removed since it was listed
                    return None
                raise

    @contextmanager
    def _asking(self, what: str) -> Iterator[None]:
        try:
            yield
        except Timeout as error:
            raise TargetError(f"{self} did not {what} within {CALL_LIMIT_S} s.") from error
        except APIError as error:
            raise TargetError(f"{self} did not {what}: {explanation(error)}") from error
        except (DockerException, RequestException, OSError) as error:
            raise TargetError(f"{self} did not {what}: {reason(error)}.") from error


def connect(socket: Path, kind: EngineKind | None = None) -> EngineClient:
    """The engine that answers at `socket`; `kind` is what it must be, else whichever it is.

    Raises `OSError` where nobody listens there, `TargetError` where the answer is late, or not that of `kind`.
    """
    owner = listener_of(socket, CALL_LIMIT_S)
    api = _client(socket, API)
    try:
        answer = api.version(api_version=False)
    except Timeout as error:
        raise TargetError(f"The engine at {socket} did not answer within {CALL_LIMIT_S} s.") from error
    except NoConnection as error:
        raise ConnectionRefusedError(f"{socket} was closed before an answer") from error
    except (DockerException, RequestException) as error:
        raise TargetError(f"At {socket} there is no container engine: {reason(error)}.") from error
    if not isinstance(answer, dict) or "ApiVersion" not in answer:
        raise TargetError(f"At {socket} there is no container engine: it does not say its version.")
    kind_there = kind_of(answer)
    if kind is not None and kind_there != kind:
        raise TargetError(f"At {socket} {kind_there.capitalize()} answers, not {kind.capitalize()}.")
    api_version = wanted_api(answer)
    if api_version != API:
        api.close()
        api = _client(socket, api_version)
    return EngineClient(
        api, kind=kind_there, version=str(answer.get("Version", "")), socket=socket, owner=owner
    )


def _client(socket: Path, api_version: tuple[int, int]) -> APIClient:
    client = APIClient(f"unix://{socket}", version="{}.{}".format(*api_version), timeout=CALL_LIMIT_S)
    client.trust_env = False  # no proxy and no .netrc is for a socket of this machine
    return client
