"""Heals an instance: one command that ends whatever of ours is on it, by whatever way it was put there.

It looks at the instance, not at anybody's memory, so it also heals what a dead process left. The fault goes
first and its watchdog after, so that whoever is killed half-way leaves a watchdog, never a fault without one.
"""

from collections.abc import Mapping

from chaosproof.faults.backends.base import CommandRunner, output_of
from chaosproof.faults.backends.iptables.render import PREFIX
from chaosproof.faults.backends.listings import read_rules, read_table
from chaosproof.faults.backends.nfqueue.backend import HOLDING
from chaosproof.faults.backends.nft.render import TABLE, clear_script
from chaosproof.faults.backends.tc.render import ROOT
from chaosproof.faults.backends.watchdog import NAME

__all__ = ["active", "heal"]

# hundredths of a second
_LET_GO_MAX = 50
_BEGIN = f"""
status=0
has() {{ command -v "$1" >/dev/null; }}
list_elements() {{
  has nft || return 1
  said=$(nft list table {TABLE} 2>&1) && printf '%s\\n' "$said" && return
  case $said in *"No such file"*) ;; *) printf '%s\\n' "$said" >&2; status=1 ;; esac
  return 1
}}
list_rules() {{
  has $1-save && rules=$($1-save -c -t $2 2>/dev/null | grep -- '{PREFIX}') && printf '%s\\n' "$rules"
}}
"""
_LIST = f"""{_BEGIN}
list_elements
for table in filter mangle; do list_rules iptables $table; list_rules ip6tables $table; done
exit $status
"""
_HEAL = f"""{_BEGIN}
list_elements && {{ nft -f - || status=1; }}
for table in filter mangle; do for program in iptables ip6tables; do
  list_rules $program $table || continue
  printf '%s\\n' "$rules" | sed 's/^[^ ]* -A/-D/' | xargs -L1 $program -w -t $table ||
    # one that its watchdog took out meanwhile is no failure
    ! list_rules $program $table >/dev/null || status=1
done; done
remove_queues() {{
  has tc || return 0
  tc qdisc show 2>/dev/null | grep '^qdisc htb {ROOT} ' | while read -r _ _ _ _ dev _; do
    tc qdisc del dev "$dev" root handle {ROOT} ||
      # one that its watchdog took down meanwhile is no failure
      ! tc qdisc show dev "$dev" | grep -q '^qdisc htb {ROOT} ' || exit 1
  done
}}
remove_queues || status=1
here=$(readlink /proc/self/ns/net)
for file in $(grep -lzx {NAME} /proc/[0-9]*/cmdline 2>/dev/null); do
  process=${{file%/cmdline}}
  [ "$(readlink "$process/ns/net")" = "$here" ] || continue
  # a watchdog leads its own process group; one that holds packets lets them go first
  group=-${{process#/proc/}} n=0
  grep -qzx {HOLDING} "$file" && kill -s TERM -- "$group" &&
    while [ $n -lt {_LET_GO_MAX} ] && grep -qzx {HOLDING} "$file"; do sleep 0.01; n=$((n+1)); done
  kill -s KILL -- "$group"
done 2>/dev/null
# what one of them put up for a fault to come, between the two
remove_queues || status=1
exit $status
"""


def heal(run: CommandRunner) -> Mapping[str, int]:
    """End every fault on the instance, now; packets hit so far, by id, of those that were on.

    Harmless on an instance that never had one. Raises `FaultError` when something of it did not work.
    """
    argv, failing = ["sh", "-c", _HEAL], "the faults could not all be healed"
    healed = output_of(run, argv, failing, stdin=clear_script(), timeout_s=20.0)
    elements = read_table(healed).faults
    return {**read_rules(healed), **{fault_id: seen.packets for fault_id, seen in elements.items()}}


def active(run: CommandRunner) -> Mapping[str, float | None]:
    """The faults that are on the instance, by id, with the seconds that the kernel still gives each.

    `None` for one that waits for its watchdog.
    """
    listed = output_of(run, ["sh", "-c", _LIST], "the faults that are on could not be listed")
    elements = read_table(listed).faults
    return {
        **dict.fromkeys(read_rules(listed)),
        **{fault_id: seen.left_s for fault_id, seen in elements.items()},
    }
