"""One line per event of a request, `{"at", "id", "event", ...}`: what a fold counts lost and doubled ones from."""

import json
import time
from collections.abc import Callable
from pathlib import Path

__all__ = ["Ledger"]

_FLUSH_LINES = 256


class Ledger:
    """Appends to a file; what is written is kept back for at most `flush` or some hundred lines."""

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab")
        self._lines: list[str] = []
        self._clock = clock

    def write(self, request_id: str, event: str, **facts: object) -> None:
        """`event` happened to the request now."""
        line = {"at": round(self._clock(), 6), "id": request_id, "event": event, **facts}
        self._lines.append(json.dumps(line))
        if len(self._lines) >= _FLUSH_LINES:
            self.flush()

    def flush(self) -> None:
        """Give the file everything; raises OSError when the disk will not take it."""
        if self._lines:
            lines, self._lines = self._lines, []
            self._file.write(("\n".join(lines) + "\n").encode())
            self._file.flush()

    def close(self) -> None:
        self.flush()
        self._file.close()
