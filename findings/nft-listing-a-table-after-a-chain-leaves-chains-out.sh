#!/bin/bash
# A good engineer would guess: several list commands in one call of nft print what each of them prints alone.
# What really happens (nft 1.0.6): a `list chain` narrows what is fetched for the whole call: another chain that is there is "No such file or
# directory", and a `list table` beside it exits 0 and prints the table without its other chains.
set -eu
for t in nft unshare; do command -v $t >/dev/null || { echo "skipped: needs $t"; exit 0; }; done
[ "$(id -u)" = 0 ] || { echo "skipped: needs root"; exit 0; }
version=$(nft --version)
case $version in *v1.0.6*) ;; *) echo "skipped: seen with nft 1.0.6, this is $version"; exit 0 ;; esac
d=$(mktemp -d); trap 'rm -rf "$d"' EXIT
cat >"$d/try" <<'S'
nft 'add table inet t; add chain inet t a; add chain inet t b; add rule inet t a counter; add rule inet t b counter'
for call in 'list chain inet t a' 'list chain inet t a; list chain inet t b' 'list table inet t' 'list chain inet t b; list table inet t'; do
  listed=$(nft "$call" 2>/dev/null) && code=0 || code=$?
  # the chains of what is printed last
  echo "$call: exit $code, $(printf '%s\n' "$listed" | sed -n '/^table/h; /chain/H; ${x;p}' | grep -c chain) chains"
done
S
unshare -n sh "$d/try" | tee "$d/out" | sed 's/^/output: /'
echo "version: $version, Linux $(uname -r)"
echo "behaviour: what a list command shows depends on the other list commands of its call; call nft once for each."
cat >"$d/want" <<'W'
list chain inet t a: exit 0, 1 chains
list chain inet t a; list chain inet t b: exit 1, 0 chains
list table inet t: exit 0, 2 chains
list chain inet t b; list table inet t: exit 0, 1 chains
W
cmp -s "$d/out" "$d/want"
