"""What runs beside an engine, on its machine and as its user: waits for it, gives it images, and runs a command.

    python -m tests.containers.inside podman-rootless COMMAND...

Exit codes: the command's, and 75 where the engine does not answer.
"""

import os
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from chaosproof.errors import UsageError
from chaosproof.targets.containers.engine.client import EngineClient
from chaosproof.targets.containers.engine.find import find_engine
from tests.containers.images import load_images, write_images
from tests.containers.machines import NOT_STARTED

_WAIT_S = 60.0
ENGINE = "CHAOSPROOF_ENGINE"


def main() -> None:
    """Run the command once the engine answers and has the images; it is told which engine by CHAOSPROOF_ENGINE."""
    name, *command = sys.argv[1:]
    client = _wait(name.partition("-")[0])
    print(f"{client}, {'rootless' if client.rootless else 'rootful'}", flush=True)
    with TemporaryDirectory() as folder:
        archive = Path(folder) / "images.tar"
        write_images(archive)
        load_images(client.socket, archive)
    client.close()
    os.execvpe(command[0], command, {**os.environ, ENGINE: name})


def _wait(kind: str) -> EngineClient:
    until = time.monotonic() + _WAIT_S
    while True:
        try:
            return find_engine(kind, programs=lambda _: None)
        except UsageError as error:
            if time.monotonic() > until:
                print(error, file=sys.stderr)
                sys.exit(NOT_STARTED)
        time.sleep(0.1)


if __name__ == "__main__":
    main()
