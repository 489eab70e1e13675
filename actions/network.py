"""Actions on the network of one instance. Every fault ends by itself at its deadline; the kernel sees to it.

The arguments that all of them share:

- `instance`: which copy of a service, such as `app-a-0`;
- `port` (0: any), on the `port_side` (`destination` or `source`) of a packet; `peer` (a service, an address or a
  network; empty: any) narrows it down further; `protocol` is `tcp`, `udp` or `any`;
- `direction`: `egress` or `ingress`, seen from the instance. On egress the port is the one of the service's address;
- `duration_s`: in seconds, up to the run's `ceiling_s`;
- `at_s`: when 0 or more, the fault goes on when the measured load is that many seconds old; else at once.

Each returns the fault's receipt so far, as a row of `faults.jsonl`. Each raises `UsageError` for an argument that makes
no sense, `FaultRefused` for what the limits or this kernel do not allow, `FaultError` when the kernel did not take it;
nothing is applied then.
"""

from typing import Any

from chaoslib.types import Configuration

from chaosproof.errors import ChaosproofError
from chaosproof.faults.model import Fault
from chaosproof.runner.load_job import load_clock_s
from chaosproof.runner.session import Session
from chaosproof.runner.settings import number, seconds
from chaosproof.runner.settings import port as port_number

__all__ = [
    "corrupt",
    "delay",
    "drop",
    "duplicate",
    "heal",
    "loss",
    "partition",
    "rate",
    "reject",
    "reorder",
    "reset",
    "wait_until_ended",
]


def reset(
    instance: str,
    port: int,
    duration_s: float = 15,
    port_side: str = "destination",
    peer: str = "",
    direction: str = "egress",
    at_s: float = -1,
    configuration: Configuration = None,
) -> dict[str, Any]:
    """Answer every TCP packet to or from `port` with RST: open connections end, new ones are refused."""
    return _apply("reset", instance, port, duration_s, "tcp", port_side, peer, direction, at_s, configuration)


def reject(
    instance: str,
    port: int = 0,
    duration_s: float = 15,
    protocol: str = "tcp",
    port_side: str = "destination",
    peer: str = "",
    direction: str = "egress",
    at_s: float = -1,
    configuration: Configuration = None,
) -> dict[str, Any]:
    """Answer packets with ICMP port unreachable."""
    return _apply(
        "reject", instance, port, duration_s, protocol, port_side, peer, direction, at_s, configuration
    )


def drop(
    instance: str,
    port: int = 0,
    duration_s: float = 15,
    protocol: str = "tcp",
    port_side: str = "destination",
    peer: str = "",
    direction: str = "egress",
    at_s: float = -1,
    configuration: Configuration = None,
) -> dict[str, Any]:
    """Drop packets without a word: who waits for an answer waits until its own timeout."""
    return _apply(
        "drop", instance, port, duration_s, protocol, port_side, peer, direction, at_s, configuration
    )


def loss(
    instance: str,
    loss_percent: float,
    port: int = 0,
    duration_s: float = 15,
    protocol: str = "tcp",
    port_side: str = "destination",
    peer: str = "",
    direction: str = "egress",
    at_s: float = -1,
    configuration: Configuration = None,
) -> dict[str, Any]:
    """Drop `loss_percent` % of the packets, at random."""
    return _apply(
        *("loss", instance, port, duration_s, protocol, port_side, peer, direction, at_s, configuration),
        loss_percent=loss_percent,
    )


def delay(
    instance: str,
    delay_ms: float,
    jitter_ms: float = 0,
    port: int = 0,
    duration_s: float = 15,
    protocol: str = "tcp",
    port_side: str = "destination",
    peer: str = "",
    at_s: float = -1,
    configuration: Configuration = None,
) -> dict[str, Any]:
    """Hold outgoing packets back for `delay_ms`, give or take `jitter_ms`: by netem, or a program."""
    return _apply(
        *("delay", instance, port, duration_s, protocol, port_side, peer, "egress", at_s, configuration),
        delay_ms=delay_ms,
        jitter_ms=jitter_ms or None,
    )


def rate(
    instance: str,
    rate_kbit: float,
    port: int = 0,
    duration_s: float = 15,
    protocol: str = "tcp",
    port_side: str = "destination",
    peer: str = "",
    at_s: float = -1,
    configuration: Configuration = None,
) -> dict[str, Any]:
    """Hold outgoing packets to a bandwidth of `rate_kbit` kbit/s."""
    return _apply(
        *("rate", instance, port, duration_s, protocol, port_side, peer, "egress", at_s, configuration),
        rate_kbit=rate_kbit,
    )


def duplicate(
    instance: str,
    duplicate_percent: float,
    port: int = 0,
    duration_s: float = 15,
    protocol: str = "tcp",
    port_side: str = "destination",
    peer: str = "",
    at_s: float = -1,
    configuration: Configuration = None,
) -> dict[str, Any]:
    """Send `duplicate_percent` % of the outgoing packets twice. Needs a kernel with netem."""
    return _apply(
        *("duplicate", instance, port, duration_s, protocol, port_side, peer, "egress", at_s, configuration),
        duplicate_percent=duplicate_percent,
    )


def corrupt(
    instance: str,
    corrupt_percent: float,
    port: int = 0,
    duration_s: float = 15,
    protocol: str = "tcp",
    port_side: str = "destination",
    peer: str = "",
    at_s: float = -1,
    configuration: Configuration = None,
) -> dict[str, Any]:
    """Flip a bit in `corrupt_percent` % of the outgoing packets. Needs a kernel with netem."""
    return _apply(
        *("corrupt", instance, port, duration_s, protocol, port_side, peer, "egress", at_s, configuration),
        corrupt_percent=corrupt_percent,
    )


def reorder(
    instance: str,
    reorder_percent: float,
    delay_ms: float,
    jitter_ms: float = 0,
    port: int = 0,
    duration_s: float = 15,
    protocol: str = "tcp",
    port_side: str = "destination",
    peer: str = "",
    at_s: float = -1,
    configuration: Configuration = None,
) -> dict[str, Any]:
    """Let `reorder_percent` % of the outgoing packets overtake the rest, held for `delay_ms`. Needs netem."""
    return _apply(
        *("reorder", instance, port, duration_s, protocol, port_side, peer, "egress", at_s, configuration),
        reorder_percent=reorder_percent,
        delay_ms=delay_ms,
        jitter_ms=jitter_ms or None,
    )


def partition(
    a: str, b: str, duration_s: float = 15, at_s: float = -1, configuration: Configuration = None
) -> list[dict[str, Any]]:
    """Cut the services `a` and `b` off from each other, both ways, on every instance of both.

    The run's configuration must say `"allow_all": true`, for no instance is left whole. Returns one receipt per
    instance, of kind `drop`; a side that only calls has nothing to drop, so its own count may be 0.
    """
    session = Session.of(configuration)
    lasts_s = seconds("duration_s", duration_s, ceiling_s=86_400.0)
    _wait_for_the_load(session, at_s)
    return [receipt.to_row() for receipt in session.faults.partition(a, b, lasts_s)]


def wait_until_ended(configuration: Configuration = None) -> list[dict[str, Any]]:
    """Hold until every fault of this run has ended; returns their final receipts, as rows of `faults.jsonl`.

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
        return {"healed": 0, "faults": []}
    healed = Session.of(configuration).faults.heal(instance or None)
    return {"healed": len(healed), "faults": [receipt.to_row() for receipt in healed]}


def _apply(
    kind: str,
    instance: str,
    port: int,
    duration_s: float,
    protocol: str,
    port_side: str,
    peer: str,
    direction: str,
    at_s: float,
    configuration: Configuration,
    **magnitudes: float | None,
) -> dict[str, Any]:
    fault = Fault(
        kind=kind,
        duration_s=seconds("duration_s", duration_s, ceiling_s=86_400.0),
        protocol=protocol,  # type: ignore[arg-type]  # Fault checks the words itself
        port=None if port in (0, "0", None, "") else port_number("port", port),
        port_side=port_side,  # type: ignore[arg-type]
        peer=peer or None,
        direction=direction,  # type: ignore[arg-type]
        **{name: number(name, value) for name, value in magnitudes.items() if value is not None},
    )
    session = Session.of(configuration)
    if number("at_s", at_s) >= 0:
        # All that takes time is done before its moment.
        session.faults.arm(fault, instance)
        _wait_for_the_load(session, at_s)
    return session.faults.apply(fault, instance).to_row()


def _wait_for_the_load(session: Session, at_s: float) -> None:
    starts_at_s = number("at_s", at_s)
    if starts_at_s >= 0:
        load_clock_s(session.target, session.folder, starts_at_s)
