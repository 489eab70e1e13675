"""`kill`: ends a process with SIGKILL."""

from chaosproof.faults.kinds.base import ProcessKind

__all__ = ["KIND"]

KIND = ProcessKind(
    name="kill",
    does="ends a process with SIGKILL",
)
