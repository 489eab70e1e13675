"""A process inside the instance that takes a fault back at its deadline, whoever is alive by then.

For what no timed element can end: iptables rules and queues. The watchdog itself puts the fault on, then
sleeps, then takes it back. So there is no moment at which the fault is on and the watchdog is not: who starts
it only waits for its first line, and can be killed at any time. It has its own session, no terminal, and
ignores every signal that can be ignored; SIGKILL on the watchdog itself is what it cannot survive, which is
why a receipt says "watchdog" and not "kernel".

It is told to begin by a line of input, so that it can be started ahead of the moment in which the fault goes on.

Watchdogs of one instance take turns by a lock on its network namespace: no lock file is left anywhere.
"""

from collections.abc import Sequence

from chaosproof.faults.backend import Run
from chaosproof.faults.failure import failure
from chaosproof.targets.target import Done

__all__ = ["NAME", "clean", "clean_argv", "detached_argv", "put_on", "watchdog_argv"]

NAME = "chaosproof-watchdog"

_GO = "go"
_ON = "on"
_FAILED = "failed"
_TAKEN = 75
_KILLED = 128 + 9
_INNER = """
trap '' HUP INT TERM PIPE
IFS= read -r go && [ "$go" = {go} ] || {{ echo {failed} nobody told it to begin; exit; }}
exec </dev/null
{first}
down() {{ ( flock 9; {down} ) 9</proc/self/ns/net >/dev/null 2>&1; }}
said=$( ( flock 9; {{ {check}; }} || exit {taken}; {up} ) 9</proc/self/ns/net 2>&1 )
case $? in
  0) echo {on} ;;
  {taken}) echo {failed} $said; exit ;;
  *) down; echo {failed} $said; exit ;;
esac
exec >/dev/null 2>&1
sleep {duration_s:.3f}
down
"""
# the subshell ends at once, so that `read` is all that is waited for; who is killed before its word, says nothing
_OUTER = f"""
exec 3<&0
( setsid sh -c "$1" "$2" "$3" <&3 3<&- 2>&1 & ) | {{ IFS= read -r line || exit {_KILLED}; printf '%s\\n' "$line"; }}
"""


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

    It does nothing before it is told to (see `put_on`). It prints `on`, or `failed` and what was said: by `check`,
    and then nothing was touched, or by a line of `up`, and then `down` was run. All lines of `down` are run,
    whatever becomes of each. What `first` sets, the lines of both may use.
    """
    inner = _INNER.format(
        first=first,
        check=check,
        up=" && ".join(up),
        down="; ".join(down),
        go=_GO,
        on=_ON,
        taken=_TAKEN,
        failed=_FAILED,
        duration_s=duration_s,
    )
    return detached_argv(inner, fault_id)


def detached_argv(inner: str, fault_id: str) -> list[str]:
    """The command that leaves the script `inner` running in a session of its own, and ends with its first line."""
    return ["sh", "-c", _OUTER, "sh", inner, NAME, fault_id]


def put_on(run: Run, argv: Sequence[str], down: Sequence[str]) -> Done | None:
    """Tell the watchdog of `watchdog_argv` to begin; `None` when the fault is on, else what became of it.

    Where it was killed in the middle, what it may have put on is taken back by the lines `down`.
    """
    done = run(argv, stdin=f"{_GO}\n")
    if done.exit_code == 0 and done.stdout.strip() == _ON:
        return None
    if done.exit_code == _KILLED:
        clean(run, down)
    return done


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
