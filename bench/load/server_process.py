"""Where a benchmark runs: the server as a process of its own on one core, the tools on another."""

import json
import os
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Server", "on_core", "running_server"]

_CORES = sorted(os.sched_getaffinity(0))
_TOOLS, _SERVER = 0, 1
_PROBE_EVERY_S = 0.002
_REQUEST = b"GET /work HTTP/1.1\r\nHost: bench\r\n\r\n"


@dataclass(frozen=True)
class Server:
    """A running benchmark server."""

    port: int
    socket_path: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/work"

    def reset(
        self,
        service_s: float = 0,
        *,
        early_s: float = 0,
        freeze_after_s: float | None = None,
        freeze_s: float = 0,
    ) -> None:
        """Forget what was counted, and serve like this from now on."""
        freeze = "" if freeze_after_s is None else f"&after={freeze_after_s!r}&for={freeze_s!r}"
        self._get(f"/reset?service={service_s!r}&early={early_s!r}{freeze}")

    def seen_rate_rps(self) -> float:
        """The rate at which requests came, since the last reset."""
        seen = self._get("/seen")
        return (seen["came"] - 1) / (seen["last"] - seen["first"])

    def round_trip_s(self, service_s: float, early_s: float, requests: int = 600) -> float:
        """The median response time that a plain blocking client sees, from when each request was due."""
        self.reset(service_s, early_s=early_s)
        os.sched_setaffinity(
            0, {_core(_TOOLS)}
        )  # a core that sleeps takes long to wake, as it does for the tools
        times = []
        with socket.create_connection(("127.0.0.1", self.port)) as client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            start = time.monotonic() + 0.01
            for n in range(requests):
                due = start + n * _PROBE_EVERY_S
                time.sleep(max(0.0, due - time.monotonic() - 0.0002))
                while time.monotonic() < due:
                    pass
                client.sendall(_REQUEST)
                client.recv(4096)
                times.append(time.monotonic() - due)
        os.sched_setaffinity(0, _CORES)
        return statistics.median(times)

    def _get(self, path: str) -> dict[str, Any]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as response:
            seen: dict[str, Any] = json.load(response)
        return seen


def on_core(argv: list[str], core: int = _TOOLS) -> list[str]:
    """`argv` bound to one core of those this process may use."""
    return ["taskset", "-c", str(_core(core)), *argv]


def _core(number: int) -> int:
    return _CORES[number % len(_CORES)]


@contextmanager
def running_server(folder: Path) -> Iterator[Server]:
    """A server on a core that the tools do not use, where there is one."""
    socket_path = folder / "ping.sock"
    argv = on_core([sys.executable, "-m", "bench.load.server", str(socket_path)], core=_SERVER)
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield Server(int(process.stdout.readline()), socket_path)
        finally:
            process.terminate()
