"""Which cause a row looks like follows from its columns alone."""

from dataclasses import replace

import pytest

from .likeness import COLUMNS, imitations, likenesses, signature
from .record import UNKNOWN, End, Row

_LIVES = End(state="ESTABLISHED", retransmits=0, rto_ms=204.0, rtt_ms=0.2)
_RESET = End(
    learns="ECONNRESET", call="recv", polled="IN ERR HUP", learns_ms=3.0, state="CLOSE", retransmits=0
)
_REPEATS = replace(_LIVES, retransmits=5)


def row(
    subject: str,
    client: End,
    server: End = _LIVES,
    *,
    backend: str = "",
    connection: str = "established",
    **more,
):
    lasted = {"lasted_s": 4.0, "rtt_before_ms": 0.2, "asked": 1, "same": "works", "next": "works"}
    return Row(
        subject,
        "tcp",
        "4",
        connection,
        backend,
        place=backend and "client egress",
        **{**lasted, **more},
        client=client,
        server=server,
    )


SILENCE = row("silence", _REPEATS)
RESET = row("reset by both", _RESET, _RESET, same="over")
ONE_SIDED = row("reset of one side", _RESET, same="over")


def test_a_row_looks_like_the_cause_with_the_same_columns():
    """Figures may differ, words may not."""
    fault = row("drop", replace(_REPEATS, retransmits=7, rto_ms=3264.0), backend="nft")
    likeness = likenesses([SILENCE, RESET, fault])[fault.key]
    assert str(likeness) == "silence"


def test_what_differs_from_the_nearest_cause_is_named():
    fault = row("reset", replace(_RESET, learns="ECONNABORTED"), backend="nft", same="over")
    likeness = likenesses([SILENCE, RESET, ONE_SIDED, fault])[fault.key]
    assert str(likeness) == "reset of one side, but for: the client learns"


def test_causes_that_are_as_near_in_other_ways_stand_beside_one_another():
    fault = row("reject", replace(_RESET, retransmits=5), backend="nft", same="works")
    by_errno = row("by errno", replace(_LIVES, retransmits=5))
    by_end = row("by what comes after", replace(_RESET, retransmits=5), same="over")
    likeness = likenesses([by_errno, by_end, fault])[fault.key]
    assert (
        str(likeness)
        == "by errno, but for: the client learns; by what comes after, but for: the same afterwards"
    )


def test_a_cause_is_compared_on_the_same_sort_of_connection_only():
    fault = row("drop", _REPEATS, backend="nft", connection="new")
    assert likenesses([SILENCE, fault]) == {}


def test_a_row_that_was_not_measured_is_like_nothing_and_nothing_is_like_it():
    fault = row("drop", _REPEATS, backend="nft")
    assert likenesses([replace(SILENCE, problem="no netem"), fault]) == {}
    assert likenesses([SILENCE, replace(fault, problem="no netem")]) == {}


def test_an_end_whose_process_was_stopped_cannot_differ():
    """Nobody could ask it how its socket was."""
    stuck = row("stuck peer", _LIVES, End(state=UNKNOWN))
    fault = row("stall", _LIVES, replace(_LIVES, retransmits=5), backend="nft")
    assert signature(stuck)["the server learns"] == "?"
    assert str(likenesses([stuck, fault])[fault.key]) == "stuck peer"


def test_the_faults_that_imitate_a_cause_best_are_found_over_all_of_their_connections():
    """One that is like it on each connection comes before one that is so on the open one alone."""
    causes = [SILENCE, replace(SILENCE, connection="new"), RESET]
    near = [
        replace(SILENCE, subject="drop", backend="nft", connection=name) for name in ("new", "established")
    ]
    half = [
        replace(SILENCE, subject="stall", backend="nft"),
        replace(SILENCE, subject="stall", backend="nft", connection="new", answered=30),
    ]
    best = imitations([*causes, *near, *half])["silence", "tcp"]
    assert [trial[0] for trial, _ in best] == ["drop"]
    assert best[0][1] == {"4 new": (), "4 established": ()}


@pytest.mark.parametrize(
    ("column", "client", "more", "word"),
    [
        ("it opens", replace(_RESET, learns="ECONNREFUSED", call="connect"), {"connection": "new"}, "no"),
        ("it opens", replace(_LIVES, state="SYN_SENT"), {"connection": "new"}, "no"),
        ("it opens", _LIVES, {"connection": "new"}, "yes"),
        ("it opens", _LIVES, {}, "-"),
        ("the client learns", replace(_RESET, learns_ms=2000.0), {}, "ECONNRESET, late"),
        ("the client learns", _RESET, {}, "ECONNRESET"),
        ("the client learns", _LIVES, {}, "nothing"),
        ("answers", _LIVES, {"answered": 30, "asked": 31}, "come"),
        ("answers", _LIVES, {"answered": 0, "asked": 2}, "none"),
        ("answers", _LIVES, {"answered": 12, "asked": 31, "protocol": "udp"}, "some"),
        ("answers", _LIVES, {"connection": "idle"}, "-"),
        ("the client repeats", replace(_LIVES, retransmits=1), {}, "no"),
        ("the client repeats", replace(_LIVES, retransmits=2), {}, "yes"),
        ("the client repeats", replace(_LIVES, retransmits=3), {"requests_sent": 60}, "no"),
        ("the client repeats", replace(_LIVES, retransmits=9), {"requests_sent": 60}, "yes"),
        ("the server's window", replace(_LIVES, shut=True), {}, "shut"),
        ("the server's window", _LIVES, {}, "open"),
        ("round trip", replace(_LIVES, rtt_ms=200.2), {}, "longer"),
        ("round trip", replace(_LIVES, rtt_ms=20.0), {}, "as before"),
    ],
)
def test_a_column_is_a_word_that_follows_from_the_figures(column, client, more, word):
    assert signature(replace(row("x", client), **more))[column] == word
    assert set(signature(SILENCE)) == set(COLUMNS)
