"""Requests at a planned rate, of each of which every event is written: due, sent, answered, given up.

    python -m chaosproof.demo.router.client load -s /tmp/gateway.sock --stage 100:10 --out DIR

Into DIR go `ledger/client.ndjson`, one line per event, and the load's files in the format of
docs/reference/run-folder.md (`load-plan.json`, `load-progress.ndjson`, `load-done.json`, `requests.csv.gz`). A second
answer to one request is written like the first: the fold of the ledger sees what a plain count hides.
"""

import asyncio
import gzip
import json
import math
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaosproof.demo.router.connection import Answer, Client, ClientError, new_request
from chaosproof.demo.router.ledger import Ledger

__all__ = ["LoadPlan", "Stage", "due_offsets", "run_load", "stage"]

_PROGRESS_S = 0.5
_RECONNECT_S = 0.1
_CSV_HEADER = "seq,due_at,sent_at,done_at,status,code,instance,attempts\n"


@dataclass(frozen=True)
class Stage:
    """A rate, and for how long."""

    rate_rps: float
    duration_s: float


@dataclass(frozen=True)
class LoadPlan:
    """What is sent where, when, and how long an answer is waited for."""

    name: str
    path: str
    connections: int
    timeout_s: float
    stages: tuple[Stage, ...]
    task: dict[str, Any]

    @property
    def duration_s(self) -> float:
        return math.fsum(part.duration_s for part in self.stages)

    def to_dict(self) -> dict[str, Any]:
        """The plan as load-plan.json has it."""
        requests = math.fsum(part.rate_rps * part.duration_s for part in self.stages)
        return {
            "name": self.name,
            "url": f"ipc://{self.path}",
            "protocol": "ipc",
            "frame": "TASK_SUBMIT",
            "body": new_request(f"{self.name}-{{seq}}", self.task).decode(),
            "model": "open",
            "arrivals": "constant",
            "rate_rps": requests / self.duration_s,
            "connections": self.connections,
            "duration_s": self.duration_s,
            "timeout_s": self.timeout_s,
            "seed": 0,
            "stages": [
                {"from_rps": part.rate_rps, "to_rps": part.rate_rps, "duration_s": part.duration_s}
                for part in self.stages
            ],
        }


def stage(text: str) -> Stage:
    """The stage that `RPS:SECONDS` names; `ValueError` with a sentence when it names none."""
    rate, colon, duration = text.partition(":")
    try:
        part = Stage(float(rate), float(duration))
    except ValueError:
        part = Stage(0.0, 0.0)
    if not colon or not (0 < part.rate_rps <= 1e6 and 0 < part.duration_s <= 3600):
        raise ValueError(f"--stage {text!r} is none: write RPS:SECONDS, such as 100:60.")
    return part


def due_offsets(stages: tuple[Stage, ...]) -> Iterator[float]:
    """Seconds after the start at which each request is due, evenly within each stage."""
    begun_s = 0.0
    for part in stages:
        for number in range(math.ceil(part.rate_rps * part.duration_s - 5e-7)):
            yield begun_s + number / part.rate_rps
        begun_s += part.duration_s


class _Sent:
    __slots__ = ("done", "due_at", "sent_at", "seq")

    def __init__(self, seq: int, due_at: float, sent_at: float) -> None:
        self.seq = seq
        self.due_at = due_at
        self.sent_at = sent_at
        self.done = False


class _Books:
    """Everything that is written, and the counts that the progress says."""

    def __init__(self, folder: Path, planned: int) -> None:
        self.folder = folder
        self.planned = planned
        self.due = self.sent = self.recorded = self.ok = 0
        self.codes: Counter[str] = Counter()
        self.ledger = Ledger(folder / "ledger" / "client.ndjson")
        self._rows: list[str] = [_CSV_HEADER]
        self._csv = (folder / "requests.csv.gz").open("wb")
        self._progress = (folder / "load-progress.ndjson").open("a", encoding="utf-8")
        self._latencies_ms: list[float] = []

    def record(self, sent: _Sent, done_at: float, status: int, code: str, was_sent: bool) -> None:
        """The fate of one request."""
        sent_at = f"{sent.sent_at:.6f}" if was_sent else ""
        self._rows.append(
            f"{sent.seq},{sent.due_at:.6f},{sent_at},{done_at:.6f},{status},{code},,{int(was_sent)}\n"
        )
        self._latencies_ms.append((done_at - sent.due_at) * 1000)
        self.recorded += 1
        self.ok += 200 <= status <= 299
        self.codes[code] += 1

    def save(self, at: float, t_s: float) -> None:
        """Write what came since the last time."""
        rows, self._rows = self._rows, []
        if rows:
            self._csv.write(gzip.compress("".join(rows).encode(), 3))
            self._csv.flush()
        latencies, self._latencies_ms = sorted(self._latencies_ms), []
        row = {
            "at": round(at, 6),
            "t_s": round(t_s, 6),
            "due": self.due,
            "sent": self.sent,
            "done": self.recorded,
            "ok": self.ok,
            "errors": self.recorded - self.ok,
            "inflight": self.sent - self.recorded,
            "codes": dict(self.codes),
            "p50_ms": _rank(latencies, 50),
            "p99_ms": _rank(latencies, 99),
        }
        self._progress.write(json.dumps(row) + "\n")
        self._progress.flush()
        self.ledger.flush()

    def close(self) -> None:
        self.ledger.close()
        self._csv.close()
        self._progress.close()


def _rank(ordered: list[float], percent: float) -> float | None:
    return round(ordered[max(1, math.ceil(len(ordered) * percent / 100)) - 1], 3) if ordered else None


class _Load:
    """One load under way."""

    def __init__(self, plan: LoadPlan, books: _Books, stop: asyncio.Event) -> None:
        self._plan = plan
        self._books = books
        self._stop = stop
        self._open: dict[str, tuple[_Sent, Client]] = {}
        self._clients: list[Client] = []
        self._turn = 0
        self._reconnecting: set[asyncio.Task[None]] = set()
        self._anchor = time.time() - time.monotonic()
        self._idle = asyncio.Event()

    def now(self) -> float:
        """Seconds since the epoch by a clock that nobody steps."""
        return self._anchor + time.monotonic()

    async def run(self) -> tuple[float, bool]:
        """When it started, and whether it came to its end; raises `ClientError` when nobody listens."""
        plan, books = self._plan, self._books
        for _ in range(plan.connections):
            self._clients.append(await Client.connect(plan.path, self._answered, self._lost))
        started_at = self.now()
        books.save(started_at, 0.0)
        saving = asyncio.create_task(self._save_again_and_again(started_at))
        for seq, offset in enumerate(due_offsets(plan.stages)):
            due_at = started_at + offset
            await self._wait_until(due_at)
            if self._stop.is_set():
                break
            self._send(seq, due_at)
            if seq % 64 == 63:
                # A stretch in which everything is overdue must not keep the answers from being read.
                await asyncio.sleep(0)
        complete = not self._stop.is_set()
        while self._open and not self._stop.is_set():
            self._idle.clear()
            async with asyncio.timeout(plan.timeout_s + 1.0):
                await self._idle.wait()
        for request_id in tuple(self._open):
            self._give_up(request_id)
        saving.cancel()
        # A moment for second answers: none is due, and one that comes must not be missed.
        await asyncio.sleep(0.2)
        books.save(self.now(), self.now() - started_at)
        for task in self._reconnecting:
            task.cancel()
        for client in self._clients:
            client.close()
        return started_at, complete

    async def _wait_until(self, at: float) -> None:
        # A loop's timers are whole milliseconds, and may ring early.
        while True:
            wait_s = at - self.now()
            if wait_s <= 0 or self._stop.is_set():
                return
            await asyncio.sleep(wait_s)

    def _send(self, seq: int, due_at: float) -> None:
        books = self._books
        request_id = f"{self._plan.name}-{seq}"
        sent_at = self.now()
        sent = _Sent(seq, due_at, sent_at)
        books.due += 1
        books.ledger.write(request_id, "due", due_at=round(due_at, 6))
        if not self._clients:
            books.ledger.write(request_id, "not_sent", code="CONNECT_REFUSED")
            books.record(sent, sent_at, 0, "CONNECT_REFUSED", was_sent=False)
            return
        self._turn = (self._turn + 1) % len(self._clients)
        client = self._clients[self._turn]
        self._open[request_id] = (sent, client)
        client.submit(new_request(request_id, self._plan.task))
        books.sent += 1
        books.ledger.write(request_id, "sent")
        asyncio.get_running_loop().call_later(self._plan.timeout_s, self._give_up, request_id)

    def _answered(self, answer: Answer) -> None:
        # Written before it is looked up: answers that nobody waits for are what the ledger is for.
        self._books.ledger.write(answer.request_id, "answered", status=answer.status, code=answer.code)
        self._close(answer.request_id, answer.status, answer.code)

    def _give_up(self, request_id: str) -> None:
        if request_id in self._open:
            self._books.ledger.write(request_id, "gave_up")
            self._close(request_id, 0, "TIMEOUT")

    def _lost(self, client: Client) -> None:
        if client in self._clients:
            self._clients.remove(client)
            task = asyncio.ensure_future(self._reconnect())
            self._reconnecting.add(task)
            task.add_done_callback(self._reconnecting.discard)
        for request_id in [name for name, (_, owner) in self._open.items() if owner is client]:
            self._books.ledger.write(request_id, "connection_lost")
            self._close(request_id, 0, "CONNECTION_RESET")

    async def _reconnect(self) -> None:
        while True:
            try:
                self._clients.append(await Client.connect(self._plan.path, self._answered, self._lost))
                return
            except ClientError:
                await asyncio.sleep(_RECONNECT_S)

    def _close(self, request_id: str, status: int, code: str) -> None:
        entry = self._open.pop(request_id, None)
        if entry is not None:
            self._books.record(entry[0], self.now(), status, code, was_sent=True)
        if not self._open:
            self._idle.set()

    async def _save_again_and_again(self, started_at: float) -> None:
        while True:
            await asyncio.sleep(_PROGRESS_S)
            self._books.save(self.now(), self.now() - started_at)


async def run_load(plan: LoadPlan, folder: Path) -> int:
    """Run the load and write its files into `folder`; 0 when it ran as planned, 2 when it was stopped.

    Raises `ClientError` when nobody listens, `OSError` when a file cannot be written.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "load-plan.json").write_text(json.dumps(plan.to_dict(), indent=2) + "\n", encoding="utf-8")
    planned = sum(1 for _ in due_offsets(plan.stages))
    books = _Books(folder, planned)
    started_at, complete = await _Load(plan, books, stop).run()
    books.close()
    duration_s = plan.duration_s
    done = {
        "name": plan.name,
        "planned": planned,
        "recorded": books.recorded,
        "ok": books.ok,
        "errors": books.recorded - books.ok,
        "started_at": started_at,
        "ended_at": time.time(),
        "complete": complete,
        "rate_rps": books.sent / duration_s,
        "stopped_by": None if complete else "SIGTERM",
    }
    (folder / "load-done.json").write_text(json.dumps(done, indent=2) + "\n", encoding="utf-8")
    if not complete:
        print(f"the load {plan.name} was stopped: {books.recorded} of {planned} requests", file=sys.stderr)
    return 0 if complete else 2
