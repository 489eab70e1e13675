"""One command in one container of a pod, over one WebSocket to the API server: bytes in, bytes out, exit code.

The protocol is `v4.channel.k8s.io`: every message begins with the number of its channel (0 stdin, 1 stdout, 2 stderr,
3 a Status in JSON with the exit code). It has no way to close stdin, so a command that reads it to its end is given
exactly as many bytes by `head -c`. (https://kubernetes.io/docs/reference/using-api/api-concepts, remotecommand)

The client's own `stream` exchanges a method of the shared connection while it calls, so two threads at once get
each other's; hence these few lines on the same library.
"""

import contextlib
import json
import math
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import websocket
from kubernetes.stream.ws_client import create_websocket

from chaosproof.errors import TargetError
from chaosproof.targets.base import CommandResult
from chaosproof.targets.kubernetes.client.api import Cluster, refused

__all__ = ["BROKEN", "NOT_FOUND", "Exec", "execute", "exit_code_in"]

BROKEN = 255
"""The exit code of a command whose connection broke, as ssh has it: how it went on is not known."""
NOT_FOUND = 127
"""The exit code of a command that the container does not have."""
_NO_SHELL = re.compile(rb"""["'`]sh["'`]""")
_STDIN, _STDOUT, _STDERR, _STATUS = range(4)
_RETRY_S = 0.1
_LATE = "{how late}"
# `timeout` kills the whole process group; what reads stdin gets its end from head. A command that counts from its call
# is told how long it was on its way.
_RUN = """
t=$1 n=$2; export CHAOSPROOF_LATE_MS="$3"; shift 3
if [ "$n" -gt 0 ]; then head -c "$n" | timeout -s KILL "$t" "$@"; else exec timeout -s KILL "$t" "$@" </dev/null; fi
"""


class Exec:
    """A running command. Use it as a context manager; leaving it early closes the connection.

    Raises `Refused` or `TargetError` when it cannot be started.
    """

    def __init__(
        self, cluster: Cluster, pod: str, container: str, argv: Sequence[str], *, stdin: bool
    ) -> None:
        query = [
            ("container", container),
            ("stdout", "true"),
            ("stderr", "true"),
            ("stdin", str(stdin).lower()),
        ]
        path = cluster.path("pods", f"{pod}/exec")
        root = cluster.host.replace("http", "ws", 1) + path + "?"
        called_at = time.monotonic()

        def url() -> str:
            late_ms = str(round((time.monotonic() - called_at) * 1000))
            command = [("command", late_ms if argument is _LATE else argument) for argument in argv]
            return root + urlencode([*command, *query])

        self._where = f"{pod} ({container})"
        self._socket = _connected(cluster, url, path)
        self.exit_code: int | None = None
        self.message = b""

    def __enter__(self) -> "Exec":
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(Exception):
            self._socket.close(timeout=0)

    def write(self, data: bytes) -> None:
        """Send `data` to the command's stdin."""
        for start in range(0, len(data), 32768):
            self._socket.send_binary(bytes([_STDIN]) + data[start : start + 32768])

    def messages(self, timeout_s: float) -> Iterator[tuple[int, bytes]]:
        """What it prints as it prints it: (1 or 2, bytes), until it has ended; then `exit_code` is known.

        Raises `TimeoutError` when `timeout_s` pass, `ConnectionError` when the connection breaks before the end.
        """
        given_up_at = time.monotonic() + timeout_s
        while True:
            left_s = given_up_at - time.monotonic()
            if left_s <= 0:
                raise TimeoutError
            self._socket.settimeout(left_s)
            try:
                opcode, data = self._socket.recv_data()
            except websocket.WebSocketTimeoutException as error:
                raise TimeoutError from error
            except (websocket.WebSocketException, OSError) as error:
                raise ConnectionError(f"the connection to {self._where} broke: {error}") from error
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                raise ConnectionError(f"the connection to {self._where} was closed before the command's end")
            if not data:
                continue
            channel, content = data[0], data[1:]
            if channel == _STATUS:
                self.exit_code, self.message = exit_code_in(content)
                return
            if content and channel in (_STDOUT, _STDERR):
                yield channel, content


def execute(
    cluster: Cluster,
    pod: str,
    container: str,
    argv: Sequence[str],
    *,
    stdin: bytes = b"",
    timeout_s: float = 10.0,
) -> CommandResult:
    """Run a command to its end. Exit code 124 when `timeout_s` ran out, `BROKEN` when the connection broke.

    Raises `Refused` or `TargetError` when it cannot be started at all, as in a container without a shell.
    """
    whole = ["sh", "-c", _RUN, "run", f"{timeout_s:g}", str(len(stdin)), _LATE, *argv]
    out: Mapping[int, bytearray] = {_STDOUT: bytearray(), _STDERR: bytearray()}
    begun = time.monotonic()

    def done(exit_code: int, stdout: bytes, stderr: bytes) -> CommandResult:
        printed, errors = stdout.decode(errors="replace"), stderr.decode(errors="replace")
        return CommandResult(tuple(argv), exit_code, printed, errors, time.monotonic() - begun)

    with Exec(cluster, pod, container, whole, stdin=bool(stdin)) as running:
        try:
            running.write(stdin)
            # The pod's own clock ends the command; ours only notices a connection that hangs.
            for channel, data in running.messages(timeout_s + 5.0):
                out[channel].extend(data)
        except (TimeoutError, ConnectionError, websocket.WebSocketException, OSError) as error:
            message = str(error) or f"did not end within {timeout_s:g} s"
            code = 124 if isinstance(error, TimeoutError) else BROKEN
            return done(code, bytes(out[_STDOUT]), message.encode())
    code = BROKEN if running.exit_code is None else running.exit_code
    if code == NOT_FOUND and _NO_SHELL.search(running.message):
        raise TargetError(_no_shell(pod, container, running.message))
    if code == 137 and time.monotonic() - begun >= timeout_s:
        return done(124, b"", f"did not end within {timeout_s:g} s".encode())
    return done(code, bytes(out[_STDOUT]), bytes(out[_STDERR]) or running.message)


def _no_shell(pod: str, container: str, message: bytes) -> str:
    return (
        f"The image of the container {container} of {pod} has no shell (sh), so no command can be run in it: "
        f"{message.decode(errors='replace').strip()}. A fault on its network and restart, which deletes the pod, need "
        "none; kill, terminate, pause and a load beside it want an image with a shell, and the container chaos wants "
        "chaosproof/chaos."
    )


def _connected(cluster: Cluster, url: Callable[[], str], path: str) -> Any:
    """The open WebSocket; a server that is not there is asked again for a while, as while it is restarted."""
    headers = {**cluster.headers(), "sec-websocket-protocol": "v4.channel.k8s.io"}
    given_up_at = time.monotonic() + cluster.patience_s
    while True:
        try:
            return create_websocket(cluster.configuration, url(), headers)  # type: ignore[no-untyped-call]
        except websocket.WebSocketBadStatusException as error:
            status = int(error.status_code)
            if status < 500 or time.monotonic() > given_up_at:
                raise refused(
                    f"a command in {path.rsplit('/', 2)[1]}",
                    status,
                    getattr(error, "resp_body", None),
                    "commands in pods (verb create on pods/exec)",
                ) from error
        except (websocket.WebSocketException, OSError) as error:
            if time.monotonic() > given_up_at:
                raise TargetError(f"The API server {cluster.host} cannot be reached: {error}.") from error
        time.sleep(_RETRY_S)


def exit_code_in(content: bytes) -> tuple[int, bytes]:
    """The exit code in a Status, and what it says where the command could not even be started."""
    status = json.loads(content)
    if status.get("status") == "Success":
        return 0, b""
    message = str(status.get("message", "")).encode()
    for cause in (status.get("details") or {}).get("causes") or ():
        if cause.get("reason") == "ExitCode":
            code = float(cause["message"])
            return (int(code) if math.isfinite(code) else BROKEN), b""
    return (NOT_FOUND if b"not found" in message or b"no such file" in message else 126), message
