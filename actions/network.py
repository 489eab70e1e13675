"""Actions on the network of one instance. Every fault ends by itself at its deadline; the kernel sees to
it.
"""

from typing import Any

from chaoslib.types import Configuration

from chaosproof.errors import ChaosproofError
from chaosproof.faults.model import Fault
from chaosproof.load_job import load_clock_s
from chaosproof.session import Session
from chaosproof.settings import number, port, seconds

__all__ = ["heal", "reset", "wait_until_ended"]


def reset(
    instance: str,
    port_number: int,
    duration_s: float = 15,
    peer: str = "",
    direction: str = "egress",
    at_s: float = -1,
    configuration: Configuration = None,
) -> dict[str, Any]:
    """Answer every TCP packet of `instance` to `port_number` with RST, for `duration_s` seconds.

    `peer` (a service, an address or a network) narrows it down; `direction` is seen from the instance. With
    `at_s` it begins when the measured load is that many seconds old. Returns the fault's receipt so far, as
    in `faults.jsonl`. Raises `UsageError` or `FaultRefused` for what may not be, `FaultError` when the
    kernel did not take it.
    """
    fault = Fault(
        kind="reset",
        duration_s=seconds("duration_s", duration_s, ceiling_s=86_400.0),
        port=port("port_number", port_number),
        peer=peer or None,
        direction="ingress" if direction == "ingress" else "egress",
    )
    return _apply(fault, instance, at_s, configuration)


def wait_until_ended(configuration: Configuration = None) -> list[dict[str, Any]]:
    """Hold until every fault of this run has ended; returns their final receipts, as in `faults.jsonl`.

    Raises `FaultError` when the end of one could not be observed, `ChaosproofError` when there was no fault.
    """
    engine = Session.of(configuration).faults
    receipts = engine.receipts()
    if not receipts:
        raise ChaosproofError("No fault was applied in this run, so there is none to wait for.")
    return [engine.wait_until_ended(receipt).to_row() for receipt in receipts]


def heal(instance: str = "", configuration: Configuration = None) -> dict[str, Any]:
    """End every fault on `instance`, or on all of them, now. Harmless when there is none.

    Returns how many faults this ended. Raises `FaultError` when an instance could not be healed.
    """
    if configuration and not Session.has_begun(configuration):
        # The run ended before it began: there is no system, and so no fault on it.
        return {"healed": 0}
    healed = Session.of(configuration).faults.heal(instance or None)
    return {"healed": len(healed), "faults": [receipt.to_row() for receipt in healed]}


def _apply(fault: Fault, instance: str, at_s: float, configuration: Configuration) -> dict[str, Any]:
    session = Session.of(configuration)
    starts_at_s = number("at_s", at_s)
    if starts_at_s >= 0:
        # All that takes time is done before its moment.
        session.faults.arm(fault, instance)
        load_clock_s(session.target, session.folder, starts_at_s)
    return session.faults.apply(fault, instance).to_row()
