"""`stall`: connections open, and what is sent over them does not arrive."""

from chaosproof.faults.kinds.base import NetworkKind, Refusal

__all__ = ["KIND", "NFT_DATA"]

# How long a TCP header is, in words of 4 bytes, stands in the upper half of its byte 12. `tcp doff` would say so, but
# nft 1.0.6 lists a field of 4 bits that is looked up together with a range as 0, and loads that as another rule: a
# table that is saved and restored would hold nothing any more (findings/nft-lists-narrow-field-...).
_WORDS = range(5, 16)
_IP_4 = ", ".join(f"{16 * length}-{16 * length + 15} . {21 + 4 * length}-65535" for length in _WORDS)
_IP_6 = ", ".join(f"{16 * length}-{16 * length + 15} . {1 + 4 * length}-65535" for length in _WORDS)

# a packet with data is longer than its headers: a SYN, an RST, a FIN or an acknowledgement alone is not
NFT_DATA = ((f"@th,96,8 . ip length {{ {_IP_4} }}",), (f"@th,96,8 . ip6 length {{ {_IP_6} }}",))

KIND = NetworkKind(
    name="stall",
    does="lets TCP connections open and holds what is sent over them",
    doc="Drop the TCP packets that carry data: connections open and stay, and nothing comes through them.",
    layer="cut",
    port_required=True,
    refusals=(Refusal("only TCP can be stalled: use kind drop for {protocol}", protocols=("udp", "any")),),
    canary=("held",),
    canary_data="\r\n\r\n",
    # the first try, and what TCP sends again while the canary waits: no more than a probe and three repetitions
    canary_packets=5,
    nft_rules=("drop",),
    sink="blackhole",
    nft_matches=NFT_DATA,
    # the same in classic BPF: ldxb 4*([0]&0xf); ldb [x+12]; and 0xf0; rsh 2; add x; tax; ldh [2]; jgt x
    iptables=(
        '-m bpf --bytecode "10,177 0 0 0,80 0 0 12,84 0 0 240,116 0 0 2,12 0 0 0,7 0 0 0,40 0 0 2,45 0 1 0,'
        '6 0 0 65535,6 0 0 0" -j DROP',
        '-m bpf --bytecode "8,48 0 0 52,84 0 0 240,116 0 0 2,7 0 0 0,40 0 0 4,45 0 1 0,6 0 0 65535,6 0 0 0" -j DROP',
    ),
)
