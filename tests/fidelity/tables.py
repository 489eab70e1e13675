"""The tables of the page: one for each fault and for each cause, a line for each connection."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from .likeness import Likeness, likenesses, signature
from .record import End, Key, Measurement, Row

__all__ = ["tables"]


def tables(main: Measurement) -> Iterator[str]:
    likes = likenesses(main.rows)
    by_subject: dict[tuple[bool, str], list[Row]] = defaultdict(list)
    for row in main.rows:
        if not row.problem:
            by_subject[not row.backend, row.subject].append(row)
    for real in (False, True):
        yield "## Real causes\n" if real else "## The faults\n"
        for (is_cause, subject), rows in sorted(by_subject.items()):
            if is_cause is real:
                yield from _table(subject, rows, likes)


_TABLE = (
    "connection", "client learns", "server learns", "answered/asked", "repeated (client/server)",
    "RTO, round trip (before)", "requests out -> in", "answers out -> in", "RST, ICMP at client/server",
    "conntrack after (client/server)", "the same, the next",
)  # fmt: skip


def _table(subject: str, rows: Sequence[Row], likes: Mapping[Key, Likeness]) -> Iterator[str]:
    yield f"### {subject}\n"
    real = not rows[0].backend
    if rows[0].strength:
        yield f"{rows[0].strength}\n"
    head = _TABLE if real else ("by, where", *_TABLE, "looks like")
    yield f"| {' | '.join(head)} |"
    yield "|---" * len(head) + "|"
    for row, alike in _one_family(rows):
        cells = _cells(row, alike)
        if not real:
            cells = [f"{row.backend}, {row.place}", *cells, str(likes.get(row.key, ""))]
        yield f"| {' | '.join(cells)} |"
    yield ""


def _one_family(rows: Sequence[Row]) -> Iterator[tuple[Row, bool]]:
    """(row, whether it stands for the other family, too): those of IPv6 whose words are those of IPv4 are left out."""
    by_key = {row.key: row for row in rows}
    for row in rows:
        other = by_key.get((*row.trial, "6" if row.family == "4" else "4", row.connection))
        alike = other is not None and signature(other) == signature(row)
        if row.family == "4" or not alike:
            yield row, alike


def _cells(row: Row, alike: bool) -> list[str]:
    client, server, columns = row.client, row.server, signature(row)
    rtt = (
        f"{_ms(client.rto_ms)}, {_ms(client.rtt_ms)} ({_ms(row.rtt_before_ms)})"
        if row.protocol == "tcp"
        else "-"
    )
    repeats = f"{_number(client.retransmits)}/{_number(server.retransmits)}" if row.protocol == "tcp" else "-"
    return [
        f"{row.protocol.upper()}, IPv{'4 and 6' if alike else row.family}, {row.connection}",
        _learns(columns["the client learns"], client),
        _learns(columns["the server learns"], server),
        f"{row.answered}/{row.asked}" if row.connection != "idle" else "-",
        repeats,
        rtt,
        f"{row.requests_sent} -> {row.requests_arrived}",
        f"{row.answers_sent} -> {row.answers_arrived}",
        f"{row.resets[0]}/{row.resets[1]}, {row.icmp[0]}/{row.icmp[1]}",
        f"{client.conntrack}/{server.conntrack}",
        f"{row.same}, {row.next} ({_ms(row.next_ms)})",
    ]


def _learns(word: str, end: End) -> str:
    if word in ("nothing", "?"):
        known = ", ".join(filter(None, (end.state, "window 0" if end.shut else "")))
        return f"{word} ({known})" if known else word
    return f"{word} in {end.call} after {_ms(end.learns_ms)} (poll: {end.polled or '-'})"


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}" if value >= 10 else f"{value:.1f}"


def _number(value: int | None) -> str:
    return "-" if value is None else str(value)
