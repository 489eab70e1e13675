"""The ledger of requests: what both ends wrote of every request, folded into what became of each.

    python -c "from chaosproof.demo.router.request_ledger import fold_ledger, read_events; ..."

An event is a line `{"at", "id", "event", ...}`. The sender writes `due` and `sent` (or `not_sent`), then
`answered` with `status` and `code`, `connection_lost` or `gave_up`; the one that does the work writes
`executed`. Each request has one fate: `ok`, `error` (an explicit answer that is no success), `timed_out` (an
explicit answer that says so), `lost` (sent, and never answered) or `not_sent`. Beside the fates: `duplicates`
(answers beyond the first), `executed_again` (work done more than once), `late` (work done after the sender had
its answer or had given up), `ok_unexecuted` (a success that nobody worked for).
"""

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = [
    "LEDGERS",
    "TIMEOUT_CODE",
    "Disruption",
    "Event",
    "LedgerError",
    "disruption_figures",
    "fold_ledger",
    "read_events",
    "read_ledgers",
    "window_figures",
]

TIMEOUT_CODE = "timeout"
LEDGERS = "ledger"
"""The folder of a run that holds the ledgers: that of the sender is `client.ndjson`, all others are workers'."""

Event = Mapping[str, Any]


class LedgerError(Exception):
    """A ledger is not there, or a line of it is no event; `str()` of it is a whole sentence."""


@dataclass(frozen=True)
class Disruption:
    """When what the requests go through went away, and when it was back; seconds since the epoch."""

    began_at: float
    back_at: float


@dataclass
class _Request:
    due_at: float = 0.0
    sent_at: float | None = None
    answered_at: list[float] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    ok: bool = False
    gave_up_at: float | None = None
    executed_at: list[float] = field(default_factory=list)

    @property
    def told_at(self) -> float | None:
        """When the sender knew, one way or the other."""
        return self.answered_at[0] if self.answered_at else self.gave_up_at

    @property
    def fate(self) -> str:
        if self.sent_at is None:
            return "not_sent"
        if not self.answered_at:
            return "lost"
        if self.ok:
            return "ok"
        return "timed_out" if self.codes[0] == TIMEOUT_CODE else "error"


def read_events(path: Path) -> list[Event]:
    """The events of a file. A last line that is cut is left out: a killed writer leaves one.

    Raises `LedgerError` when there is no such file, or a line in its middle is none.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except OSError as error:
        raise LedgerError(f"Cannot read the ledger {path}: {error.strerror}.") from error
    events: list[Event] = []
    for number, line in enumerate(lines[:-1], start=1):
        try:
            event = json.loads(line)
            float(event["at"]), str(event["id"]), str(event["event"])
        except (ValueError, KeyError, TypeError) as error:
            raise LedgerError(f"{path}, line {number}: {line[:80]!r} is no event.") from error
        events.append(event)
    return events


def read_ledgers(run_dir: Path) -> tuple[list[Event], list[Event] | None]:
    """The events of the sender and of all workers; None for the latter when no worker's ledger was kept."""
    client = read_events(run_dir / LEDGERS / "client.ndjson")
    workers = [file for file in sorted((run_dir / LEDGERS).glob("*.ndjson")) if file.name != "client.ndjson"]
    return client, [event for file in workers for event in read_events(file)] if workers else None


def fold_ledger(client: Iterable[Event], executions: Iterable[Event] | None) -> dict[str, Any]:
    """What became of the requests, in counts, and by code the latencies in ms.

    Latencies count from when a request was due, as users count; `wait_min_ms` and `wait_max_ms` from when it
    was sent, as its deadline does.
    `executions` None: the other end wrote nothing, so what needs it is None. A pure function.
    """
    requests = _requests(client, executions or ())
    fates = Counter(request.fate for request in requests.values())
    known = executions is not None
    by_code: dict[str, list[float]] = defaultdict(list)
    waits: dict[str, list[float]] = defaultdict(list)
    for request in requests.values():
        if request.answered_at and request.sent_at is not None:
            by_code[request.codes[0]].append((request.answered_at[0] - request.due_at) * 1000)
            waits[request.codes[0]].append((request.answered_at[0] - request.sent_at) * 1000)
    return {
        "requests": len(requests),
        **{fate: fates[fate] for fate in ("ok", "error", "timed_out", "lost", "not_sent")},
        "duplicates": sum(max(0, len(request.answered_at) - 1) for request in requests.values()),
        "executed": sum(bool(request.executed_at) for request in requests.values()) if known else None,
        "executed_again": (
            sum(max(0, len(request.executed_at) - 1) for request in requests.values()) if known else None
        ),
        "late": (
            sum(
                bool(request.executed_at) and told_at is not None and request.executed_at[0] > told_at
                for request in requests.values()
                for told_at in (request.told_at,)
            )
            if known
            else None
        ),
        "ok_unexecuted": (
            sum(request.fate == "ok" and not request.executed_at for request in requests.values())
            if known
            else None
        ),
        "latency_max_ms": _rounded(max((ms for all_ms in by_code.values() for ms in all_ms), default=None)),
        "codes": {code: _latencies(sorted(all_ms), waits[code]) for code, all_ms in sorted(by_code.items())},
    }


def window_figures(client: Iterable[Event], from_s: float, to_s: float) -> dict[str, Any]:
    """`requests`, `ok`, `error_ratio` and `codes` of those due from `from_s` to `to_s` after the first one.

    `error_ratio` is None where none was due.
    """
    requests = _requests(client, ()).values()
    start_at = min((request.due_at for request in requests), default=0.0)
    chosen = [request for request in requests if from_s <= request.due_at - start_at < to_s]
    ok = sum(request.fate == "ok" for request in chosen)
    codes = Counter(request.codes[0] if request.codes else request.fate for request in chosen)
    return {
        "requests": len(chosen),
        "ok": ok,
        "error_ratio": _rounded_ratio(len(chosen) - ok, len(chosen)),
        "codes": dict(sorted(codes.items())),
    }


def disruption_figures(
    client: Iterable[Event], disruptions: Sequence[Disruption], *, gone_code: str
) -> dict[str, Any]:
    """How the requests fared around each disruption; the worst of all, and each of them under `each`.

    `inflight`: sent before it and not answered by then. `told_max_ms`: how long after it the last of those
    had the answer `gone_code`. `refused_max_ms`: how long such an answer took at most for requests due while
    it was away. `resumed_s`: from the moment it was back to the first request that was sent then and
    succeeded; None when none did before the next disruption.
    """
    requests = sorted(_requests(client, ()).values(), key=lambda request: request.due_at)
    each = []
    for number, disruption in enumerate(disruptions):
        following = disruptions[number + 1].began_at if number + 1 < len(disruptions) else math.inf
        each.append(_around(requests, disruption, following, gone_code))
    return {
        "disruptions": len(each),
        "inflight_min": min((figures["inflight"] for figures in each), default=None),
        "told_max_ms": _worst(each, "told_max_ms"),
        "refused_max_ms": _worst(each, "refused_max_ms"),
        "resumed_max_s": (
            None if any(figures["resumed_s"] is None for figures in each) else _worst(each, "resumed_s")
        ),
        "each": each,
    }


def _around(
    requests: Sequence[_Request], disruption: Disruption, following: float, gone_code: str
) -> dict[str, Any]:
    began_at, back_at = disruption.began_at, disruption.back_at
    inflight, told_ms, refused_ms = 0, [], []
    resumed_s: float | None = None
    for request in requests:
        if request.sent_at is None:
            continue
        told_at = request.told_at if request.told_at is not None else math.inf
        if request.sent_at < began_at < told_at:
            inflight += 1
            if request.codes and request.codes[0] == gone_code:
                told_ms.append((told_at - began_at) * 1000)
        elif began_at <= request.due_at < back_at and request.codes and request.codes[0] == gone_code:
            refused_ms.append((told_at - request.due_at) * 1000)
        elif request.ok and back_at <= request.sent_at < following and resumed_s is None:
            resumed_s = request.sent_at - back_at
    return {
        "inflight": inflight,
        "told": len(told_ms),
        "told_max_ms": _rounded(max(told_ms, default=None)),
        "refused": len(refused_ms),
        "refused_max_ms": _rounded(max(refused_ms, default=None)),
        "away_s": _rounded(back_at - began_at),
        "resumed_s": _rounded(resumed_s),
    }


def _requests(client: Iterable[Event], executions: Iterable[Event]) -> dict[str, _Request]:
    requests: dict[str, _Request] = defaultdict(_Request)
    for event in client:
        request = requests[event["id"]]
        at = float(event["at"])
        match event["event"]:
            case "due":
                request.due_at = float(event.get("due_at", at))
            case "sent":
                request.sent_at = at
            case "answered":
                request.answered_at.append(at)
                request.codes.append(str(event.get("code", "")))
                if len(request.codes) == 1:
                    request.ok = 200 <= int(event.get("status", 0)) <= 299
            case "connection_lost" | "gave_up":
                request.gave_up_at = at
    for event in executions:
        # Others may use the same worker; only the sender's own requests are counted.
        if event["event"] == "executed" and event["id"] in requests:
            requests[event["id"]].executed_at.append(float(event["at"]))
    return dict(requests)


def _latencies(ordered_ms: Sequence[float], waits_ms: Sequence[float]) -> dict[str, Any]:
    return {
        "requests": len(ordered_ms),
        "wait_min_ms": _rounded(min(waits_ms)),
        "wait_max_ms": _rounded(max(waits_ms)),
        "p50_ms": _rounded(_rank(ordered_ms, 50)),
        "p99_ms": _rounded(_rank(ordered_ms, 99)),
        "max_ms": _rounded(ordered_ms[-1]),
    }


def _rank(ordered: Sequence[float], percent: float) -> float:
    return ordered[max(1, math.ceil(len(ordered) * percent / 100)) - 1]


def _worst(each: Sequence[Mapping[str, Any]], key: str) -> float | None:
    return max((figures[key] for figures in each if figures[key] is not None), default=None)


def _rounded_ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 6) if whole else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
