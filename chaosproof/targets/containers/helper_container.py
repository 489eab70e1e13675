"""The one container of ours: on the project's networks, so that names resolve there as for the project's own.

It is made of an image that the project has already, which need not hold anything; see `helper_program` for what runs
in it. It ends, and is removed by its engine, when the process that holds its connection is gone.
"""

import os
import secrets
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from chaosproof.errors import TargetError
from chaosproof.targets.containers.engine.client import EngineClient
from chaosproof.targets.containers.engine.records import Container
from chaosproof.targets.containers.helper_program import SOCKET_NAME, helper_program

__all__ = ["HELPER_NAME", "start_helper"]

HELPER_NAME = "chaosproof-helper"
"""What its name begins with, and the name of its program in its root folder."""

_LISTENS_S = 10.0


def start_helper(
    client: EngineClient,
    image: str,
    networks: Sequence[str],
    labels: Mapping[str, str],
    *,
    name: str | None = None,
) -> Container:
    """Start it on all of these networks (one at least) and return it listening; `TargetError` when it does not.

    `image` is an image's id or name. Somebody has to connect to it (`helper_program.SOCKET_NAME`, in its network)
    before it has waited long enough.
    """
    program = helper_program(os.uname().machine)
    name = name or f"{HELPER_NAME}-{secrets.token_hex(4)}"
    container = client.create(image, [f"/{HELPER_NAME}"], name=name, labels=labels, networks=networks)
    try:
        client.put_file(container, HELPER_NAME, program)
        client.start(container)
        helper = _listening(client, container)
    except TargetError:
        client.remove(container)
        raise
    return helper


def _listening(client: EngineClient, container: str) -> Container:
    """The helper, once it listens: an engine has started a container before its program has done anything."""
    until = time.monotonic() + _LISTENS_S
    while True:
        helper = client.container(container)
        if not helper.running:
            raise TargetError(
                f"The helper container {helper.name} ended with exit code {helper.exit_code} at once."
            )
        if _listens(helper.pid):
            return helper
        if time.monotonic() > until:
            raise TargetError(f"The helper container {helper.name} did not listen within {_LISTENS_S:g} s.")
        time.sleep(0.005)


def _listens(pid: int) -> bool:
    """Whether there is a socket of the helper's name in the network of that process."""
    try:
        sockets = Path(f"/proc/{pid}/net/unix").read_text()
    except OSError:
        return False
    return any(row.endswith(f" {SOCKET_NAME.replace(chr(0), '@')}") for row in sockets.splitlines())
