"""The observer: one command inside the instance that waits for a fault's end and reports its last count.

One command for the whole wait, because a command costs a tenth of a second on a cluster. It looks seldom
while the end is far, so as not to disturb what is measured, and every 20 ms around the deadline.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from chaosproof.faults.backends.base import CommandRunner, output_of

__all__ = ["Watched", "watch"]

_SELDOM_S = 1.0
_OFTEN_S = 0.02
_NEAR_S = 0.06
_LATE_S = 0.2
_SPARE_S = 10.0
_RULE = "\n====\n"

# where a command was long on its way, as while an API server is restarted, CHAOSPROOF_LATE_MS says how long
# a listing that fails is tried again: only an answer without the fault says that it has ended; one that is late is
# taken back in turn with its watchdog, which may be slow and not dead
_SCRIPT = f"""
mark=$2 near_at=$(( $(date +%s%N) / 1000000 + $3 - ${{CHAOSPROOF_LATE_MS:-0}} ))
down=$4 last= before= ended=itself on= at=
while :; do
  now=$(eval "$1" 2>/dev/null) || now=$(eval "$1" 2>/dev/null) || now=$(eval "$1") || exit 1
  began=$at at=$(date +%s.%N)
  case $now in *"$mark"*) before=$last last=$now on=$began ;; *) break ;; esac
  left=$(( near_at - $(date +%s%N) / 1000000 ))
  if [ $left -gt {round(_SELDOM_S * 1000)} ]; then sleep {_SELDOM_S}
  elif [ -n "$down" ] && [ $left -lt -{round((_NEAR_S + _LATE_S) * 1000)} ]; then
    ( flock 9; case $(eval "$1") in *"$mark"*) eval "$down" ;; *) exit 1 ;; esac; true ) \\
      9</proc/self/ns/net >/dev/null 2>&1 && ended=cleaned
    down=
  elif [ $left -gt 0 ]; then sleep $(printf '0.%03d' $left)
  else sleep {_OFTEN_S}; fi
done
printf '%s\\n====\\n%s\\n====\\n%s\\n====\\n%s\\n====\\n%s\\n====\\n%s' \\
  "$at" "${{on:-0}}" "$ended" "$before" "$last" "$now"
"""


@dataclass(frozen=True)
class Watched:
    """When the end was seen (Unix seconds, the instance's clock), and what was listed.

    `on_at` is an instant before the last look that saw it on, 0 where there were fewer than two: the end is between.
    `looks` are the last two listings with the fault (the very last may have met it half removed), `now` is
    the first without. `cleaned` says that it was still there after its deadline, and was taken back then.
    """

    at: float
    on_at: float
    cleaned: bool
    looks: tuple[str, str]
    now: str


def watch(run: CommandRunner, listing: str, mark: str, left_s: float, down: Sequence[str] = ()) -> Watched:
    """Return when the shell line `listing` prints no `mark` any more, expected in `left_s` seconds.

    When a watchdog is late, because it was killed, the lines `down` do its work. Raises `FaultError` when the
    mark stays all the same, or the command cannot be run or was killed.
    """
    near_ms = max(0, round((left_s - _NEAR_S) * 1000))
    argv = ["sh", "-c", _SCRIPT, "watch", listing, mark, str(near_ms), "; ".join(down)]
    printed = output_of(run, argv, "the end of the fault could not be observed", timeout_s=left_s + _SPARE_S)
    at, on_at, ended, before, last, now = printed.split(_RULE)
    return Watched(float(at), float(on_at), ended == "cleaned", (before, last), now)
