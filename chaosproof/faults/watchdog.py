"""A process inside the instance that takes a fault back at its deadline, whoever is alive by then.

For what no timed element can end: iptables rules and queues. The watchdog itself puts the fault on, then
sleeps, then takes it back. So there is no moment at which the fault is on and the watchdog is not: who starts
it only waits for its first line, and can be killed at any time. It has its own session, no terminal, and
ignores every signal that can be ignored; SIGKILL on the watchdog itself is what it cannot survive, which is
why a receipt says "watchdog" and not "kernel".

Watchdogs of one instance take turns by a lock on its network namespace: no lock file is left anywhere.
"""

from collections.abc import Sequence

from chaosproof.faults.backend import Run
from chaosproof.faults.failure import failure

__all__ = ["FAILED", "NAME", "clean", "clean_argv", "watchdog_argv"]

NAME = "chaosproof-watchdog"
FAILED = "failed"

_TAKEN = 75
_INNER = """
trap '' HUP INT TERM PIPE
{first}
down() {{ ( flock 9; {down} ) 9</proc/self/ns/net >/dev/null 2>&1; }}
said=$( ( flock 9; {{ {check}; }} || exit {taken}; {up} ) 9</proc/self/ns/net 2>&1 )
case $? in
  0) echo on ;;
  {taken}) echo {failed} $said; exit ;;
  *) down; echo {failed} $said; exit ;;
esac
exec >/dev/null 2>&1
sleep {duration_s:.3f}
down
"""
# the subshell ends at once, so that `read` is all that is waited for
_OUTER = '( setsid sh -c "$1" "$2" "$3" </dev/null 2>&1 & ) | { IFS= read -r line; printf "%s\\n" "$line"; }'


def watchdog_argv(
    fault_id: str,
    duration_s: float,
    up: Sequence[str],
    down: Sequence[str],
    *,
    check: str = "true",
    first: str = ":",
) -> list[str]:
    """The command that puts a fault on by the shell lines `up` and leaves a watchdog to run `down`.

    It prints `on`, or `failed` and what was said: by `check`, and then nothing was touched, or by a line of
    `up`, and then `down` was run. All lines of `down` are run, whatever becomes of each. What `first` sets,
    the lines of both may use.
    """
    inner = _INNER.format(
        first=first,
        check=check,
        up=" && ".join(up),
        down="; ".join(down),
        taken=_TAKEN,
        failed=FAILED,
        duration_s=duration_s,
    )
    return ["sh", "-c", _OUTER, "sh", inner, NAME, fault_id]


def clean(run: Run, down: Sequence[str]) -> None:
    """Do what a watchdog should have done: run all lines of `down`, in turn with those that are alive.

    Raises `FaultError` when the command cannot be run; that a line of it found nothing to do is no error.
    """
    done = run(clean_argv(down))
    if done.exit_code != 0:
        raise failure("what a watchdog left could not be taken back", done)


def clean_argv(down: Sequence[str]) -> list[str]:
    """The command that runs all lines of `down`, in turn with those watchdogs that are alive."""
    return ["sh", "-c", f"( flock 9; {'; '.join(down)} ) 9</proc/self/ns/net >/dev/null 2>&1; true"]
