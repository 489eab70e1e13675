"""The causes that a fault can be asked for by: `chaosproof inject --like "peer process killed"`.

A cause more is an entry more; `base.py` says what its words mean, and docs/reference/causes.md is generated from here.
Sentences of `real` are about Linux at both ends. The client is the end that opened the connection.
"""

from collections.abc import Sequence

from chaosproof.faults.causes.base import Cause

__all__ = ["CAUSES"]

# what a client sends: seen in its own network, so the port is that of the service's address
_FROM_THE_CLIENT = {"direction": "egress", "port_side": "destination"}
# what comes back to a client
_TO_THE_CLIENT = {"direction": "ingress", "port_side": "source"}
# what arrives at a server
_AT_THE_SERVER = {"direction": "ingress", "port_side": "destination"}

CAUSES: Sequence[Cause] = (
    Cause(
        name="peer process killed",
        real=(
            "The kernel closes the sockets of the killed process at once: the other end reads the end of the stream, "
            "or ECONNRESET where something was left unread, and what it sends and opens after that is answered by "
            "RST (EPIPE, ECONNREFUSED) until the process is back."
        ),
        kind="reset",
        on="client",
        fixed={**_FROM_THE_CLIENT, "sides": "both"},
        nearness=(
            "Near: both kernels end the connection; but the client always meets RST and never the orderly end of a "
            "stream, and the server's process lives, keeps its state, and answers others."
        ),
    ),
    Cause(
        name="peer host unplugged",
        real=(
            "Nothing comes any more, and nobody says so: what is sent is repeated until the sender gives up (TCP by "
            "default after some 15 minutes, or by its keepalive), a new connection hangs for up to 2 minutes, and on "
            "the same segment it fails after 3 s with EHOSTUNREACH."
        ),
        kind="drop",
        on="client",
        fixed=_FROM_THE_CLIENT,
        nearness=(
            "Near for who sends and waits; what the server sends by itself still arrives (a second drop, with "
            "direction ingress and port_side source, stops that, too), and EHOSTUNREACH never comes."
        ),
    ),
    Cause(
        name="peer host rebooted",
        real=(
            "The new kernel knows nothing of the old connections: their clients hear nothing of it, and RST "
            "(ECONNRESET) when they next send, while new connections open as ever."
        ),
        kind="half_open",
        on="server",
        fixed=_AT_THE_SERVER,
        nearness=(
            "Near for the clients, of which those that are silent go on believing; but the server's process lives, "
            "and reads ECONNABORTED where the real one is gone."
        ),
    ),
    Cause(
        name="NAT timeout",
        real=(
            "A box on the way has forgotten a connection over which nothing passed for some minutes: both ends keep "
            "it, and whoever sends next is answered by RST, or, by boxes that only drop, by nothing."
        ),
        kind="half_open",
        on="server",
        fixed=_AT_THE_SERVER,
        nearness=(
            "Near for the client of a box that answers by RST; but all connections of the server are forgotten, busy "
            "ones too, and the server loses its end at once. A box that only drops is the firewall with DROP."
        ),
    ),
    Cause(
        name="firewall with REJECT",
        real=(
            "A new connection fails at once with ECONNREFUSED, by ICMP port unreachable; an open one takes the same "
            "ICMP for a hint, repeats what it has sent and hangs until its own time limit, and the other end hears "
            "nothing."
        ),
        kind="reject",
        on="server",
        fixed=_AT_THE_SERVER,
        nearness="The same rule, in the server's own network instead of on the way.",
    ),
    Cause(
        name="firewall with REJECT by TCP reset",
        real=(
            "What a client sends is answered by RST in the server's name, so its connection ends with ECONNRESET and "
            "a new one with ECONNREFUSED, while an idle one stays, and the server hears nothing and keeps its end."
        ),
        kind="reset",
        on="server",
        fixed={**_AT_THE_SERVER, "sides": "client"},
        nearness="The same rule, in the server's own network instead of on the way.",
    ),
    Cause(
        name="firewall with DROP",
        real=(
            "A new connection hangs until its own time limit (ETIMEDOUT after 2 minutes by default), an open one "
            "repeats what it has sent for some 15 minutes, and neither end is told."
        ),
        kind="drop",
        on="server",
        fixed=_AT_THE_SERVER,
        nearness="The same rule, in the server's own network instead of on the way.",
    ),
    Cause(
        name="congested link",
        real=(
            "Packets stand in a queue, so round trips grow by its length, and those that no longer fit are lost: both "
            "ends repeat them, and throughput falls to what the link has left."
        ),
        kind="rate",
        on="client",
        fixed=_FROM_THE_CLIENT,
        magnitudes={"rate_kbit": 1000},
        nearness=(
            "Near: a queue of 250 ms before a bandwidth; but of what goes out alone, and constant, where other "
            "people's traffic comes and goes."
        ),
    ),
    Cause(
        name="lossy link",
        real=(
            "Some packets never arrive and are sent again: latency gets a tail of 200 ms and more (a second for a "
            "lost SYN), throughput falls, and no error is reported to either end."
        ),
        kind="loss",
        on="client",
        fixed=_FROM_THE_CLIENT,
        magnitudes={"loss_percent": 5},
        nearness=(
            "Near: lost behind the sender's stack, which repeats them; but only what goes out, and each packet by "
            "itself, where a radio link loses several in a row (burst_packets, on a kernel with netem)."
        ),
    ),
    Cause(
        name="long line",
        real=(
            "Every round trip takes the line's longer and everything arrives: opening a connection costs one of them, "
            "TLS one or two more, and one connection carries no more than its window in each."
        ),
        kind="delay",
        on="client",
        fixed=_FROM_THE_CLIENT,
        magnitudes={"delay_ms": 100},
        nearness="Near: but all of the round trip's delay is on the way out, where a line has half of it each way.",
    ),
    Cause(
        name="stuck peer",
        real=(
            "Its kernel goes on without it: connections open until its backlog is full, what is sent is acknowledged "
            "until its buffers are, and no answer and no error ever comes."
        ),
        kind="stall",
        on="client",
        fixed=_TO_THE_CLIENT,
        nearness=(
            "Near for the client, whose requests are acknowledged and never answered; but the server does the work, "
            "and its kernel repeats the answers. To stop the very process is chaosproof.actions.process.pause."
        ),
    ),
    Cause(
        name="load balancer without a back end",
        real=(
            "The balancer completes the handshake and has nobody to pass anything on to: the client believes that it "
            "is connected, and nothing comes, until its own time limit or the balancer's."
        ),
        kind="blackhole_after_handshake",
        on="client",
        fixed=_FROM_THE_CLIENT,
        nearness=(
            "Near for the client's program; but what it sends is not acknowledged, so TCP repeats it, and no balancer "
            "closes the connection after its minute."
        ),
    ),
    Cause(
        name="slow consumer",
        real=(
            "The peer reads no more, so its buffer fills and its kernel says that it has no room (window 0): what is "
            "sent waits with the sender, whose calls block or fail with EAGAIN, and no connection ends."
        ),
        kind="slow_drain",
        on="client",
        fixed=_FROM_THE_CLIENT,
        nearness=(
            "Near: but the window is 0 at once, where a real one closes when its buffer is full; a new connection "
            "still sends what fits into the window that it was opened with."
        ),
    ),
)
