"""`stress`: takes CPU and memory away with stress-ng."""

from chaosproof.faults.kinds.base import ProcessKind

__all__ = ["KIND"]

KIND = ProcessKind(
    name="stress",
    does="takes CPU and memory away with stress-ng",
    backend="stress-ng",
    fidelity="its own timeout",
    # it touches no packet and ends nothing: an early end is its row's error, and what it took is for the experiment
    events=(),
)
