"""`pause`: stops a process with SIGSTOP, and lets it go on."""

from chaosproof.faults.kinds.base import ProcessKind

__all__ = ["KIND"]

KIND = ProcessKind(
    name="pause",
    does="stops a process with SIGSTOP, and lets it go on",
    fidelity="watchdog in the target",
)
