"""What both ends and both captures have logged becomes one row for each connection."""

import socket
import struct
from dataclasses import replace

from .observe import Logs, conntrack_states, failed_rows, rows_of
from .programs.capture import parse
from .record import UNKNOWN, Row, read_measurement, write_measurement
from .record import Measurement as Measured

PORT = 50051
CLIENT_PORT = 40004
EMPTY = Row("reset", "tcp", "", "", "nft", "client egress")


def at(at, event, flow, **more):
    return {"at": at, "event": event, "flow": flow, **more}


LOGS = Logs(
    called_at=99.99,
    on_at=100.0,
    off_at=104.0,
    client=[
        at(
            100.0, "before", "4 established", asked=5, answered=5, retransmits=1, rtt_ms=0.2, port=CLIENT_PORT
        ),
        at(100.1, "learns", "4 established", by="ECONNRESET", call="recv", polled="IN ERR", state="CLOSE"),
        at(
            103.5,
            "sample",
            "4 established",
            asked=6,
            answered=5,
            retransmits=4,
            port=CLIENT_PORT,
            state="CLOSE",
        ),
        at(104.1, "same", "4 established", result="over"),
        at(104.3, "next", "4 established", result="works", since=104.1),
    ],
    server=[at(104.5, "learns", str(CLIENT_PORT), by="ECONNRESET", call="recv", polled="IN")],
    client_packets=[
        [100.05, "out", "request", CLIENT_PORT, 4, "data", 1000, 7],
        [100.06, "in", "answer", CLIENT_PORT, 4, "RST", 0, 8],
        [100.06, "in", "answer", CLIENT_PORT, 4, "ICMP", 0, 0],
        [104.2, "out", "request", CLIENT_PORT, 4, "SYN", 0, 9],
        [100.05, "out", "request", 40005, 4, "data", 1000, 7],
    ],
    server_packets=[[100.055, "in", "request", CLIENT_PORT, 4, "data", 1000, 7]],
    client_conntrack={str(CLIENT_PORT): "CLOSE"},
    server_conntrack={},
)


def test_a_row_has_what_came_while_the_fault_was_on_and_no_more():
    """The server heard of it when the fault had ended, and the next SYN is not of this time either."""
    row = next(row for row in rows_of(EMPTY, LOGS) if row.key[4:] == ("4", "established"))
    assert (row.client.learns, row.client.learns_ms, row.client.retransmits) == ("ECONNRESET", 100.0, 3)
    assert (row.server.learns, row.server.conntrack, row.client.conntrack) == ("", "none", "CLOSE")
    assert (row.requests_sent, row.requests_arrived) == (1, 1)
    assert (row.answers_arrived, row.resets, row.icmp) == (1, (1, 0), (1, 0))
    assert (row.asked, row.answered, row.same, row.next, row.next_ms) == (1, 0, "over", "works", 200.0)


def test_an_end_that_learns_of_it_after_the_fault_meets_that_as_it_goes_on():
    """Whether it did so a moment before it was used, or as it was, is chance."""
    late = [{**event, "at": 104.05} if event["event"] == "learns" else event for event in LOGS.client]
    row = next(
        row for row in rows_of(EMPTY, replace(LOGS, client=late)) if row.key[4:] == ("4", "established")
    )
    assert (row.client.learns, row.same) == ("", "ECONNRESET")


def test_an_end_that_cannot_be_asked_is_unknown_and_one_that_never_was_is_nothing():
    """The next connection from the same port, which the server accepts afterwards, is not this one."""
    accepted = {when: at(when, "accepts", str(CLIENT_PORT)) for when in (99.0, 104.5)}
    states = {
        when: next(
            row for row in rows_of(EMPTY, replace(LOGS, server=[event])) if row.connection == "established"
        )
        for when, event in accepted.items()
    }
    assert {when: row.server.state for when, row in states.items()} == {99.0: UNKNOWN, 104.5: ""}


def test_every_connection_has_a_row_also_where_nothing_was_measured():
    connections = [
        ("4", "new"),
        ("4", "established"),
        ("4", "idle"),
        ("6", "new"),
        ("6", "established"),
        ("6", "idle"),
    ]
    assert [row.key[4:] for row in rows_of(EMPTY, LOGS)] == connections
    failed = failed_rows(EMPTY, "too slow")
    assert [row.key[4:] for row in failed] == connections
    assert {row.problem for row in failed} == {"not measured: too slow"}


def test_connection_tracking_is_read_in_both_of_its_formats():
    back = "src=10.77.0.2 dst=10.77.0.1 sport=50051"
    lines = f"""\
ipv4     2 tcp      6 43 ESTABLISHED src=10.77.0.1 dst=10.77.0.2 sport=4000 dport=50051 {back} dport=4000 [ASSURED]
tcp      6 119 SYN_SENT src=10.77.0.1 dst=10.77.0.2 sport=4001 dport=50051 [UNREPLIED] {back} dport=4001 mark=0 use=1
udp      17 29 src=10.77.0.1 dst=10.77.0.2 sport=4002 dport=50051 {back} dport=4002
"""
    states = conntrack_states(lines)
    assert states == {"4000": "ESTABLISHED", "4001": "SYN_SENT [UNREPLIED]", "4002": "tracked"}


def frame(source, destination, flags, payload=b""):
    tcp = struct.pack("!HHIIBBHHH", source, destination, 77, 0, 5 << 4, flags, 100, 0, 0) + payload
    addresses = socket.inet_aton("10.77.0.1") + socket.inet_aton("10.77.0.2")
    return b"\0" * 14 + struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0) + addresses + tcp


def test_a_packet_is_named_by_its_sense_and_by_what_it_is():
    assert parse(frame(4000, PORT, 0x02), PORT) == ("request", 4000, 4, "SYN", 0, 77)
    assert parse(frame(PORT, 4000, 0x18, b"hello"), PORT) == ("answer", 4000, 4, "data", 5, 77)
    assert parse(frame(PORT, 4000, 0x14), PORT) == ("answer", 4000, 4, "RST", 0, 77)
    assert parse(frame(4000, 80, 0x02), PORT) is None


def test_an_icmp_error_is_against_the_connection_that_it_quotes():
    quoted = frame(4000, PORT, 0x02)[14:42]
    icmp = struct.pack("!BBHI", 3, 3, 0, 0) + quoted
    outer = b"\0" * 14 + struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(icmp), 1, 0, 64, 1, 0) + b"\0" * 8 + icmp
    assert parse(outer, PORT) == ("answer", 4000, 4, "ICMP", 0, 0)


def test_a_measurement_is_read_as_it_was_written(tmp_path):
    rows = sorted(rows_of(EMPTY, LOGS), key=lambda row: row.key)
    written = write_measurement(Measured("6.1.0", "here", {"nft": "1.0"}, 3.5, rows), tmp_path)
    assert read_measurement(written) == Measured("6.1.0", "here", {"nft": "1.0"}, 3.5, rows)
