"""The load of a made-up run: each request answered by the world when its time has come, and written down as the
generator writes it.
"""

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

from chaosproof.runfolder.load import LoadDone, LoadPlan, LoadProgress
from chaosproof.runfolder.paths import read_json, write_json
from chaosproof.runfolder.requests import HEADER, REQUESTS, encode_row
from tests.random_experiments.traffic import Request

__all__ = ["Load"]

_FLUSH_S = 0.5


class Load:
    """One load, from its plan in `folder`. `sends` is the share of what is due that its generator manages to send."""

    def __init__(self, folder: Path, began_at: float, sends: float = 1.0) -> None:
        self.folder = folder
        self.plan: dict[str, Any] = read_json(folder / LoadPlan.FILE)
        self.began_at = began_at
        self.sends = sends
        self.measured = self.plan["name"] != "warmup"
        self.service = str(self.plan["url"]).split("://")[1].split(":")[0].split("/")[0]
        self.requests: list[Request] = []
        self.over = False
        self._pending: list[str] = [HEADER]
        self._flushed_at = began_at
        self._progress(began_at)

    @property
    def planned(self) -> int:
        return round(float(self.plan["rate_rps"]) * float(self.plan["duration_s"]))

    def due_until(self, now: float) -> list[tuple[int, float]]:
        """The requests that are due by `now` and were not before: number and instant."""
        count = min(self.planned, int((now - self.began_at) * self.plan["rate_rps"]) + 1)
        return [
            (seq, self.began_at + seq / self.plan["rate_rps"]) for seq in range(len(self.requests), count)
        ]

    def record(self, seq: int, request: Request, *, sent: bool) -> None:
        self.requests.append(request)
        at = request.at
        if sent:
            row = (at, request.done_at, request.status, request.code, request.front, 1)
            self._pending.append(encode_row(seq, at, at + 0.0002, *row[1:]))
        else:
            self._pending.append(encode_row(seq, at, None, at, 0, "NOT_SENT", "", 0))

    def tick(self, now: float) -> None:
        """Write what there is twice a second; end when all that was due has been answered."""
        if self.over:
            return
        done = len(self.requests) == self.planned
        if done or now - self._flushed_at >= _FLUSH_S:
            self._flush(now)
        if done:
            self.end(now)

    def end(self, now: float, stopped_by: str | None = None) -> None:
        if self.over:
            return
        self.over = True
        self._flush(now)
        ok = sum(200 <= request.status < 300 for request in self.requests)
        sent = sum(request.code != "NOT_SENT" for request in self.requests)
        duration_s = max(self.plan["duration_s"], 1e-9)
        done = LoadDone(
            name=self.plan["name"],
            planned=self.planned,
            recorded=len(self.requests),
            ok=ok,
            errors=len(self.requests) - ok,
            started_at=self.began_at,
            ended_at=now,
            complete=stopped_by is None,
            rate_rps=round(sent / duration_s, 3),
            stopped_by=stopped_by,
        )
        write_json(self.folder / LoadDone.FILE, done.to_json())

    def _flush(self, now: float) -> None:
        self._flushed_at = now
        if self._pending:
            with (self.folder / REQUESTS).open("ab") as file:
                file.write(gzip.compress("".join(self._pending).encode(), compresslevel=1, mtime=0))
            self._pending.clear()
        self._progress(now)

    def _progress(self, now: float) -> None:
        count = len(self.requests)
        ok = sum(200 <= request.status < 300 for request in self.requests)
        row = LoadProgress(
            at=now,
            t_s=now - self.began_at,
            due=count,
            sent=count,
            done=count,
            ok=ok,
            errors=count - ok,
            inflight=0,
            codes=dict(Counter(request.code for request in self.requests)),
            p50_ms=None,
            p99_ms=None,
        )
        with (self.folder / LoadProgress.FILE).open("a") as file:
            file.write(json.dumps(row.to_json()) + "\n")
