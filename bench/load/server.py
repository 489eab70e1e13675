"""The server under the benchmarks: one worker with a constant time of service, which may freeze for a while.

Prints its port as its first line. `GET /work` is served in turn (at once and without a queue when the
service takes no time). `GET /reset?service=S&early=S&after=S&for=S` sets the time of service, and how early
before its end the answer is sent; forgets what was counted; and freezes the worker `for` seconds, `after`
seconds from the next work on. `GET /seen` tells how many came, when the first, when the last.

Try: python -m bench.load.server
"""

import asyncio
import json
import sys
import time
from collections import deque
from urllib.parse import parse_qs, urlsplit

import uvloop

from bench.load.paper import served_at
from chaosproof.load.timer import Timer

BODY = b'{"ok":true,"code":"SUCCESS"}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
    len(BODY),
    BODY,
)


class Worker:
    """Serves one request after the other."""

    def __init__(self) -> None:
        self._timer = Timer(asyncio.get_running_loop(), self._answer_served)
        self.reset(0, 0, float("inf"), 0)

    def reset(self, service_s: float, early_s: float, freeze_after_s: float, freeze_s: float) -> None:
        self.service_s, self._early_s = service_s, early_s
        self.came = 0
        self.first = self.last = 0.0
        self._freeze_after_s, self._freeze_s = freeze_after_s, freeze_s
        self._free = 0.0
        self._served: deque[tuple[float, asyncio.WriteTransport]] = deque()

    def take(self, transport: asyncio.WriteTransport) -> None:
        """One request has come."""
        now = self.last = time.monotonic()
        if not self.came:
            self.first = now
        self.came += 1
        if not self.service_s:
            transport.write(ANSWER)
            return
        freeze_from = self.first + self._freeze_after_s
        self._free = served_at(now, self._free, self.service_s, freeze_from, self._freeze_s)
        self._served.append((self._free - self._early_s, transport))
        if len(self._served) == 1:
            self._timer.set(self._served[0][0])

    def _answer_served(self) -> None:
        now = time.monotonic()
        while self._served and self._served[0][0] <= now:
            self._served.popleft()[1].write(ANSWER)
        if self._served:
            self._timer.set(self._served[0][0])


class Connection(asyncio.Protocol):
    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if data.startswith(b"GET /work"):
            self._worker.take(self._transport)
            return
        where = urlsplit(data.split(b" ", 2)[1].decode())
        if where.path == "/reset":
            query = {key: float(value[0]) for key, value in parse_qs(where.query).items()}
            self._worker.reset(
                query["service"], query.get("early", 0), query.get("after", float("inf")), query.get("for", 0)
            )
        seen = {"came": self._worker.came, "first": self._worker.first, "last": self._worker.last}
        body = json.dumps(seen).encode()
        self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))


class PingConnection(asyncio.Protocol):
    """The gateway's PING, answered by a PONG of the same payload; clients wait for one before the next."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._transport.write(data[:5] + b"\xf1" + data[6:])


async def main(socket_path: str | None) -> None:
    loop = asyncio.get_running_loop()
    worker = Worker()
    server = await loop.create_server(lambda: Connection(worker), "127.0.0.1", 0, backlog=2048)
    pings = await loop.create_unix_server(PingConnection, socket_path) if socket_path else None
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await (pings or server).serve_forever()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1] if len(sys.argv) > 1 else None))
