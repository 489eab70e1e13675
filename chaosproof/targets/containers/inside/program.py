"""The processes of a container, from outside: all of them, and the command that enters the namespaces of one."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

__all__ = ["enter_program", "pid_inside", "signal_all", "stop_all"]

_NAMESPACES = ("mount", "uts", "ipc", "net", "pid")


def signal_all(pid: int, signum: signal.Signals) -> None:
    """Signal every process of the container whose first process is `pid`; one that ends meanwhile is no error."""
    for each in _processes(pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(each, signum)


def stop_all(pid: int, duration_s: float | None) -> "subprocess.Popen[bytes]":
    """Stop every process of the container; the process that is returned lets them go on, also when this one is dead.

    It does so after `duration_s`, and without one when its input is closed, which the kernel does at the end of this
    process. One that is killed does it no more.
    """
    stopped = list(_processes(pid))
    script = 'if [ -n "$0" ]; then sleep "$0"; else cat; fi >/dev/null; exec kill -CONT "$@"'
    argv = ["sh", "-c", script, "" if duration_s is None else f"{duration_s:g}", *map(str, stopped)]
    guard = subprocess.Popen(
        argv,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    # the guard is there first: nobody may be stopped for ever
    for each in stopped:
        with contextlib.suppress(ProcessLookupError):
            os.kill(each, signal.SIGSTOP)
    return guard


def _processes(pid: int) -> Iterator[int]:
    """Those of its pid namespace; where that is this one, the container has none of its own: the process alone."""
    try:
        space = Path(f"/proc/{pid}/ns/pid").readlink()
    except OSError:
        return
    if space == Path("/proc/self/ns/pid").readlink():
        yield pid
        return
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if (entry / "ns/pid").readlink() == space:
                    yield int(entry.name)


def pid_inside(pid: int) -> int:
    """The number that the process has inside its container, which is 1 for the first; 0 when it has ended."""
    for line in _status(pid):
        if line.startswith("NSpid:"):
            return int(line.split()[-1])
    return 0


def enter_program(pid: int) -> list[str]:
    """The words before a command that runs it where the program is: its files, processes and network, as its user."""
    prefix = ["nsenter", f"--target={pid}", *(f"--{space}" for space in _NAMESPACES), "--root", "--wd"]
    if Path(f"/proc/{pid}/ns/user").readlink() != Path("/proc/self/ns/user").readlink():
        prefix += ["--user", "--preserve-credentials"]
        return [*prefix, "--"]
    ids = {line.split()[0]: line.split()[1] for line in _status(pid) if line.startswith(("Uid:", "Gid:"))}
    if ids.get("Uid:", "0") != "0":
        prefix += [f"--setuid={ids['Uid:']}", f"--setgid={ids['Gid:']}"]
    return [*prefix, "--"]


def _status(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
