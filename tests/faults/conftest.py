"""One test room for the tests of this folder, with an echo server in it; each starts with no fault on."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaosproof.faults.engine import FaultEngine
from chaosproof.runfolder.faults import FaultLedger

from .netns_target import PORT, SERVICE_ADDRESS, NetnsTarget

ECHO = """
import socket, sys, threading
family = socket.AF_INET6
server = socket.create_server(("::", int(sys.argv[1])), family=family, dualstack_ipv6=True, backlog=100)
server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # for all that it accepts
print("up", flush=True)
def serve(connection):
    try:
        while data := connection.recv(65536):
            connection.sendall(data)
    except OSError:
        pass
while True:
    threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()
"""

# one connection; each line on stdin is a question: prints what became of it, and when (Unix seconds)
CLIENT = """
import errno, fcntl, json, socket, sys, time
host, port = sys.argv[1], int(sys.argv[2])
connection = socket.create_connection((host, port), 2)
print("up", flush=True)
for line in sys.stdin:
    word, *rest = line.split()
    answer = "ok"
    try:
        if word == "new":
            connection = socket.create_connection((host, port), float(rest[0]))
        elif word == "echo":
            connection.settimeout(float(rest[0]))
            connection.sendall(b"x")
            if not connection.recv(1):
                answer = "closed"
        elif word == "send":  # so many bytes, until the other kernel has them
            connection.sendall(b"x" * int(rest[0]))
            while fcntl.ioctl(connection, 0x5411, bytes(4)) != bytes(4):
                time.sleep(0.001)
        elif word == "rtt":  # the median of so many round trips, in ms
            connection.settimeout(5)
            took_ms = []
            for _ in range(int(rest[0])):
                began = time.monotonic()
                connection.sendall(b"x")
                connection.recv(1)
                took_ms.append((time.monotonic() - began) * 1000)
            answer = str(sorted(took_ms)[len(took_ms) // 2])
        elif word == "read":
            connection.settimeout(float(rest[0]))
            connection.recv(1)
    except OSError as error:
        answer = "timeout" if isinstance(error, TimeoutError) else errno.errorcode[error.errno]
    print(json.dumps([answer, time.time()]), flush=True)
"""


class Client:
    """A program in an instance that holds one connection to the echo server."""

    def __init__(self, target: NetnsTarget, instance: str, host: str, port: int = PORT) -> None:
        self._process = target.python(instance, CLIENT, host, str(port))
        self._say()

    def ask(self, question: str) -> str:
        return self.ask_when(question)[0]

    def ask_when(self, question: str) -> tuple[str, float]:
        assert self._process.stdin
        self._process.stdin.write(question + "\n")
        self._process.stdin.flush()
        answer, at = json.loads(self._say())
        return answer, at

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(10)

    def _say(self) -> str:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise AssertionError(f"the client ended with {self._process.wait(10)}")
        return line


@pytest.fixture(scope="session")
def room() -> Iterator[NetnsTarget]:
    with NetnsTarget() as target:
        for server in target.instances("server"):
            echo: subprocess.Popen[str] = target.python(server.name, ECHO, str(PORT))
            assert echo.stdout and echo.stdout.readline() == "up\n"
        yield target


@pytest.fixture
def client(room: NetnsTarget) -> Iterator[Client]:
    client = Client(room, "client-0", SERVICE_ADDRESS)
    yield client
    client.close()


@pytest.fixture
def engine(room: NetnsTarget, tmp_path: Path) -> Iterator[FaultEngine]:
    engine = FaultEngine(room, FaultLedger(tmp_path / "faults.jsonl"))
    yield engine
    engine.heal()
    for receipt in engine.receipts():
        if receipt.applied_at is not None:
            engine.wait_until_ended(receipt)
