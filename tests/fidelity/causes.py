"""Real causes, brought about for real in the room: what a fault is to be told from, or taken for.

Where chaosproof/faults/causes/table.py has a cause, it has the same name here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from .trials import STRENGTHS

__all__ = ["CAUSES", "RealCause", "Step"]

Where = Literal["bridge", "server", "program"]
Step = tuple[Where, str]


@dataclass(frozen=True)
class RealCause:
    """What happens, and how it is put right again.

    A step is a shell script `on` the bridge between both ends or in the server's network, in which `{pid}` is the
    server's process and `{port}` its port; or, to its `program`, a word. `silenced`: that program cannot be asked
    meanwhile; `restart`: it is started again at the end. `needs` is an ability of the kernel.
    """

    name: str
    does: str
    begin: Step
    end: Step | None = None
    restart: bool = False
    silenced: bool = False
    protocols: Sequence[str] = ("tcp", "udp")
    needs: str = ""


def _firewall(name: str, does: str, rule: str, protocols: Sequence[str] = ("tcp", "udp")) -> RealCause:
    table = f"table inet wall {{ chain in {{ type filter hook input priority 0; {rule}; }}; }}"
    return RealCause(
        name,
        does,
        ("server", f"nft '{table}'"),
        ("server", "nft delete table inet wall"),
        protocols=protocols,
    )


_DEVICE = "server-0"
_RATE_KBIT = STRENGTHS["rate_kbit"]

CAUSES: Sequence[RealCause] = (
    RealCause(
        "peer process killed",
        "SIGKILL to the server; nobody listens until it is started again",
        ("server", "kill -9 {pid}"),
        restart=True,
        silenced=True,
    ),
    RealCause(
        "stuck peer",
        "SIGSTOP to the server, SIGCONT at the end",
        ("server", "kill -STOP {pid}"),
        ("program", "continue"),
        silenced=True,
    ),
    RealCause(
        "peer host unplugged",
        "the server's link is taken down, and up again at the end",
        ("bridge", f"ip link set {_DEVICE} down"),
        ("bridge", f"ip link set {_DEVICE} up"),
    ),
    RealCause(
        "peer forgot the connection",
        "the server's kernel forgets its connections without a packet, as one that was rebooted, and listens",
        ("program", "forget"),
        protocols=("tcp",),
    ),
    _firewall(
        "firewall with REJECT",
        "a rule with reject (ICMP port unreachable) in the server's input chain, for every packet to its port",
        "th dport {port} reject",
    ),
    _firewall(
        "firewall with REJECT by TCP reset",
        "the same with a TCP reset",
        "tcp dport {port} reject with tcp reset",
        ("tcp",),
    ),
    _firewall("firewall with DROP", "the same with drop", "th dport {port} drop"),
    _firewall(
        "firewall with DROP, new connections only",
        "the same for packets that begin a connection",
        "ct state new th dport {port} drop",
    ),
    RealCause(
        "congested link",
        f"the bridge sends to the server at {_RATE_KBIT:g} kbit/s, from a queue of 250 ms (tbf)",
        (
            "bridge",
            f"tc qdisc add dev {_DEVICE} root tbf rate {_RATE_KBIT:g}kbit burst 3028 "
            f"limit {3028 + round(_RATE_KBIT * 125 * 0.25)}",
        ),
        ("bridge", f"tc qdisc del dev {_DEVICE} root"),
        needs="htb",
    ),
    RealCause(
        "lossy link",
        f"the bridge loses {STRENGTHS['loss_percent']:g} % of what it carries to the server (nft, bridge family)",
        (
            "bridge",
            "nft 'table bridge wire { chain c { type filter hook forward priority 0; "
            f'oifname "{_DEVICE}" numgen random mod 100 < {STRENGTHS["loss_percent"]:g} drop; }}; }}\'',
        ),
        ("bridge", "nft delete table bridge wire"),
    ),
    RealCause(
        "long line",
        f"the bridge holds what it carries to the server for {STRENGTHS['delay_ms']:g} ms (netem)",
        ("bridge", f"tc qdisc add dev {_DEVICE} root netem delay {STRENGTHS['delay_ms']:g}ms limit 10000"),
        ("bridge", f"tc qdisc del dev {_DEVICE} root"),
        needs="netem",
    ),
)
