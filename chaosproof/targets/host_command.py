"""Commands of this machine: where they are looked for, and how one is run to its end."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from chaosproof.targets.base import CommandResult

__all__ = ["command_path", "run_to_end"]

_SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")


def command_path() -> str:
    """A PATH: this Python's own folder first, then the caller's PATH, then the system's folders."""
    folders = [str(Path(sys.executable).parent), *os.environ.get("PATH", "").split(":"), *_SYSTEM_FOLDERS]
    return ":".join(dict.fromkeys(folder for folder in folders if folder))


def run_to_end(
    argv: Sequence[str],
    *,
    prefix: Sequence[str] = (),
    stdin: str = "",
    timeout_s: float = 10.0,
    pass_fds: Sequence[int] = (),
) -> CommandResult:
    """Run it, or end it and all that it started after `timeout_s`; exit code 124 then.

    It is 127 where there is no such command, and 126 where it may not be started, as a shell has it.
    `prefix` is the command that runs it where it is to run, such as nsenter.
    """
    started_at = time.monotonic()

    def done(exit_code: int, stdout: str, stderr: str) -> CommandResult:
        return CommandResult(tuple(argv), exit_code, stdout, stderr, time.monotonic() - started_at)

    try:
        process = subprocess.Popen(
            [*prefix, *argv],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
            pass_fds=pass_fds,
        )
    except FileNotFoundError:
        return done(127, "", f"{[*prefix, *argv][0]}: not found")
    except PermissionError:
        return done(126, "", f"{[*prefix, *argv][0]}: not a program that may be started")
    with process:
        try:
            stdout, stderr = process.communicate(stdin, timeout_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return done(124, "", f"did not end within {timeout_s:g} s")
    code = process.returncode
    return done(code if code >= 0 else 128 - code, stdout, stderr)
