"""Measures the table in another kernel, emulated by QEMU: all there is slow, so it gets its time and sends less often.

./run test --fidelity --kernel KERNEL/boot/vmlinuz-VERSION    (its modules in KERNEL/lib/modules; needs vng on PATH)
"""

import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from .record import FOLDER

__all__ = ["measure_in_kernel"]

_ROOT = Path(__file__).parents[2]
_OPTIONS = ("--verbose", "--disable-kvm", "--user", "root", "--cpus", "2", "-m", "3G")
_PACE = {
    "fault-s": 20,
    "look-s": 8,
    "quiet-s": 3,
    "pause-s": 1,
    # longer than TCP waits before it repeats what a fault has eaten
    "patience-s": 50,
    "bound-s": 400,
    # of ten at once the faults of seven had ended before their sockets were looked at
    "at-once": 4,
}
_WHERE = "QEMU without KVM: faults of 20 s, messages every 1 s"


def measure_in_kernel(kernel: Path, more: Sequence[str] = ()) -> int:
    """Let that kernel measure, with `more` options, and return its exit code; its rows are in the folder of all."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    pace = [word for name, value in _PACE.items() for word in (f"--{name}", str(value))]
    measure = [sys.executable, "-m", "tests.fidelity", "--inside", "--where", _WHERE, *pace, *more]
    inside = f"cd {shlex.quote(str(_ROOT))}; export PYTHONDONTWRITEBYTECODE=1; {shlex.join(measure)}"
    argv = ["vng", *_OPTIONS, "--rwdir", str(FOLDER), "--run", str(kernel), "--", inside]
    return subprocess.run(argv, stdin=subprocess.DEVNULL).returncode
