#!/bin/bash
# A good engineer would guess: what `nft list ruleset` prints is what the kernel does, and can be saved and loaded again.
# What really happens (nft 1.0.6): a set of `tcp doff . ip length` (a field of 4 bits in a concatenation with ranges) matches as it was written,
# but is listed as `tcp doff >> 4 . ip length { 0 . 0 }`, and that text is loaded again without a word, as another rule: it matches nothing.
set -eu
for t in nft unshare ip python3; do command -v $t >/dev/null || { echo "skipped: needs $t"; exit 0; }; done
[ "$(id -u)" = 0 ] || { echo "skipped: needs root"; exit 0; }
d=$(mktemp -d); trap 'rm -rf "$d"' EXIT
cat >"$d/send.py" <<'P'
import socket
with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
    peer, _ = server.accept()
    for _ in range(3):  # with time stamps a segment with data has a header of 8 words
        client.sendall(b"x")
        peer.recv(1)
P
cat >"$d/try" <<'S'
ip link set lo up
nft 'table inet t { chain c { type filter hook output priority 0; }; }'
nft 'add rule inet t c tcp doff . ip length { 8 . 41-65535 } counter comment "eight"'
nft 'add rule inet t c tcp doff . ip length { 5 . 41-65535 } counter comment "five"'
python3 "$1/send.py"
nft -n list ruleset >"$1/saved"
sed -n 's/^[[:space:]]*/output: /; /comment/p' "$1/saved"
nft flush ruleset
sed 's/counter packets [0-9]* bytes [0-9]*/counter/; s/comment "/comment "restored /' "$1/saved" >"$1/restored"
nft -f "$1/restored" && echo "output: what was listed is loaded again: exit $?"
python3 "$1/send.py"
nft -n list ruleset | sed -n 's/^[[:space:]]*/output: /; /comment/p'
S
unshare -n sh "$d/try" "$d" | tee "$d/out"
echo "version: $(nft --version), Linux $(uname -r)"
echo "behaviour: both rules are listed as 0 . 0 though each counts as it was written; restored from that text, neither counts: keep the text that was loaded, not the one that was listed."
count() { sed -n "s/.*{ 0 . 0 } counter packets \([0-9]*\) .*\"$1\"/\1/p" "$d/out"; }
[ "$(count eight)" -ge 3 ] && [ "$(count five)" = 0 ] && [ "$(count "restored eight")" = 0 ]
