"""Real causes, brought about for real in the room: what a fault is to be told from, or taken for.

Where chaosproof/faults/causes/table.py has a cause, it has the same name here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tests.faults.netns_target import PORT

from .trials import STRENGTHS

__all__ = ["CAUSES", "RealCause", "Step"]

Where = Literal["wire", "server", "program"]
Step = tuple[Where, str]


@dataclass(frozen=True)
class RealCause:
    """What happens, and how it is put right again.

    A step is a shell script `on` the wire between both ends or in the server's network, in which `{pid}` is the
    server's process, `{port}` its port and `{called_port}` the one that the client calls; or, to its `program`, a word.

    - `silenced`: that program cannot be asked meanwhile. `restart`: it is started again at the end.
    - `needs`: an ability of the kernel, without which it cannot be brought about.
    - `prepare`: a step before there are any programs. `called_port`: the port that the client calls where it is not the
      server's. `receive_buffer_bytes`: the server's buffer, where it is not the kernel's own.
    """

    name: str
    does: str
    begin: Step
    end: Step | None = None
    restart: bool = False
    silenced: bool = False
    protocols: Sequence[str] = ("tcp", "udp")
    needs: str = ""
    prepare: Step | None = None
    called_port: int = 0
    receive_buffer_bytes: int = 0


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
_SMALL_BYTES = 2048
# a packet in the midst of a connection that is not known is nobody's
_TRANSLATED = (
    "cd /proc/sys/net/netfilter && echo 0 >nf_conntrack_tcp_loose && echo 1 >nf_conntrack_tcp_timeout_established && "
    "nft 'table inet nat { chain in { type nat hook prerouting priority dstnat; "
    "tcp dport {called_port} redirect to :{port}; }; }'"
)
_RATE_KBIT = STRENGTHS["rate_kbit"]

CAUSES: Sequence[RealCause] = (
    RealCause(
        "peer process killed",
        "SIGKILL to the server; nobody listens until it is started again",
        ("server", "kill -9 {pid}; while kill -0 {pid} 2>/dev/null; do sleep 0.01; done"),
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
        ("wire", f"ip link set {_DEVICE} down"),
        ("wire", f"ip link set {_DEVICE} up"),
    ),
    RealCause(
        "peer host rebooted",
        "the server's kernel forgets its connections without a packet, and the server listens as before",
        ("program", "forget"),
        protocols=("tcp",),
    ),
    RealCause(
        "NAT timeout",
        "the port that the client calls is translated on the server's host; the kernel's own timeout of 1 s makes it "
        "forget the connections over which nothing passes",
        ("server", "until [ $(cat /proc/sys/net/netfilter/nf_conntrack_count) = 0 ]; do sleep 0.1; done"),
        prepare=("server", _TRANSLATED),
        called_port=PORT + 1,
        protocols=("tcp",),
    ),
    RealCause(
        "load balancer without a back end",
        "the server accepts and reads, and does not answer before the end",
        ("program", "mute"),
        ("program", "speak"),
        protocols=("tcp",),
    ),
    RealCause(
        "slow consumer",
        f"the server does not read before the end; its buffer has {_SMALL_BYTES:,} bytes",
        ("program", "full"),
        ("program", "read"),
        protocols=("tcp",),
        receive_buffer_bytes=_SMALL_BYTES,
    ),
    _firewall(
        "firewall with REJECT",
        "a rule with reject (ICMP port unreachable) in the server's input chain, for every packet to its port",
        "th dport {port} reject",
    ),
    _firewall(
        "firewall with REJECT by TCP reset",
        "a rule with a TCP reset there",
        "tcp dport {port} reject with tcp reset",
        ("tcp",),
    ),
    _firewall("firewall with DROP", "a rule with drop there", "th dport {port} drop"),
    _firewall(
        "firewall with DROP, new connections only",
        "a rule with drop there, for packets that begin a connection",
        "ct state new th dport {port} drop",
    ),
    RealCause(
        "congested link",
        f"the wire sends to the server at {_RATE_KBIT:g} kbit/s, from a queue of 250 ms (tbf)",
        (
            "wire",
            f"tc qdisc add dev {_DEVICE} root tbf rate {_RATE_KBIT:g}kbit burst 3028 "
            f"limit {3028 + round(_RATE_KBIT * 125 * 0.25)}",
        ),
        ("wire", f"tc qdisc del dev {_DEVICE} root"),
        needs="htb",
    ),
    RealCause(
        "lossy link",
        f"the wire loses {STRENGTHS['loss_percent']:g} % of what it carries to the server (nft, netdev egress)",
        (
            "wire",
            f"nft 'table netdev wire {{ chain c {{ type filter hook egress device {_DEVICE} priority 0; "
            f"numgen random mod 100 < {STRENGTHS['loss_percent']:g} drop; }}; }}'",
        ),
        ("wire", "nft delete table netdev wire"),
    ),
    RealCause(
        "long line",
        f"the wire holds what it carries to the server for {STRENGTHS['delay_ms']:g} ms (netem)",
        ("wire", f"tc qdisc add dev {_DEVICE} root netem delay {STRENGTHS['delay_ms']:g}ms limit 10000"),
        ("wire", f"tc qdisc del dev {_DEVICE} root"),
        needs="netem",
    ),
)
