#!/bin/bash
# A good engineer would guess: a drop in the netdev egress hook is behind the sender's stack, so TCP takes it for a
# loss on the line and counts a retransmission for each packet. A qdisc that throws everything away reports that as a drop, too.
# What really happens: the hook answers NET_XMIT_DROP up the stack: TCP keeps the segment unsent and counts no retransmission, and a UDP send with
# IP_RECVERR fails with ENOBUFS. The qdisc `blackhole` is the one that answers success: there each lost segment is retransmitted and counted.
set -eu
for t in nft tc unshare python3 ip; do command -v $t >/dev/null || { echo "skipped: needs $t"; exit 0; }; done
[ "$(id -u)" = 0 ] || { echo "skipped: needs root"; exit 0; }
d=$(mktemp -d); trap 'rm -rf "$d"' EXIT
cat >"$d/t.py" <<'P'
import fcntl, re, socket, struct, subprocess, sys, threading, time
server = socket.create_server(("127.0.0.1", 0)); port = server.getsockname()[1]
def serve():
    while True:
        c, _ = server.accept()
        def read(c=c):
            while c.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1) or c.recv(100): pass
        threading.Thread(target=read, daemon=True).start()
threading.Thread(target=serve, daemon=True).start()
chosen = f"meta length > 60 th dport {port} numgen random mod 100 < 30 counter"
ways = {
    "output hook": f"table inet t {{ chain c {{ type filter hook output priority 0; meta l4proto {{ tcp, udp }} {chosen} drop; }}; }}",
    "egress hook": f"table netdev t {{ chain c {{ type filter hook egress device lo priority 0; meta l4proto {{ tcp, udp }} {chosen} drop; }}; }}",
    "blackhole": f"table inet t {{ chain c {{ type filter hook output priority 0; meta l4proto {{ tcp, udp }} {chosen} meta priority set 0x00010001; }}; }}",
}
for line in ("qdisc add dev lo root handle 1: htb default 0", "class add dev lo parent 1: classid 1:1 htb rate 10gbit quantum 200000", "qdisc add dev lo parent 1:1 blackhole"):
    if subprocess.run(["tc", *line.split()], stderr=subprocess.DEVNULL).returncode: print("skipped: needs sch_htb"); sys.exit(0)
got = {}
for way, table in ways.items():
    if subprocess.run(["nft", table], stderr=subprocess.DEVNULL).returncode: print("skipped: needs the netdev egress hook"); sys.exit(0)
    s = socket.create_connection(("127.0.0.1", port)); s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for _ in range(80):
        s.send(b"x" * 40)
        while fcntl.ioctl(s, 0x5411, bytes(4)) != bytes(4): time.sleep(0.0005)  # SIOCOUTQ: until it is acknowledged
    dropped = int(re.search(r"packets (\d+)", subprocess.check_output(["nft", "list", "ruleset"], text=True)).group(1))
    again = struct.unpack_from("I", s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 192), 100)[0]  # tcpi_total_retrans
    errors = []
    for recverr in (0, 1):
        u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.setsockopt(socket.IPPROTO_IP, 11, recverr); seen = set()
        for _ in range(60):
            try: u.sendto(b"x" * 100, ("127.0.0.1", port))
            except OSError as e: seen.add(e.errno)
        errors.append(sorted(seen - {111}))  # a port on which nobody listens answers
    subprocess.run(["nft", "flush", "ruleset"], check=True)
    got[way] = (again / dropped, *errors)
    print(f"output: {way}: {dropped} segments lost, {again} retransmissions by the socket's count; UDP errors {errors[0] or 'none'}, with IP_RECVERR {errors[1] or 'none'}")
low = all(got[way][0] < 0.2 for way in ("output hook", "egress hook"))
sys.exit(not (low and got["blackhole"][0] > 0.85 and [g[1:] for g in got.values()] == [([1], [1]), ([], [105]), ([], [])]))
P
echo "version: Linux $(uname -r), $(nft --version | head -1), $(tc -V)"
echo "behaviour: what the egress hook drops, its sender still holds: TCP counts no loss, UDP hears of it only with IP_RECVERR; the blackhole qdisc loses like a line."
unshare -n bash -c 'ip link set lo up; exec python3 "$0"' "$d/t.py"
