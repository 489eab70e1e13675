"""`terminate`: ends a process with SIGTERM."""

from chaosproof.faults.kinds.base import ProcessKind

__all__ = ["KIND"]

KIND = ProcessKind(
    name="terminate",
    does="ends a process with SIGTERM",
)
