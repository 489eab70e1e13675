"""`half_open`: a server forgets its connections without a word, as one does that was restarted behind a failed link."""

from chaosproof.faults.kinds.base import Back, NetworkKind, Refusal

__all__ = ["KIND"]

_ABORTS = ("tcp flags & (rst | ack) == rst | ack",)

KIND = NetworkKind(
    name="half_open",
    does="lets a server forget its open connections without a word to its clients",
    doc=(
        "Forget the connections that are open to `port` of the instance: their clients hear nothing of it, and an RST "
        "when they next send. New connections open as ever. What the server would end by RST, it ends in silence."
    ),
    layer="cut",
    port_required=True,
    refusals=(
        Refusal("only TCP has connections to forget: use kind drop for {protocol}", protocols=("udp", "any")),
        Refusal(
            "{kind} is what the far end of a connection does: put it on the server, with direction ingress",
            directions=("egress",),
        ),
        Refusal(
            "{kind} forgets the connections to a port: name the destination port", port_sides=("source",)
        ),
    ),
    ends_open=("ingress",),
    canary=("open",),
    # nothing is promised of the clients' ends: those that send in the next second hear RST, and the others stay
    # a kernel that ends a connection says RST and ACK; one that knows of none answers data by RST alone (RFC 9293,
    # 3.10.7.1), and that is to be heard
    back=Back(("drop",), (_ABORTS, _ABORTS)),
)
