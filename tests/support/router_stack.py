"""A real NATS server, router and gateway on loopback for tests: started by the test, ended by pid."""

import asyncio
import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

__all__ = ["ROOT", "Nats", "Program", "Stack", "eventually", "stack", "until"]

ROOT = Path(__file__).parents[2]


def eventually(is_so: Callable[[], bool], within_s: float = 10.0) -> bool:
    """Whether it becomes so; asked again and again."""
    given_up_at = time.monotonic() + within_s
    while not is_so():
        if time.monotonic() > given_up_at:
            return False
        time.sleep(0.002)
    return True


async def until(is_so: Callable[[], bool], within_s: float = 10.0) -> None:
    """Return once it is so, and let others run meanwhile."""
    async with asyncio.timeout(within_s):
        while True:
            if is_so():
                return
            await asyncio.sleep(0.002)


class Program:
    """`python -m MODULE ARGS` with an environment of its own; its log is read as it is written."""

    def __init__(self, module: str, *arguments: str, **environment: str) -> None:
        clean = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            env={**clean, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.log: list[Mapping[str, object]] = []
        self.http_port = 0
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def event(self, name: str, within_s: float = 15.0) -> Mapping[str, object]:
        """The next line of the log with this event."""
        given_up_at = time.monotonic() + within_s
        while True:
            line = self._lines.get(timeout=max(0.0, given_up_at - time.monotonic()))
            assert line is not None, f"ended before {name}: {self.log} {self.process.stderr.read()}"
            event = json.loads(line)
            self.log.append(event)
            if event["event"] == name:
                self.http_port = event.get("http_port", self.http_port)
                return event

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def metric(self, name: str, **labels: str) -> float:
        """The value of one sample on the metrics page."""
        for family in text_string_to_metric_families(self.get("/metrics")[1]):
            for sample in family.samples:
                if sample.name == name and labels.items() <= sample.labels.items():
                    return sample.value
        raise AssertionError(f"no sample {name} {labels}")

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def exit_code(self) -> int:
        return self.process.wait(timeout=15)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join()
        for stream in (self.process.stdout, self.process.stderr):
            stream.close()

    def _read(self) -> None:
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put(None)


class Nats:
    """A nats-server that can be killed and started again on the same port."""

    def __init__(self, *arguments: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self._arguments = arguments
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    def start(self) -> None:
        argv = [str(Path(sys.executable).with_name("nats-server")), "-a", "127.0.0.1", "-p", str(self.port)]
        self.process = subprocess.Popen(
            [*argv, *self._arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        assert eventually(self._listens), "nats-server did not start"

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True


class Stack:
    """All three, with what the tests ask of them. `programs` are ended with it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.nats = Nats("-c", str(ROOT / "chaosproof/demo/router/nats.conf"))
        self.programs: list[Program] = []
        self.router: Program
        self.gateway: Program
        self.socket = str(folder / "g.sock")

    def start_router(self, **environment: str) -> Program:
        self.router = self._start("chaosproof.demo.router.router", INSTANCE_NAME="router-0", **environment)
        return self.router

    def start_gateway(self, **environment: str) -> Program:
        self.gateway = self._start(
            "chaosproof.demo.router.gateway", "-s", self.socket, INSTANCE_NAME="gateway-0", **environment
        )
        return self.gateway

    def _start(self, module: str, *arguments: str, **environment: str) -> Program:
        program = Program(module, *arguments, NATS_URL=self.nats.url, **environment)
        self.programs.append(program)
        program.event("started")
        return program

    def end(self) -> None:
        for program in reversed(self.programs):
            program.end()
        self.nats.kill()


@contextmanager
def stack(
    folder: Path, *, router: Mapping[str, str] | None = None, gateway: Mapping[str, str] | None = None
) -> Iterator[Stack]:
    """A stack with these settings, for the length of a `with`."""
    one = Stack(folder)
    try:
        one.start_router(**(router or {}))
        one.start_gateway(**(gateway or {}))
        yield one
    finally:
        one.end()
