"""Actions of the shop's team; they load on Python 3.8, too, for the old toolkits."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from chaoslib.exceptions import ActivityFailed

__all__ = [
    "arm_injector",
    "clear_fault",
    "fault_for",
    "freeze",
    "inject_fault",
    "kill_process",
    "load",
    "start",
    "thaw",
]


def _send(url: str, method: str, **arguments: float) -> str:
    data = urllib.parse.urlencode(arguments).encode()
    request = urllib.request.Request(url, data=data, method=method)
    with urllib.request.urlopen(request, timeout=5) as reply:
        return str(reply.read().decode())


def arm_injector(url: str, delay_s: float = 3.0) -> str:
    """Arms the fault injector of the stock; fails if it refuses."""
    try:
        return _send(url, "PUT", delay_s=delay_s)
    except urllib.error.HTTPError as error:
        raise ActivityFailed(f"the injector answered {error.code}: {error.read().decode()}") from error


def inject_fault(url: str, delay_s: float = 0.0, status: int = 200) -> str:
    """Orders a delay or a failure of the stock."""
    return _send(url, "PUT", delay_s=delay_s, status=status)


def clear_fault(url: str) -> str:
    """Takes the fault of the stock back."""
    return _send(url, "DELETE")


def fault_for(url: str, seconds: float, delay_s: float = 0.0, status: int = 200) -> dict[str, Any]:
    """Orders a fault of the stock, and takes it back after some seconds."""
    inject_fault(url, delay_s, status)
    time.sleep(float(seconds))
    clear_fault(url)
    return {"lasted_s": float(seconds), "status": status, "delay_s": delay_s}


def _signal(pid_file: str, number: int) -> dict[str, Any]:
    pid = int(Path(pid_file).read_text())
    os.kill(pid, number)
    return {"pid": pid, "signal": signal.Signals(number).name}


def kill_process(pid_file: str, signal_name: str = "SIGKILL") -> dict[str, Any]:
    """Kills the process of the pid file."""
    return _signal(pid_file, signal.Signals[signal_name])


def freeze(pid_file: str) -> dict[str, Any]:
    """Stops the process of the pid file without ending it."""
    return _signal(pid_file, signal.SIGSTOP)


def thaw(pid_file: str) -> dict[str, Any]:
    """Lets the process of the pid file go on."""
    return _signal(pid_file, signal.SIGCONT)


def start(service: str) -> str:
    """Starts a service of the shop."""
    return subprocess.run(
        ["shopctl", service, "start"], capture_output=True, text=True, check=True
    ).stdout.strip()


def load(url: str, seconds: float = 5.0, pause: float = 0.05, timeout: float = 2.0) -> dict[str, Any]:
    """Asks the URL for some seconds, and counts."""
    counts = {"requests": 0, "errors": 0}
    until = time.monotonic() + float(seconds)
    while time.monotonic() < until:
        counts["requests"] += 1
        try:
            urllib.request.urlopen(url, timeout=timeout).close()
        except OSError:
            counts["errors"] += 1
        time.sleep(pause)
    return counts
