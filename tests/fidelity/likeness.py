"""Which real cause a fault looks like, decided by the columns that were measured: pure functions."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .record import UNKNOWN, End, Key, Row

__all__ = ["COLUMNS", "Likeness", "imitations", "likenesses", "signature"]

# where nothing is lost the tail of a message may be sent twice, and all of it once, when round trips grow of a sudden
_RETRANSMITS, _RETRANSMITTED = 2, 0.1
_ALL = 0.9
_SOON = 0.25
_TOLD_APART = 4
_SLOWER, _SLOWER_MS = 5.0, 50.0

COLUMNS: Mapping[str, str] = {
    "it opens": "whether a new TCP connection is opened; `-` where there is none to open",
    "the client learns": "by which errno (or `EOF`, the end of the stream), and whether within the first quarter of "
    "the time (`late` if not); `nothing`: not while it lasts",
    "the server learns": "the same at the other end; `?` where its process was stopped or killed",
    "answers": "`come`; `some` (of less than nine tenths of UDP messages); `none`; `-`: nothing was asked",
    "the client repeats": "whether its TCP counted two retransmissions, and more than a tenth of the packets it sent",
    "the server repeats": "the same at the other end",
    "the server's window": "`shut` where the client's TCP has something to send and the server has no room for it",
    "round trip": "`longer` when TCP's smoothed round trip grew fivefold, and by 50 ms",
    "the same afterwards": "what becomes of the next message over it (`works`, an errno, `waits`; `over` where the "
    "client had learnt of its end)",
    "the next afterwards": "what becomes of a connection from the same source port",
}


@dataclass(frozen=True)
class Likeness:
    """The causes that a row has the most columns in common with, by the columns that differ."""

    groups: Mapping[Sequence[str], Sequence[str]]

    def __str__(self) -> str:
        return "; ".join(_named(causes) + _but_for(differs) for differs, causes in self.groups.items())


def signature(row: Row) -> Mapping[str, str]:
    """What of a row is compared: one word a column, without figures."""
    silenced = row.server.state == UNKNOWN
    before_ms, now_ms = row.rtt_before_ms or 0.0, row.client.rtt_ms or 0.0
    longer = now_ms > _SLOWER * before_ms and now_ms > before_ms + _SLOWER_MS
    values = (
        _opens(row),
        _learns(row.client, row.lasted_s),
        "?" if silenced else _learns(row.server, row.lasted_s),
        _answers(row),
        _repeats(row.client, row.requests_sent),
        "?" if silenced else _repeats(row.server, row.answers_sent),
        "shut" if row.client.shut else "open",
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
            best = {columns: names for columns, names in differing.items() if len(columns) == least}
            nearest[row.key] = Likeness(best)
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


def _named(causes: Sequence[str]) -> str:
    if len(causes) > _TOLD_APART:
        return f"{len(causes)} causes that cannot be told apart here"
    return " or ".join(causes)


def _but_for(differs: Sequence[str]) -> str:
    return f", but for: {', '.join(differs)}" if differs else ""


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


def _opens(row: Row) -> str:
    if row.connection != "new" or row.protocol != "tcp":
        return "-"
    return "no" if row.client.state == "SYN_SENT" or row.client.call == "connect" else "yes"


def _answers(row: Row) -> str:
    if row.connection == "idle":
        return "-"
    if not row.answered:
        return "none"
    return "some" if row.protocol == "udp" and row.answered < _ALL * row.asked else "come"


def _repeats(end: End, sent: int) -> str:
    again = end.retransmits or 0
    return "yes" if again >= _RETRANSMITS and again > _RETRANSMITTED * sent else "no"
