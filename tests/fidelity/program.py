"""A program of ours that runs in a room: it is told words, and prints events."""

import json
import queue
import signal
import subprocess
import threading
from typing import Any

from chaosproof.errors import ChaosproofError

__all__ = ["Program"]


class Program:
    """A program of ours in the room, which prints events; they are collected as they come."""

    def __init__(self, process: "subprocess.Popen[str]", bound_s: float) -> None:
        self._process = process
        self._bound_s = bound_s
        self._news: queue.Queue[str] = queue.Queue()
        self.events: list[dict[str, Any]] = []
        threading.Thread(target=self._collect, daemon=True).start()

    def tell(self, word: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()

    def wait(self, event: str) -> None:
        """Return when it says so. Raises `ChaosproofError` when it ends, or takes too long."""
        try:
            while (name := self._news.get(timeout=self._bound_s)) != event:
                if not name:
                    raise ChaosproofError(f"a program of the room ended before {event!r}")
        except queue.Empty:
            raise ChaosproofError(f"a program of the room did not come to {event!r}") from None

    def go_on(self) -> None:
        """Let it go on, where it was stopped."""
        # nsenter, which started it, has stopped with it, and lets it go on when it does so itself
        self._process.send_signal(signal.SIGCONT)

    def _collect(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            event = json.loads(line)
            self.events.append(event)
            self._news.put(event["event"])
        self._news.put("")
