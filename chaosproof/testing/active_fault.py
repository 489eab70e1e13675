"""A fault that is on, in the hand of a test."""

from chaosproof.faults.engine import FaultEngine
from chaosproof.runfolder.faults import FaultRecord

__all__ = ["ActiveFault", "FaultNotProven"]


class FaultNotProven(AssertionError):
    """Nothing shows that the fault acted, so what was seen under it says nothing; the message says what is missing."""


class ActiveFault:
    """A fault as `Lab.fault` gives it to its block."""

    def __init__(self, engine: FaultEngine, receipt: FaultRecord) -> None:
        self._engine = engine
        self._id = receipt.id
        self._instance = receipt.instance

    @property
    def receipt(self) -> FaultRecord:
        """Its row of faults.jsonl as it is now: packets, canary, when it went on and is to end."""
        return self._engine.receipt(self._id)

    def end(self) -> None:
        """End it now, before its deadline; harmless when it has ended. Ends every fault on its instance."""
        if not self.receipt.ended:
            self._engine.heal(self._instance)
