"""A program of the gRPC pair under test: started, asked over HTTP and by its log, ended by pid."""

import http.client
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Answer", "Program"]


@dataclass(frozen=True)
class Answer:
    """An answer over HTTP; `json` is the body of /api/work."""

    status: int
    headers: Mapping[str, str]
    body: str

    @property
    def json(self) -> dict[str, object]:
        value: dict[str, object] = json.loads(self.body)
        return value

    @property
    def code(self) -> object:
        return self.json["code"]

    @property
    def closes(self) -> bool:
        return self.headers.get("connection") == "close"


class Program:
    """`python -m MODULE` with an environment of its own; its log is read as it is written."""

    def __init__(self, module: str, environment: Mapping[str, str], *, cwd: Path) -> None:
        clean = {"PATH": os.environ["PATH"], "PYTHONPATH": str(cwd), "HTTP_PORT": "0", "DRAIN_DELAY_MS": "20"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", module],
            env={**clean, **environment},
            cwd=cwd,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.grpc_port = self.http_port = 0
        self.log: list[dict[str, object]] = []
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def event(self, name: str, *, within_s: float = 15.0, **facts: object) -> dict[str, object]:
        """The next line of the log with this event and these facts; what it passes over is in `log`."""
        give_up_at = time.monotonic() + within_s
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, give_up_at - time.monotonic()))
            except queue.Empty:
                raise AssertionError(
                    f"no event {name!r} {facts} within {within_s} s; log: {self.log}"
                ) from None
            if line is None:
                self._lines.put(None)
                raise AssertionError(f"ended before event {name!r} {facts}; log: {self.log}")
            event: dict[str, object] = json.loads(line)
            self.log.append(event)
            if event["event"] == name and facts.items() <= event.items():
                return event

    def wait_started(self) -> None:
        started = self.event("started")
        self.http_port = int(str(started["http_port"]))
        self.grpc_port = int(str(started.get("grpc_port", 0)))

    def connection(self) -> http.client.HTTPConnection:
        """A connection that is kept alive until the caller or the program closes it."""
        return http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=15)

    def get(self, path: str, connection: http.client.HTTPConnection | None = None) -> Answer:
        own = connection or self.connection()
        try:
            own.request("GET", path)
            response = own.getresponse()
            headers = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, headers, response.read().decode())
        finally:
            if connection is None:
                own.close()

    def work(self) -> Answer:
        return self.get("/api/work")

    def metric(self, name: str) -> float:
        """The value of one sample, such as `b_requests_failed_total{reason="injected"}`."""
        for line in self.get("/metrics").body.splitlines():
            sample, _, value = line.rpartition(" ")
            if sample == name:
                return float(value)
        raise AssertionError(f"no sample {name}")

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def exit_code(self) -> int:
        return self.process.wait(timeout=15)

    def end(self) -> None:
        """Kill it if it still runs."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join()
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put(None)
