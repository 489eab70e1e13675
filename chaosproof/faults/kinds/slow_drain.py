"""`slow_drain`: the other end takes nothing more: it says that its window is 0."""

from chaosproof.faults.kinds.base import Back, NetworkKind, Refusal

__all__ = ["KIND"]

KIND = NetworkKind(
    name="slow_drain",
    does="lets the far end of TCP connections take nothing more (window 0)",
    doc=(
        "Let every TCP connection to `port` hear from its far end that it has no room (window 0), as of a process that "
        "reads no more: what is sent waits with its sender, which asks again and again, and no connection ends."
    ),
    layer="cut",
    port_required=True,
    refusals=(
        Refusal("only TCP has a window: use kind rate or loss for {protocol}", protocols=("udp", "any")),
        Refusal(
            "{kind} is put on the side that sends: name the destination port, with direction egress",
            directions=("ingress",),
        ),
        Refusal("{kind} is put on the side that sends: name the destination port", port_sides=("source",)),
    ),
    # a connection opens, and what it sends at once still fits into the window that it was opened with
    back=Back(
        ("tcp window set 0",), (("tcp flags & (syn | rst) == 0x0",), ("tcp flags & (syn | rst) == 0x0",))
    ),
)
