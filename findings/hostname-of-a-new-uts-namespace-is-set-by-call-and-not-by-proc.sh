#!/bin/bash
# A good engineer would guess: root of a user namespace owns the UTS namespace that was made with it, so both roads to its
# host name are open, sethostname(2) and /proc/sys/kernel/hostname. Programs that run as the machine's root see both work.
# What really happens: the file belongs to the machine's root whoever looks, and an ordinary user who is root in a user
# namespace may not write it, with every capability there; the call does it. A lab or a rootless container has to call.
set -eu
for t in unshare setpriv; do command -v $t >/dev/null || { echo "skipped: needs $t"; exit 0; }; done
d=$(mktemp -d); trap 'rm -rf "$d"' EXIT; chmod 755 "$d"; cd "$d"
cat >try.sh <<'S'
if (echo by-file >/proc/sys/kernel/hostname) 2>/dev/null; then file=yes; else file=no; fi
if hostname by-call 2>/dev/null && [ "$(hostname)" = by-call ]; then call=yes; else call=no; fi
echo "file $file, call $call, owner $(stat -c %u /proc/sys/kernel/hostname), $(grep CapEff /proc/self/status | tr -d '\t')"
S
new="unshare --user --map-root-user --uts sh try.sh"
if [ "$(id -u)" = 0 ]; then as_user="setpriv --reuid 65534 --regid 65534 --clear-groups"; else as_user=; fi
$as_user $new >user 2>&1 || { echo "skipped: this machine lets an ordinary user make no user namespace"; exit 0; }
echo "Linux $(uname -r), an ordinary user: $(cat user)"
grep -q '^file no, call yes,' user
if [ "$(id -u)" = 0 ]; then
    $new >root
    echo "the machine's root, in the same namespaces: $(cat root)"
    grep -q '^file yes, call yes,' root
fi
