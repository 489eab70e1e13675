"""`restart`: stops a process and starts it again."""

from chaosproof.faults.kinds.base import ProcessKind

__all__ = ["KIND"]

KIND = ProcessKind(
    name="restart",
    does="stops a process and starts it again",
)
