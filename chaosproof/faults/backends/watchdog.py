"""A process inside the instance that takes a fault back at its deadline, whoever is alive by then.

For what no timed element can end: iptables rules and queues. The watchdog itself puts the fault on, then
sleeps, then takes it back. So there is no moment at which the fault is on and the watchdog is not: who starts
it only waits for its first line, and can be killed at any time. It has its own session, no terminal, and
ignores every signal that can be ignored; SIGKILL on the watchdog itself is what it cannot survive, which is
why a receipt says "watchdog" and not "kernel".

It is told to begin by a line of input, so that it can be started ahead of the moment in which the fault goes on. So are
the programs that put it on (nft, tc, iptables-restore): each waits for its input behind the one before, and to start
one takes longer than what it does. A first step that changes nothing by itself, such as an empty queue, is done ahead
too: a watchdog that is never told to begin takes it back, when its input ends.

Watchdogs of one instance take turns by a lock on its network namespace: no lock file is left anywhere.
"""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace

from chaosproof.faults.backends.base import CommandRunner, output_of
from chaosproof.targets.base import CommandResult

__all__ = [
    "NAME",
    "READ_ORDER",
    "WORD",
    "Step",
    "clean",
    "clean_argv",
    "detached_argv",
    "is_on",
    "put_on",
    "standby_argv",
    "watchdog_argv",
]

NAME = "chaosproof-watchdog"

_GO = "go"
WORD = f"{_GO}\n"
"""The input upon which a watchdog begins."""
_ON = "on"
_FAILED = "failed"
# prints what else the watchdog was told
READ_ORDER = 'IFS= read -r order <&8 && printf %b "$order"'
_SILENCED = "silenced"
_KILLED = 128 + 9


@dataclass(frozen=True)
class Step:
    """One program that a watchdog starts ahead, and gives its input in its turn.

    `program` and `input` are shell: a command that ends with its input, and what prints that. `done` and `taken` are
    patterns, as of a shell's `case`, for all that it prints: it has done its work, or it has touched nothing of ours,
    because another fault is in its way. Anything else is a failure, and nothing at all the sign of one that was killed.
    `learn` is shell that is run when it is done, with its answer in `$said`: what it sets, the input after it may use,
    and, after the last step, the lines that take the fault back. A first step that is done `ahead` does not wait until
    the watchdog is told to begin. After that word an input may read what else was said, by `READ_ORDER`, once.
    """

    program: str
    input: str
    done: str
    taken: str = ""
    learn: str = ":"
    ahead: bool = False


_WORD_HEARD = Step("cat", "echo heard", done="* heard")

# `sh`, by whose name the watchdog is known, only waits; the last of the pipeline is there as long as the fault. To it
# comes what the last program says, and on 7 what kept the others from going on.
_INNER = """
set -f
export LC_ALL=C
trap '' HUP INT TERM PIPE
down() {{ ( flock 9; {down} ) 9</proc/self/ns/net >/dev/null 2>&1; }}
hear() {{
  said=
  while IFS= read -r line; do
    said="$said $line"
    # a program may be content with no input at all: what kept it from having any comes first
    case $line in 'untouched '*|'refused '*|{silenced}) break ;; esac
    case $said in $1) break ;; esac
  done
  case $said in ''|*' Killed') answer=killed ;; $1) answer=done ;; $2) answer=taken ;; *) answer=failed ;; esac
}}
exec 3<&0
{{
{{ {{
  {begin}
  exec </dev/null
  flock 9 || exit
  {check}
{steps}
}} 7>&1 8<&0 9</proc/self/ns/net 2>&1 | {{
  hear {done} {taken}
  case $answer$said in
    *' untouched '*) echo {failed} ${{said##* untouched }}; exit ;;
    *' refused '*) down; echo {failed} ${{said##* refused }}; exit ;;
    *' {silenced}') down; exit ;;
    done*) {learn} ;;
    taken*) echo {failed} $said; exit ;;
    failed*) down; echo {failed} $said; exit ;;
    *) down; exit ;;
  esac
  echo {on}
  exec </dev/null >/dev/null 2>&1
  # by the clock: who kills the sleep alone has not moved the deadline
  until=$(( $(date +%s%N) / 1000000 + {duration_ms} ))
  while left=$(( until - $(date +%s%N) / 1000000 )); [ $left -gt 0 ]; do
    sleep $(( left / 1000 )).$(printf %03d $(( left % 1000 )))
  done
  down
}} }} <&3 3<&- &
exec </dev/null 3<&- >/dev/null 2>&1
wait
"""
_BEGIN = """IFS= read -r go <&8 && [ "$go" = {go} ] || {{ echo {word} nobody told it to begin >&7; exit; }}"""
# others may put theirs on until it is told to
_TOLD = f"""
  flock -u 9
  {_BEGIN}"""
_CHECK = "said=$( {{ {check}; }} 2>&1 ) || {{ echo untouched $said >&7; exit; }}"
# that nobody reads its input any more is no news
_STEP = """  {{ {input}; }} 2>/dev/null
}} | {{ {program}; }} 2>&1"""
_NEXT = """ | {{
  hear {done} {taken}
  case $answer in
    done) {learn} ;;
    taken) echo untouched $said >&7; exit ;;
    failed) echo refused $said >&7; exit ;;
    *) echo {silenced} >&7; exit ;;
  esac{then}
"""
# the subshell ends at once, so that `read` is all that is waited for; who is killed before its word, says nothing
_OUTER = f"""
exec 3<&0
( setsid sh -c "$1" "$2" "$3" <&3 3<&- 2>&1 & ) | {{ IFS= read -r line || exit {_KILLED}; printf '%s\\n' "$line"; }}
"""


def watchdog_argv(
    fault_id: str, duration_s: float, up: Sequence[Step], down: Sequence[str], *, check: str = ""
) -> list[str]:
    """The command that puts a fault on by the steps `up` and leaves a watchdog to run the shell lines `down`.

    It does nothing before it is told to (see `put_on`). It prints `on`, or `failed` and what was said: by `check` or of
    what is taken, and then nothing was touched, or by a step, and then `down` was run. All lines of `down` are run,
    whatever becomes of each. Where one of its programs was killed, it takes back what there is and prints nothing.
    """
    *others, last = up
    steps = "".join(_rendered(_STEP, step) + _rendered(_NEXT, step) for step in others) + _rendered(
        _STEP, last
    )
    inner = _INNER.format(
        begin="" if up[0].ahead else _BEGIN.format(go=_GO, word="untouched"),
        check=_CHECK.format(check=check) if check else "",
        steps=steps,
        done=shlex.quote(last.done),
        taken=shlex.quote(last.taken),
        learn=last.learn,
        down="; ".join(down),
        go=_GO,
        on=_ON,
        failed=_FAILED,
        silenced=_SILENCED,
        duration_ms=round(duration_s * 1000),
    )
    return detached_argv(inner, fault_id)


def standby_argv(fault_id: str, duration_s: float, up: Step, down: Sequence[str]) -> list[str]:
    """The command of a watchdog that does the step `up` at once, and whose time begins with its `WORD`."""
    return watchdog_argv(fault_id, duration_s, [replace(up, ahead=True), _WORD_HEARD], down)


def detached_argv(inner: str, fault_id: str) -> list[str]:
    """The command that leaves the script `inner` running in a session of its own, and ends with its first line."""
    return ["sh", "-c", _OUTER, "sh", inner, NAME, fault_id]


def _rendered(template: str, step: Step) -> str:
    return template.format(
        program=step.program,
        input=step.input,
        done=shlex.quote(step.done),
        taken=shlex.quote(step.taken),
        learn=step.learn,
        silenced=_SILENCED,
        then=_TOLD.format(go=_GO, word="refused") if step.ahead else "",
    )


def put_on(
    run: CommandRunner, argv: Sequence[str], down: Sequence[str], *, order: str = ""
) -> CommandResult | None:
    """Tell the watchdog of `watchdog_argv` to begin; `None` when the fault is on, else what became of it.

    `order` is for the inputs of its steps (see `Step`). Where it was killed in the middle, what it may have put on is
    taken back by the lines `down`.
    """
    lines = [_GO, order.rstrip("\n").replace("\n", "\\n")]
    done = run(argv, stdin="".join(f"{line}\n" for line in lines if line))
    if is_on(done):
        return None
    if done.exit_code == _KILLED:
        clean(run, down)
    return done


def is_on(done: CommandResult) -> bool:
    """Whether a watchdog's command says that all of it is done, and that it sees to the end."""
    return done.exit_code == 0 and done.stdout.strip() == _ON


def clean(run: CommandRunner, down: Sequence[str]) -> None:
    """Do what a watchdog should have done: run all lines of `down`, in turn with those that are alive.

    Raises `FaultError` when the command cannot be run; that a line of it found nothing to do is no error.
    """
    output_of(run, clean_argv(down), "what a watchdog left could not be taken back")


def clean_argv(down: Sequence[str]) -> list[str]:
    """The command that runs all lines of `down`, in turn with those watchdogs that are alive."""
    return ["sh", "-c", f"( flock 9; {'; '.join(down)} ) 9</proc/self/ns/net >/dev/null 2>&1; true"]
