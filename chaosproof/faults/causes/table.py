"""The causes that a fault can be asked for by: `chaosproof inject --like "peer process killed"`.

A cause more is an entry more; `base.py` says what its words mean, and docs/reference/causes.md is generated from here.
Sentences of `real` are about Linux at both ends. The client is the end that opened the connection.
"""

from collections.abc import Sequence

from chaosproof.faults.causes.base import Cause

__all__ = ["CAUSES"]

# what a client sends: seen in its own network, so the port is that of the service's address
_TO_THE_SERVER = {"direction": "egress", "port_side": "destination"}
# what comes back to a client
_FROM_THE_SERVER = {"direction": "ingress", "port_side": "source"}

CAUSES: Sequence[Cause] = (
    Cause(
        name="peer process killed",
        real=(
            "The kernel closes the sockets of the killed process at once: the other end reads the end of the "
            "stream, or ECONNRESET where something was left unread, and what it sends and opens after that is "
            "answered by RST (EPIPE, ECONNREFUSED) until the process is back."
        ),
        kind="reset",
        on="client",
        fixed={**_TO_THE_SERVER, "sides": "both"},
        nearness=(
            "Near: both kernels end the connection; but the client always meets RST and never the orderly end "
            "of a stream, and the server's process lives, keeps its state, and answers others."
        ),
    ),
    Cause(
        name="peer host unplugged",
        real=(
            "Nothing comes any more, and nobody says so: what is sent is repeated until the sender gives up "
            "(TCP by default after some 15 minutes, or by its keepalive), a new connection hangs for up to 2 "
            "minutes, and on the same segment it fails after 3 s with EHOSTUNREACH."
        ),
        kind="drop",
        on="client",
        fixed=_TO_THE_SERVER,
        nearness=(
            "Near for who sends and waits; what the server sends by itself still arrives (a second drop, with "
            "direction ingress and port_side source, stops that, too), and EHOSTUNREACH never comes."
        ),
    ),
    Cause(
        name="firewall with REJECT",
        real=(
            "A new connection fails at once with ECONNREFUSED, by ICMP port unreachable; an open one takes "
            "the same ICMP for a hint, repeats what it has sent and hangs until its own time limit, and the "
            "other end hears nothing."
        ),
        kind="reject",
        on="client",
        fixed=_TO_THE_SERVER,
        nearness="The same rule, in the client's own network instead of on the way.",
    ),
    Cause(
        name="firewall with TCP reset",
        real=(
            "What is sent is answered by RST in the server's name, so the client's connection ends with "
            "ECONNRESET and a new one with ECONNREFUSED, while the server hears nothing and keeps its end."
        ),
        kind="reset",
        on="client",
        fixed={**_TO_THE_SERVER, "sides": "client"},
        nearness="The same rule, in the client's own network instead of on the way; idle connections end, too.",
    ),
    Cause(
        name="firewall with DROP",
        real=(
            "A new connection hangs until its own time limit (ETIMEDOUT after 2 minutes by default), an open "
            "one repeats what it has sent for some 15 minutes, and neither end is told."
        ),
        kind="drop",
        on="client",
        fixed=_TO_THE_SERVER,
        nearness="The same rule, in the client's own network instead of on the way.",
    ),
    Cause(
        name="congested link",
        real=(
            "Packets stand in a queue, so round trips grow by its length, and those that no longer fit are "
            "lost: both ends repeat them, and throughput falls to what the link has left."
        ),
        kind="rate",
        on="client",
        fixed=_TO_THE_SERVER,
        magnitudes={"rate_kbit": 1000},
        nearness=(
            "Near: a queue of 250 ms before a bandwidth; but of what goes out alone, and constant, where "
            "other people's traffic comes and goes."
        ),
    ),
    Cause(
        name="lossy link",
        real=(
            "Some packets never arrive and are sent again: latency gets a tail of 200 ms and more (a second "
            "for a lost SYN), throughput falls, and no error is reported to either end."
        ),
        kind="loss",
        on="client",
        fixed=_FROM_THE_SERVER,
        magnitudes={"loss_percent": 5},
        nearness=(
            "Near: what comes back to the client is lost on its way in, and the server repeats it; each "
            "packet is lost or not by itself, where a radio link loses several in a row."
        ),
    ),
    Cause(
        name="long line",
        real=(
            "Every round trip takes the line's longer and everything arrives: opening a connection costs one "
            "of them, TLS one or two more, and one connection carries no more than its window in each."
        ),
        kind="delay",
        on="client",
        fixed=_TO_THE_SERVER,
        magnitudes={"delay_ms": 100},
        nearness="Near: but all of the round trip's delay is on the way out, where a line has half of it each way.",
    ),
    Cause(
        name="stuck peer",
        real=(
            "Its kernel goes on without it: connections open until its backlog is full, what is sent is "
            "acknowledged until its buffers are, and no answer and no error ever comes."
        ),
        kind="stall",
        on="client",
        fixed=_TO_THE_SERVER,
        nearness=(
            "Near for who waits for the answer; but what is sent is not acknowledged, so TCP repeats it and "
            "gives up some day, and the server does not see it. To stop the very process is "
            "actions.process.pause."
        ),
    ),
)
