#!/bin/bash
# A good engineer would guess: `tcp dport 41000-41999 reject with tcp reset` in the output hook refuses every connection to those ports at once.
# What really happens: a few of a hundred wait for their own timeout, also on an idle machine. The RST goes to the port that the connection was
# made from; where that one lies in the range, the answer meets the same rule, and a RST is not answered: it is gone. The same rule on ports
# below the ephemeral range refuses all of them within milliseconds.
set -eu
for t in nft unshare ip python3; do command -v $t >/dev/null || { echo "skipped: needs $t"; exit 0; }; done
[ "$(id -u)" = 0 ] || { echo "skipped: needs root"; exit 0; }
d=$(mktemp -d); trap 'rm -rf "$d"' EXIT
cat >"$d/connect.py" <<'P'
import socket, sys
first, count = int(sys.argv[1]), int(sys.argv[2])
within = refused = waited = 0
for n in range(count):
    with socket.socket() as s:
        s.bind(("10.9.9.1", int(sys.argv[3]) + n))  # the port it is made from
        within += first <= s.getsockname()[1] < first + 1000
        s.settimeout(0.3)
        try:
            s.connect(("10.9.9.9", first + n % 1000))
        except ConnectionRefusedError:
            refused += 1
        except TimeoutError:
            waited += 1
print(f"{count} made, {within} from a port in the range: {refused} refused, {waited} waited in vain")
P
cat >"$d/try" <<'S'
ip link set lo up
ip link add d0 type veth peer name d1
ip addr add 10.9.9.1/24 dev d0; ip link set d0 up; ip link set d1 up
ip neigh add 10.9.9.9 lladdr 02:00:00:00:00:09 dev d0
nft 'add table inet t; add chain inet t o { type filter hook output priority 0; }'
nft 'add rule inet t o tcp dport { 21000-21999, 41000-41999 } reject with tcp reset'
echo "output: to 41000-41999, from 40990 on: $(python3 "$1/connect.py" 41000 20 40990)"
echo "output: to 21000-21999, from 51000 on: $(python3 "$1/connect.py" 21000 20 51000)"
S
unshare -n sh "$d/try" "$d" | tee "$d/out"
echo "version: $(nft --version), Linux $(uname -r), ports that connections are made from: $(tr '\t' '-' </proc/sys/net/ipv4/ip_local_port_range)"
echo "behaviour: a reset by rule is a blackhole for connections whose own port the rule names, too; keep the two ranges apart."
grep -q '10 from a port in the range: 10 refused, 10 waited' "$d/out" && grep -q '0 from a port in the range: 20 refused, 0 waited' "$d/out"
