"""What is done to the program of an instance, from inside its own container and as its own user: no privilege needed.

The containers of the pod must share their processes (`shareProcessNamespace: true`): then the program is not PID 1,
which no signal from inside could stop or kill.
"""

import contextlib
from dataclasses import dataclass

from chaosproof.errors import TargetError
from chaosproof.targets.kubernetes.client.api import Cluster
from chaosproof.targets.kubernetes.client.execute import BROKEN, execute
from chaosproof.targets.kubernetes.pods.pods import Pod

__all__ = ["Program", "end_program", "find_program", "is_stopped", "pause_program", "resume_program"]

# The program is the first process of the container, and the container is told by its cgroup. Numbers are compared as
# numbers.
_FIND = """
mine=$(cat /proc/self/cgroup) first=
for folder in /proc/[0-9]*; do
  pid=${folder#/proc/}
  [ "$(cat "$folder/cgroup" 2>/dev/null)" = "$mine" ] || continue
  [ -z "$first" ] || [ "$pid" -lt "$first" ] && first=$pid
done
echo "$first"
"""
# The instant is printed first: it is from there that others count how soon they were told.
_END = """
date +%s.%N; kill "-$1" "$2" || exit 1
n=0; while kill -0 "$2" 2>/dev/null && [ $n -lt 40 ]; do sleep 0.05; n=$((n+1)); done
"""
# The pod itself lets it go on, whoever asked and whether or not he is still there.
_PAUSE = """
kill -STOP "$1" || exit 1
[ -z "$2" ] || setsid sh -c 'sleep "$2"; kill -CONT "$1"' go-on "$1" "$2" </dev/null >/dev/null 2>&1 &
"""


@dataclass(frozen=True)
class Program:
    """The program of one life of an instance, by its process id as its container sees it."""

    pod: str
    container: str
    pid: int


def find_program(cluster: Cluster, pod: Pod) -> Program:
    """The program of `pod`. Raises `TargetError` when its container cannot be entered."""
    if not pod.shares_processes:
        return Program(pod.name, pod.program, 1)
    done = execute(cluster, pod.name, pod.program, ["sh", "-c", _FIND])
    printed = done.stdout.strip()
    if done.exit_code != 0 or not printed.isdigit():
        raise TargetError(
            f"The program of {pod.name} was not found (exit code {done.exit_code}): {done.stderr.strip()}"
        )
    return Program(pod.name, pod.program, int(printed))


def end_program(cluster: Cluster, program: Program, signal_name: str) -> float | None:
    """Send KILL or TERM, and return when the process has gone (2 s at most): the instant of the signal.

    In Unix seconds by the pod's clock; None where the pod did not get to say it. Raises `TargetError`.
    """
    # The container may end with its program, and take our shell along before it has said so: no matter.
    printed = _run(
        cluster, program, _END, [signal_name, str(program.pid)], f"sent SIG{signal_name}", may_break=True
    )
    with contextlib.suppress(ValueError):
        return float(printed)
    return None


def pause_program(cluster: Cluster, program: Program, duration_s: float | None) -> None:
    """SIGSTOP now, and SIGCONT after `duration_s`. Raises `TargetError`."""
    arguments = [str(program.pid), "" if duration_s is None else f"{duration_s:g}"]
    _run(cluster, program, _PAUSE, arguments, "stopped")


def resume_program(cluster: Cluster, program: Program) -> None:
    """SIGCONT. Raises `TargetError`."""
    _run(cluster, program, 'kill -CONT "$1"', [str(program.pid)], "sent SIGCONT")


def is_stopped(cluster: Cluster, program: Program) -> bool:
    """Whether the process is stopped now."""
    done = execute(cluster, program.pod, program.container, ["cat", f"/proc/{program.pid}/stat"])
    with contextlib.suppress(IndexError):
        return done.stdout.rpartition(")")[2].split()[0] == "T"
    return False


def _run(
    cluster: Cluster,
    program: Program,
    script: str,
    arguments: list[str],
    what: str,
    *,
    may_break: bool = False,
) -> str:
    """Run it in the program's container; returns what it printed."""
    if program.pid == 1:
        raise TargetError(
            f"The program of {program.pod} is PID 1 of its container, which no signal from inside can stop or kill: "
            "set shareProcessNamespace: true in its pod, or restart it (the pod is deleted) instead."
        )
    done = execute(cluster, program.pod, program.container, ["sh", "-c", script, "signal", *arguments])
    if done.exit_code != 0 and not (may_break and done.exit_code in (BROKEN, 137, 143)):
        raise TargetError(f"{program.pod} was not {what} (exit code {done.exit_code}): {done.stderr.strip()}")
    return done.stdout
