"""What a run says while it runs: rate, errors by code, watched metrics, the fault's countdown.

On a terminal one line that is rewritten; elsewhere a plain line every 5 s. It only reads the run folder's
files and Prometheus, so it can neither help nor harm the run.
"""

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from logging import StreamHandler, getLogger
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console
from rich.live import Live
from rich.text import Text

from chaosproof.errors import ChaosproofError
from chaosproof.experiment.experiment import Watched
from chaosproof.runfolder.faults import FaultRecord, read_faults
from chaosproof.runfolder.load import LoadProgress
from chaosproof.runfolder.paths import WARMUP
from chaosproof.runner.prometheus import instant

__all__ = ["Moment", "Progress", "status_line"]

_PLAIN_INTERVAL_S = 5.0
_TERMINAL_INTERVAL_S = 0.5
_WATCH_TIMEOUT_S = 1.0

_CODES_SHOWN = 6


@dataclass(frozen=True)
class Moment:
    """What is known at one instant: the load's last two progress rows, active faults, watched values."""

    phase: str
    row: Mapping[str, Any]
    before: Mapping[str, Any] | None
    faults: tuple[FaultRecord, ...]
    watched: tuple[str, ...]
    now: float


def status_line(moment: Moment) -> str:
    """One line for a person. A pure function of `moment`."""
    row, before = moment.row, moment.before or {"at": moment.row["at"] - moment.row["t_s"], "done": 0}
    passed_s = max(float(row["at"]) - float(before["at"]), 1e-9)
    rate_rps = (int(row["done"]) - int(before["done"])) / passed_s
    parts = [
        f"{moment.phase} {row['t_s']:5.1f} s",
        f"{rate_rps:.0f} req/s",
        f"p99 {row['p99_ms']:.0f} ms" if row.get("p99_ms") is not None else "",
        f"{row['ok']} ok",
        _errors(row.get("codes", {})) or "no errors",
        *(_countdown(fault, moment.now) for fault in moment.faults),
        *moment.watched,
    ]
    return "  ".join(part for part in parts if part)


def _errors(codes: Mapping[str, int]) -> str:
    others = {code: count for code, count in codes.items() if code not in ("SUCCESS", "HTTP_200")}
    shown = sorted(others, key=lambda code: -others[code])[:_CODES_SHOWN]
    more = f" and {len(others) - len(shown)} codes more" if len(others) > len(shown) else ""
    return " ".join(f"{code} {others[code]}" for code in sorted(shown)) + more


def _countdown(fault: FaultRecord, now: float) -> str:
    left_s = max(0.0, (fault.expires_at or now) - now)
    return f"[{fault.kind} on {fault.instance} ends in {left_s:.0f} s]"


class Progress(threading.Thread):
    """Shows the progress of the run in `folder` from `start` until `stop`, or until the process ends.

    `prometheus` is its URL, and `watch` what it is asked for; nothing without one.
    """

    def __init__(self, folder: Path, prometheus: str | None, watch: tuple[Watched, ...]) -> None:
        super().__init__(name="progress", daemon=True)
        self._folder = folder
        self._prometheus = prometheus
        self._watch = watch
        self._over = threading.Event()
        self._before: Mapping[str, Any] | None = None

    def stop(self) -> None:
        """Show no more, and return when the thread has ended."""
        self._over.set()
        self.join(timeout=5.0)

    def run(self) -> None:
        """The thread itself."""
        console = Console(stderr=True)
        if console.is_terminal:
            with Live(console=console, transient=True, auto_refresh=False) as live, _logs_through(sys.stderr):
                self._show(_TERMINAL_INTERVAL_S, lambda line: live.update(Text(line), refresh=True))
        else:
            self._show(_PLAIN_INTERVAL_S, lambda line: print(line, file=sys.stderr, flush=True))

    def _show(self, interval_s: float, show: Callable[[str], None]) -> None:
        while not self._over.wait(interval_s):
            if moment := self._look():
                show(status_line(moment))

    def _look(self) -> Moment | None:
        phase, row = "load", _last_row(self._folder / LoadProgress.FILE)
        if row is None:
            phase, row = "warm-up", _last_row(self._folder / WARMUP / LoadProgress.FILE)
        if row is None or (self._before and row["at"] == self._before["at"]):
            return None
        before = self._before
        if before and float(before["t_s"]) > float(row["t_s"]):
            before = None
        self._before = row
        now = time.time()
        faults = _active_faults(self._folder / FaultRecord.FILE, now)
        return Moment(phase, row, before, faults, self._ask_watched(), now)

    def _ask_watched(self) -> tuple[str, ...]:
        if self._prometheus is None:
            return ()
        seen = []
        for entry in self._watch:
            try:
                answer = instant(self._prometheus, entry.query, timeout_s=_WATCH_TIMEOUT_S)
            except ChaosproofError:
                continue
            values = [
                f"{sample['metric'].get('instance', '')}={entry.names.get(sample['value'][1], sample['value'][1])}"
                for sample in answer
            ]
            seen.append(f"{entry.label} {' '.join(sorted(values))}" if values else "")
        return tuple(seen)


def _last_row(path: Path) -> dict[str, Any] | None:
    """The last complete line of a file that is being written."""
    try:
        with path.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - 16384))
            lines = file.read().split(b"\n")[:-1]
        row: dict[str, Any] = json.loads(lines[-1])
    except (OSError, ValueError, IndexError):
        return None
    return row


def _active_faults(path: Path, now: float) -> tuple[FaultRecord, ...]:
    try:
        faults = read_faults(path)
    except OSError:
        return ()
    return tuple(fault for fault in faults if not fault.ended and (fault.expires_at or 0) > now)


@contextmanager
def _logs_through(stream: TextIO) -> Iterator[None]:
    """Let Chaos Toolkit's own log lines go through the live display, which redirects stderr, not across
    it.
    """
    changed = []
    for handler in [*getLogger("chaostoolkit").handlers, *getLogger("logzero_default").handlers]:
        if isinstance(handler, StreamHandler) and getattr(handler.stream, "isatty", lambda: False)():
            changed.append((handler, handler.setStream(stream)))
    try:
        yield
    finally:
        for handler, before in changed:
            if before is not None:
                handler.setStream(before)
