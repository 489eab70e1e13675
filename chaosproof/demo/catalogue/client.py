"""Calls an echo over one TCP connection that it keeps, all the time, and says so when that changes.

CALL=localhost:7000 python chaosproof/demo/catalogue/client.py
"""

import json
import os
import socket
import time


class Caller:
    """One kept connection, opened again when it is lost."""

    def __init__(self, host: str, port: int, timeout_s: float) -> None:
        self._where = (host, port)
        self._timeout_s = timeout_s
        self._connection: socket.socket | None = None
        self._answers = b""
        self._number = 0

    def call(self) -> str:
        """What became of one call: `answered`, `refused`, `reset`, `closed` or `timeout`."""
        try:
            if self._connection is None:
                self._answers = b""
                self._connection = socket.create_connection(self._where, self._timeout_s)
            return self._ask(self._connection)
        except TimeoutError:
            return "timeout"  # a connection that was open stays: what is late may still come
        except ConnectionRefusedError:
            outcome = "refused"
        except (ConnectionResetError, ConnectionAbortedError, BrokenPipeError):
            outcome = "reset"
        except ConnectionError:
            outcome = "closed"
        self._lose()
        return outcome

    def _ask(self, connection: socket.socket) -> str:
        self._number += 1
        line = b"%d\n" % self._number
        connection.sendall(line)
        while not self._answers.endswith(line):
            data = connection.recv(4096)
            if not data:
                raise ConnectionError
            self._answers = (self._answers + data)[-64:]
        return "answered"

    def _lose(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def main() -> None:
    host, port = os.environ["CALL"].rsplit(":", 1)
    every_s = int(os.environ.get("CALL_EVERY_MS", "20")) / 1000
    caller = Caller(host, int(port), int(os.environ.get("CALL_TIMEOUT_MS", "300")) / 1000)
    before = ""
    while True:
        outcome = caller.call()
        if outcome != before:
            print(json.dumps({"at": time.time(), "calls": outcome}), flush=True)
            before = outcome
        time.sleep(every_s)


if __name__ == "__main__":
    main()
