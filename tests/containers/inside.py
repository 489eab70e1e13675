"""What runs beside an engine, on its machine and as its user: waits for it, gives it an image, and runs the tests.

    python -m tests.containers.inside podman-rootless [PYTEST'S ARGUMENTS]

Exit codes: pytest's, and 3 where the engine does not answer.
"""

import os
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from chaosproof.errors import UsageError
from chaosproof.targets.containers.engine.client import EngineClient
from chaosproof.targets.containers.engine.find import find_engine
from tests.containers.images import load_image, write_image

_WAIT_S = 60.0
ENGINE = "CHAOSPROOF_ENGINE"


def main() -> None:
    """Run the tests that are marked `containers`, or those that the arguments name."""
    name, *arguments = sys.argv[1:]
    client = _wait(name.partition("-")[0])
    print(f"{client}, {'rootless' if client.rootless else 'rootful'}", flush=True)
    with TemporaryDirectory() as folder:
        archive = Path(folder) / "image.tar"
        write_image(archive)
        load_image(client.socket, archive)
    client.close()
    os.environ[ENGINE] = name
    own = ["-p", "no:cacheprovider", "-m", "containers"]
    sys.exit(pytest.main([*own, *(arguments or ["tests"])]))


def _wait(kind: str) -> EngineClient:
    until = time.monotonic() + _WAIT_S
    while True:
        try:
            return find_engine(kind, programs=lambda _: None)
        except UsageError as error:
            if time.monotonic() > until:
                print(error, file=sys.stderr)
                sys.exit(3)
        time.sleep(0.1)


if __name__ == "__main__":
    main()
