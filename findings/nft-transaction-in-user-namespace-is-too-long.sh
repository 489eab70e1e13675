#!/bin/bash
# A good engineer would guess: root of a user and network namespace of its own can load every ruleset that root can load, or is told "not permitted".
# What really happens (nft 1.0.6): one transaction of 500 ordinary rules ends there with "Message too long", with a socket buffer limit
# (net.core.wmem_max) of megabytes; the same file is taken from root outside of it, and from root inside when it comes in pieces.
set -eu
for t in nft unshare python3 split; do command -v $t >/dev/null || { echo "skipped: needs $t"; exit 0; }; done
[ "$(id -u)" = 0 ] || { echo "skipped: needs root, to compare with"; exit 0; }
unshare -Urn true 2>/dev/null || { echo "skipped: needs user namespaces"; exit 0; }
d=$(mktemp -d); trap 'rm -rf "$d"' EXIT
echo 'add table inet t; add chain inet t c { type filter hook output priority 0; }' >"$d/begin"
python3 -c 'for i in range(500): print(f"add rule inet t c ip daddr 10.0.{i // 256}.{i % 256} tcp dport {i + 1} counter accept")' >"$d/rules"
split -l 100 "$d/rules" "$d/piece."
cat "$d/begin" "$d/rules" >"$d/whole"
cat >"$d/pieces" <<'S'
nft -f "$1/begin"
for piece in "$1"/piece.*; do nft -f "$piece"; done
nft list chain inet t c | grep -c 'dport.*accept'
S
outside=$(unshare -n nft -f "$d/whole" 2>&1 && echo "exit 0")
inside=$(unshare -Urn nft -f "$d/whole" 2>&1 | grep -o -m 1 'Message too long' || true)
pieces=$(unshare -Urn sh "$d/pieces" "$d")
echo "version: $(nft --version), Linux $(uname -r), wmem_max $(cat /proc/sys/net/core/wmem_max), file of $(stat -c %s "$d/whole") bytes"
echo "behaviour: the transaction's size is limited by the socket buffer of whoever may not force it larger; load large rulesets in pieces."
echo "output: root outside, 500 rules in one transaction: ${outside:-refused}"
echo "output: root of a user namespace, the same file:    ${inside:-exit 0}"
echo "output: root of a user namespace, 100 at a time:    $pieces rules are there"
[ "$outside" = "exit 0" ] && [ "$inside" = "Message too long" ] && [ "$pieces" = 500 ]
