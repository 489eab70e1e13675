"""Podman's API where no socket of it is there: Podman needs no daemon, and serves it for as long as we live.

It sees the same containers as `podman ps`: the state is in files, and the service holds none of it.
"""

import shutil
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from chaosproof.errors import TargetError, UsageError
from chaosproof.targets.containers.engine.client import EngineClient, connect

__all__ = ["start_podman"]

_READY_S = 20.0
_END_S = 5.0


def start_podman() -> EngineClient:
    """Start `podman system service`, and end it with the client, or with this process, however that ends.

    Call it in a thread that stays: the kernel ends the service with the thread that started it. Raises `UsageError`
    with what Podman printed when it does not get ready.
    """
    folder = Path(tempfile.mkdtemp(prefix="chaosproof-podman-"))
    socket, printed = folder / "podman.sock", folder / "printed"
    # by SIGTERM: a rootless Podman is two processes, of which the first hands that on to the second
    argv = [
        "setpriv",
        "--pdeathsig",
        "TERM",
        "podman",
        "system",
        "service",
        "--time",
        "0",
        f"unix://{socket}",
    ]
    with printed.open("wb") as output:
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output)

    def end() -> None:
        process.terminate()
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)

    try:
        client = _wait(socket, process)
    except TargetError:
        reason = printed.read_text(errors="replace").strip().splitlines()[-1:] or ["it printed nothing"]
        end()
        raise UsageError(
            f"Podman has no socket here, and `podman system service` did not start: {reason[0]}"
        ) from None
    except BaseException:
        end()
        raise
    client.when_closed(end)
    return client


def _wait(socket: Path, process: "subprocess.Popen[bytes]") -> EngineClient:
    until = time.monotonic() + _READY_S
    while process.poll() is None and time.monotonic() < until:
        with suppress(OSError):
            return connect(socket, "podman")
        time.sleep(0.02)
    raise TargetError("not ready")
