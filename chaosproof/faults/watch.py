"""The observer: one command inside the instance that waits for a fault's end and reports its last count.

One command for the whole wait, because a command costs a tenth of a second on a cluster. It looks seldom
while the end is far, so as not to disturb what is measured, and every 20 ms around the deadline.
"""

from chaosproof.faults.render_nft import TABLE

__all__ = ["watch_argv"]

_SELDOM_S = 0.5
_OFTEN_S = 0.02
_NEAR_S = 0.06

# prints: the instant at which the fault was first seen gone, the last listing with it, the first without
_SCRIPT = f"""
id=$1 near_at=$(( $(date +%s%N) / 1000000 + $2 )) last=
while :; do
  now=$(nft list table {TABLE} 2>/dev/null) || now=$(nft list table {TABLE} 2>/dev/null)
  at=$(date +%s.%N)
  case $now in *"\\"$id\\""*) last=$now ;; *) break ;; esac
  left=$(( near_at - $(date +%s%N) / 1000000 ))
  if [ $left -gt {round(_SELDOM_S * 1000)} ]; then sleep {_SELDOM_S}
  elif [ $left -gt 0 ]; then sleep $(printf '0.%03d' $left)
  else sleep {_OFTEN_S}; fi
done
printf '%s\\n====\\n%s\\n====\\n%s' "$at" "$last" "$now"
"""


def watch_argv(fault_id: str, left_s: float) -> list[str]:
    """The command that returns when no element of the fault is left, expected in `left_s` seconds."""
    return ["sh", "-c", _SCRIPT, "watch", fault_id, str(max(0, round((left_s - _NEAR_S) * 1000)))]
