"""Runs a command in a kernel that has netem, Debian's, booted in QEMU without KVM; all there is slow."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

__all__ = ["results_of"]

_ROOT = Path(__file__).parents[2]
_OPTIONS = ["--verbose", "--disable-kvm", "--user", "root", "--cpus", "2", "-m", "2G"]


def results_of(inside: str, *, timeout_s: float) -> list[dict[str, Any]]:
    """What the shell command `inside` printed there, from the project's root, as lines `RESULT {...}` of JSON.

    Fails with what it said instead where it printed none. Skips where there is no such kernel (see test_netem.py).
    """
    kernel = os.environ.get("CHAOSPROOF_NETEM_KERNEL", "")
    if not kernel or not shutil.which("vng"):
        pytest.skip(
            "needs vng on PATH and CHAOSPROOF_NETEM_KERNEL, a kernel with sch_netem: see test_netem.py"
        )
    command = f"cd {_ROOT}; export PYTHONDONTWRITEBYTECODE=1; {inside}"
    done = subprocess.run(
        ["vng", *_OPTIONS, "--run", kernel, "--", command],
        capture_output=True,
        text=True,
        timeout=timeout_s,
        stdin=subprocess.DEVNULL,
    )
    said = done.stdout + done.stderr
    found = [json.loads(text) for text in re.findall(r"RESULT (\{.*\})", said)]
    # who reads this wants what the program said, not the kernel's boot
    assert found, "\n".join([line for line in said.splitlines() if not line.startswith("[")][-60:])
    return found
