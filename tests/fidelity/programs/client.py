"""The client's end: a new, an established and an idle connection for each address, and how each fares.

python client.py '{"protocol": "tcp", "port": 50051, "addresses": {"4": "10.77.0.2"}, "patience_s": 6, "pause_s": 0.1}'
On standard input: `go` (the fault is on), `sample`, `after` (it has ended). A flow is named by its address family
and its state, as `4 established`.
"""

import json
import select
import socket
import struct
import sys
import threading
import time

from sockets import emit, errno_name, learn, poll_for, tcp_info, wait_for

_BYTES = {"tcp": 8_000, "udp": 1_000}
# in pauses between messages
_UDP_AGAIN = 5
_LOOK_S = 0.05
_QUIET_S = 0.01
# the other end may still have to hear that the last connection is closed
_BEFORE_NEXT_S = 0.2
_WARM_UP_EXCHANGES = 5
_FOREVER_S = 3600.0


class Flow:
    """One connection. `over` is set once its end knows that it is over."""

    def __init__(self, name: str, protocol: str, address: tuple[str, int], pause_s: float) -> None:
        self.name = name
        self.address = address
        self.pause_s = pause_s
        self.tcp = protocol == "tcp"
        self.message = b"x" * _BYTES[protocol]
        self.connected = self.over = self.heard = False
        self.asked = self.answered = 0
        self.owed = 0
        self.unsent = b""
        self.go, self.stop = threading.Event(), threading.Event()
        self.socket = self._socket(0)
        self.port = 0
        self.polled = ""

    def _socket(self, port: int) -> socket.socket:
        family = socket.AF_INET6 if ":" in self.address[0] else socket.AF_INET
        new = socket.socket(family, socket.SOCK_STREAM if self.tcp else socket.SOCK_DGRAM)
        new.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        new.bind(("", port))
        if self.tcp:
            new.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        new.setblocking(False)
        return new

    def open(self, timeout_s: float = _FOREVER_S) -> str:
        """Connect: empty when it is, `waits` when nothing came of it in time or it was stopped, else the errno."""
        self.port = self.socket.getsockname()[1]
        try:
            self.socket.connect(self.address)
        except BlockingIOError:
            pass
        except OSError as error:
            return errno_name(error)
        return self.wait_open(timeout_s)

    def wait_open(self, timeout_s: float) -> str:
        until = time.monotonic() + timeout_s
        while not (polled := poll_for(self.socket, select.POLLOUT, _LOOK_S)):
            if time.monotonic() > until or self.stop.is_set():
                return "waits"
        if code := self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self.polled = polled
            return errno_name(OSError(code, ""))
        self.connected = True
        return ""

    def exchange(self, timeout_s: float = _FOREVER_S) -> str:
        """Send a message and wait for it to come back: empty when it did, else as `open`."""
        until = time.monotonic() + timeout_s
        if not self.owed:
            self.asked += 1
            self.owed, self.unsent = len(self.message), self.message
        sent_at = time.monotonic()
        while self.owed:
            if time.monotonic() > until or self.stop.is_set():
                return "waits"
            if not self.tcp and time.monotonic() > sent_at + _UDP_AGAIN * self.pause_s:
                self.unsent, sent_at = self.message, time.monotonic()
                self.asked += 1
            wanted = select.POLLIN | select.POLLRDHUP | (select.POLLOUT if self.unsent else 0)
            polled = poll_for(self.socket, wanted, _LOOK_S)
            call = "send" if polled == "OUT" else "recv"
            try:
                if polled == "OUT":
                    self.unsent = self.unsent[self.socket.send(self.unsent) :]
                elif polled:
                    data = self.socket.recv(65536)
                    if not data and self.tcp:
                        return self._learns("recv", "EOF", polled)
                    self.owed = max(0, self.owed - len(data))
            except BlockingIOError:
                continue
            except OSError as error:
                return self._learns(call, errno_name(error), polled)
        self.answered += 1
        return ""

    def wait_idle(self) -> None:
        """Only wait: what an end hears that does not speak."""
        while not self.stop.is_set() and not self.over:
            self.hear(_LOOK_S)

    def hear(self, timeout_s: float) -> None:
        """Wait, and say what comes without being asked for."""
        if polled := poll_for(self.socket, select.POLLIN | select.POLLRDHUP, timeout_s):
            try:
                if not self.socket.recv(65536) and self.tcp:
                    self._learns("recv", "EOF", polled)
            except OSError as error:
                self._learns("recv", errno_name(error), polled)

    def talk(self) -> None:
        """Wait for the word, then exchange messages until it is over or is stopped."""
        while not self.go.is_set() and not self.over and not self.stop.is_set():
            self.hear(_QUIET_S)
        while not self.stop.is_set() and not self.over:
            self.exchange()
            # what is still to come of an answer is not for anybody else to read
            if not self.over and not self.owed:
                self.hear(self.pause_s)

    def begin(self) -> None:
        """What a new connection does."""
        emit("begins", self.name)
        result = self.open()
        if result == "":
            emit("connects", self.name)
            self.talk()
        elif result != "waits":
            self.over = True
            learn(self.name, self.socket, "connect", result, self.polled)

    def _learns(self, call: str, by: str, polled: str) -> str:
        if not self.heard:
            learn(self.name, self.socket, call, by, polled)
        self.heard, self.over = True, self.tcp
        # a datagram socket goes on after an error
        self.owed = 0
        return by

    def sample(self, event: str) -> None:
        info = tcp_info(self.socket) if self.tcp else {}
        emit(event, self.name, asked=self.asked, answered=self.answered, port=self.port, **info)

    def after(self, patience_s: float) -> None:
        """Whether it goes on, and whether the next connection from its port works."""
        result = "over"
        if not self.over:
            if self.tcp and not self.connected:
                result = self.wait_open(patience_s)
            result = result if self.tcp and not self.connected else self.exchange(patience_s)
        emit("same", self.name, result=result or "works")
        if self.tcp and not self.over:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()
        time.sleep(_BEFORE_NEXT_S)
        started = time.time()
        self.over, self.connected, self.owed = False, False, 0
        try:
            self.socket = self._socket(self.port)
            result = self.open(patience_s) or self.exchange(patience_s)
        except OSError as error:
            result = errno_name(error)
        emit("next", self.name, result=result or "works", since=started)


def main() -> None:
    settings = json.loads(sys.argv[1])
    protocol, port = settings["protocol"], settings["port"]
    states = ("new", "established", "idle") if protocol == "tcp" else ("new", "established")
    flows = {
        f"{family} {state}": Flow(f"{family} {state}", protocol, (address, port), settings["pause_s"])
        for family, address in settings["addresses"].items()
        for state in states
    }
    threads = {}
    for name, flow in flows.items():
        if not name.endswith("new"):
            problem = flow.open(settings["patience_s"])
            for _ in range(_WARM_UP_EXCHANGES):
                problem = problem or flow.exchange(settings["patience_s"])
            if problem:
                raise SystemExit(f"{name} could not be opened: {problem}")
    for name, flow in flows.items():
        if not name.endswith("new"):
            work = flow.talk if name.endswith("established") else flow.wait_idle
            threads[name] = threading.Thread(target=work, daemon=True)
            threads[name].start()
    emit("ready")
    wait_for("go")
    for flow in flows.values():
        flow.sample("before")
        flow.go.set()
    for name, flow in flows.items():
        if name.endswith("new"):
            threads[name] = threading.Thread(target=flow.begin, daemon=True)
            threads[name].start()
    wait_for("sample")
    for flow in flows.values():
        flow.sample("sample")
    emit("sampled")
    wait_for("after")
    for flow in flows.values():
        flow.stop.set()
    for thread in threads.values():
        thread.join()
    for flow in flows.values():
        flow.stop.clear()
    threads = {
        name: threading.Thread(target=flow.after, args=(settings["patience_s"],))
        for name, flow in flows.items()
    }
    for thread in threads.values():
        thread.start()
    for thread in threads.values():
        thread.join()
    emit("done")
    wait_for("")


main()
