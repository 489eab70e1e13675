"""From what both ends and both captures have logged to the rows of the table: pure functions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .record import NOT_MEASURED, UNKNOWN, End, Row
from .trials import CONNECTIONS, FAMILIES

__all__ = ["Logs", "conntrack_states", "failed_rows", "rows_of"]

Event = Mapping[str, Any]
Packet = Sequence[Any]


@dataclass(frozen=True)
class Logs:
    """All that is left of a trial. Instants are Unix seconds; `packets` are those of capture.py.

    It was on from `on_at` to `off_at`, and the command for it had begun at `called_at`.
    `conntrack` are the states just after, by the client's port.
    """

    called_at: float
    on_at: float
    off_at: float
    client: Sequence[Event]
    server: Sequence[Event]
    client_packets: Sequence[Packet]
    server_packets: Sequence[Packet]
    client_conntrack: Mapping[str, str]
    server_conntrack: Mapping[str, str]


def failed_rows(empty: Row, problem: str) -> list[Row]:
    """The rows of a trial that came to nothing."""
    return [
        replace(empty, family=family, connection=connection, problem=f"{NOT_MEASURED}: {problem}")
        for family in FAMILIES
        for connection in CONNECTIONS[empty.protocol]
    ]


def rows_of(empty: Row, logs: Logs) -> list[Row]:
    """One row for each connection of the trial; `empty` has what they share."""
    return [
        _row(replace(empty, family=family, connection=connection), logs)
        for family in FAMILIES
        for connection in CONNECTIONS[empty.protocol]
    ]


def conntrack_states(listing: str) -> Mapping[str, str]:
    """The state of every connection that connection tracking lists, by the source port of its first packet."""
    states = {}
    for line in listing.splitlines():
        fields = line.split()
        ports = [field.removeprefix("sport=") for field in fields if field.startswith("sport=")]
        if not ports:
            continue
        tcp = "tcp" in fields[:4]
        words = [word for word in fields if word.isupper() and word.replace("_", "").isalnum()]
        marks = "".join(f" {mark}" for mark in ("[UNREPLIED]",) if mark in fields)
        states[ports[0]] = (words[0] if tcp and words else "tracked") + marks
    return states


def _row(row: Row, logs: Logs) -> Row:
    flow = f"{row.family} {row.connection}"
    mine = [event for event in logs.client if event["flow"] == flow]
    before, sample = _last(mine, "before"), _last(mine, "sample")
    port = str(sample.get("port", ""))
    theirs = [event for event in logs.server if event["flow"] == port]
    begun = _last(mine, "begins").get("at", logs.on_at)
    client = _end(mine, before, sample, begun, logs)
    server = _end(theirs, _last(theirs, "before"), _last(theirs, "sample"), begun, logs)
    after = _last(mine, "next")
    return replace(
        row,
        lasted_s=round(logs.off_at - logs.on_at, 1),
        client=replace(client, conntrack=logs.client_conntrack.get(port, "none")),
        server=replace(server, conntrack=logs.server_conntrack.get(port, "none")),
        rtt_before_ms=before.get("rtt_ms") if row.connection != "new" else None,
        asked=sample.get("asked", 0) - before.get("asked", 0),
        answered=sample.get("answered", 0) - before.get("answered", 0),
        same=_same(mine, client),
        next=after.get("result", ""),
        next_ms=round((after["at"] - after["since"]) * 1000, 1) if after else None,
        **_wire(port, logs),
    )


def _same(events: Sequence[Event], client: End) -> str:
    """What becomes of the same connection: what an end learnt after the fault is what use would have met."""
    same = _last(events, "same")
    later = [event for event in events if event["event"] == "learns" and event["at"] < same.get("at", 0.0)]
    if later and not client.learns and same["result"] == "over":
        return str(later[-1]["by"])
    return str(same.get("result", ""))


def _end(events: Sequence[Event], before: Event, sample: Event, begun: float, logs: Logs) -> End:
    learnt = [e for e in events if e["event"] == "learns" and logs.called_at <= e["at"] < logs.off_at]
    first = learnt[0] if learnt else {}
    # an end whose process is gone, or has closed its socket, answers no more
    last = sample or first
    if not last and any(event["event"] == "accepts" and event["at"] < logs.off_at for event in events):
        return End(state=UNKNOWN)
    retransmits = last.get("retransmits")
    return End(
        learns=first.get("by", ""),
        call=first.get("call", ""),
        polled=first.get("polled", ""),
        learns_ms=round(max(0.0, first["at"] - begun) * 1000, 1) if first else None,
        state=last.get("state", ""),
        retransmits=None if retransmits is None else retransmits - before.get("retransmits", 0),
        shut=last.get("shut", False),
        rto_ms=last.get("rto_ms"),
        rtt_ms=last.get("rtt_ms"),
    )


def _wire(port: str, logs: Logs) -> Mapping[str, Any]:
    def count(packets: Sequence[Packet], way: str, sense: str = "", what: str = "") -> int:
        return sum(
            logs.called_at <= packet[0] < logs.off_at
            and packet[1] == way
            and str(packet[3]) == port
            and (packet[5] == what if what else packet[2] == sense and packet[5] != "ICMP")
            for packet in packets
        )

    at_client, at_server = logs.client_packets, logs.server_packets
    return {
        "requests_sent": count(at_client, "out", "request"),
        "requests_arrived": count(at_server, "in", "request"),
        "answers_sent": count(at_server, "out", "answer"),
        "answers_arrived": count(at_client, "in", "answer"),
        "resets": (count(at_client, "in", what="RST"), count(at_server, "in", what="RST")),
        "icmp": (count(at_client, "in", what="ICMP"), count(at_server, "in", what="ICMP")),
    }


def _last(events: Sequence[Event], name: str) -> Event:
    return next((event for event in reversed(events) if event["event"] == name), {})
