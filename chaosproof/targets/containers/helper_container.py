"""The one container of ours: on the project's networks, so that names resolve there as for the project's own.

It is made of an image that the project has already, which need not hold anything; see `helper_program` for what runs
in it. It ends, and is removed by its engine, when the process that holds its connection is gone.
"""

import os
import secrets
from collections.abc import Mapping, Sequence

from chaosproof.errors import TargetError
from chaosproof.targets.containers.engine.client import EngineClient
from chaosproof.targets.containers.engine.records import Container
from chaosproof.targets.containers.helper_program import helper_program

__all__ = ["HELPER_NAME", "start_helper"]

HELPER_NAME = "chaosproof-helper"
"""What its name begins with, and the name of its program in its root folder."""


def start_helper(
    client: EngineClient,
    image: str,
    networks: Sequence[str],
    labels: Mapping[str, str],
    *,
    name: str | None = None,
) -> Container:
    """Start it on all of these networks (one at least) and return it running; `TargetError` when it does not run.

    `image` is an image's id or name. Somebody has to connect to it (`helper_program.SOCKET_NAME`, in its network)
    before it has waited long enough.
    """
    program = helper_program(os.uname().machine)
    name = name or f"{HELPER_NAME}-{secrets.token_hex(4)}"
    container = client.create(image, [f"/{HELPER_NAME}"], name=name, labels=labels, networks=networks)
    try:
        client.put_file(container, HELPER_NAME, program)
        client.start(container)
        helper = client.container(container)
        if not helper.running:
            raise TargetError(
                f"The helper container {name} ended with exit code {helper.exit_code} as soon as it was started."
            )
    except TargetError:
        client.remove(container)
        raise
    return helper
