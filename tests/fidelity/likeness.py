"""Which real cause a fault looks like, decided by the columns that were measured: pure functions."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .record import End, Key, Row

__all__ = ["COLUMNS", "Likeness", "imitations", "likenesses", "signature"]

# a probe of the tail of a message may be sent twice where nothing is lost
_RETRANSMITS = 2
# what was under way as the fault went on may still come back
_ANSWERS = 2
_ALL = 0.9
_SOON = 0.25
_SLOWER, _SLOWER_MS = 3.0, 10.0

COLUMNS: Mapping[str, str] = {
    "the client learns": "by which errno (or `EOF`, the end of the stream), and whether within the first quarter of "
    "the time (`late` if not); `nothing`: not while it lasts",
    "the server learns": "the same at the other end; `?` where its process was stopped or killed",
    "answers": "`all` that was asked, `some` (less than nine tenths of UDP messages), `none`; `-`: nothing was asked",
    "the client repeats": "whether its TCP counted two retransmissions or more",
    "the server repeats": "the same at the other end",
    "round trip": "`longer` when TCP's smoothed round trip grew threefold, and by 10 ms",
    "the same afterwards": "what becomes of the next message over it (`works`, an errno, `waits`; `over` where the "
    "client had learnt of its end)",
    "the next afterwards": "what becomes of a connection from the same source port",
}


@dataclass(frozen=True)
class Likeness:
    """The causes that a row has the most columns in common with, and the columns that differ."""

    causes: Sequence[str]
    differs: Sequence[str]

    def __str__(self) -> str:
        names = " or ".join(self.causes)
        return f"{names}, but for: {', '.join(self.differs)}" if self.differs else names


def signature(row: Row) -> Mapping[str, str]:
    """What of a row is compared: one word a column, without figures."""
    silenced = (
        not row.server.state and row.client.state in ("ESTABLISHED", "CLOSE_WAIT") and not row.server.learns
    )
    before_ms, now_ms = row.rtt_before_ms or 0.0, row.client.rtt_ms or 0.0
    longer = now_ms > _SLOWER * before_ms and now_ms > before_ms + _SLOWER_MS
    values = (
        _learns(row.client, row.lasted_s),
        "?" if silenced else _learns(row.server, row.lasted_s),
        _answers(row),
        _repeats(row.client),
        "?" if silenced else _repeats(row.server),
        "longer" if longer else "as before",
        row.same,
        row.next,
    )
    return dict(zip(COLUMNS, values, strict=True))


def likenesses(rows: Iterable[Row]) -> Mapping[Key, Likeness]:
    """For each measured row of a fault, by its key: the nearest of the causes on such a connection."""
    measured = [row for row in rows if not row.problem]
    causes = [row for row in measured if not row.backend]
    nearest = {}
    for row in measured:
        if not row.backend:
            continue
        differing: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for cause in causes:
            if _connection(cause) == _connection(row):
                differing[_differs(row, cause)].append(cause.subject)
        if differing:
            least = min(map(len, differing))
            best = [(columns, names) for columns, names in differing.items() if len(columns) == least]
            nearest[row.key] = Likeness([name for _, names in best for name in names], best[0][0])
    return nearest


def imitations(
    rows: Iterable[Row],
) -> Mapping[tuple[str, str], Sequence[tuple[Key, Mapping[str, Sequence[str]]]]]:
    """For each (cause, protocol), the faults that look most like it: their trial, and per connection what differs.

    A fault counts by all of its connections: the fewest differing columns first, and only the best.
    """
    measured = [row for row in rows if not row.problem]
    trials: dict[Key, list[Row]] = defaultdict(list)
    for row in measured:
        trials[row.trial].append(row)
    best = {}
    for cause, theirs in trials.items():
        if cause[1]:
            continue
        by_connection = {_connection(row): row for row in theirs}
        counted = []
        for trial, mine in trials.items():
            pairs = [
                (row, by_connection[_connection(row)]) for row in mine if _connection(row) in by_connection
            ]
            if not trial[1] or not pairs:
                continue
            differs = {" ".join(_connection(row)[1:]): _differs(row, other) for row, other in pairs}
            counted.append((sum(map(len, differs.values())), trial, differs))
        least = min((count for count, *_ in counted), default=0)
        best[cause[0], cause[3]] = [(trial, differs) for count, trial, differs in counted if count == least]
    return best


def _connection(row: Row) -> Key:
    return row.protocol, row.family, row.connection


def _differs(row: Row, cause: Row) -> tuple[str, ...]:
    mine, theirs = signature(row), signature(cause)
    return tuple(
        name for name in COLUMNS if "?" not in (mine[name], theirs[name]) and mine[name] != theirs[name]
    )


def _learns(end: End, lasted_s: float) -> str:
    if not end.learns:
        return "nothing"
    late = end.learns_ms is not None and end.learns_ms > _SOON * lasted_s * 1000
    return f"{end.learns}, late" if late else end.learns


def _answers(row: Row) -> str:
    if row.connection == "idle":
        return "-"
    if row.answered < _ANSWERS:
        return "none"
    return "some" if row.protocol == "udp" and row.answered < _ALL * row.asked else "all"


def _repeats(end: End) -> str:
    return "yes" if (end.retransmits or 0) >= _RETRANSMITS else "no"
