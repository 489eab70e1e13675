"""Actions on the network of one instance. Every fault ends by itself at its deadline; the kernel sees to it.

There is one action per fault kind of `chaosproof/faults/kinds`, made from its declaration: `kind.doc` is its docstring,
and it has the arguments that the kind has a choice in.

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

from collections.abc import Callable, Iterator
from inspect import Parameter, Signature
from typing import Any

from chaoslib.types import Configuration

from chaosproof.errors import ChaosproofError
from chaosproof.faults.kinds import KINDS
from chaosproof.faults.kinds.base import NetworkKind
from chaosproof.faults.model import Fault
from chaosproof.runner.load.job import load_clock_s
from chaosproof.runner.session import Session
from chaosproof.runner.settings import number, seconds
from chaosproof.runner.settings import port as port_number
from chaosproof.toolkit.current import has_begun, session_of

__all__ = ["heal", "partition", "wait_until_ended"]


def partition(
    a: str, b: str, duration_s: float = 15, at_s: float = -1, configuration: Configuration = None
) -> list[dict[str, Any]]:
    """Cut the services `a` and `b` off from each other, both ways, on every instance of both.

    The run's configuration must say `"allow_all": true`, for no instance is left whole. Returns one receipt per
    instance, of kind `drop`; a side that only calls has nothing to drop, so its own count may be 0.
    """
    session = session_of(configuration)
    lasts_s = seconds("duration_s", duration_s, ceiling_s=86_400.0)
    _wait_for_the_load(session, at_s)
    return [receipt.to_json() for receipt in session.faults.partition(a, b, lasts_s)]


def wait_until_ended(configuration: Configuration = None) -> list[dict[str, Any]]:
    """Hold until every fault of this run has ended; returns their final receipts, as rows of `faults.jsonl`.

    Raises `FaultError` when the end of one could not be observed, `ChaosproofError` when there was no fault.
    """
    engine = session_of(configuration).faults
    receipts = engine.receipts()
    if not receipts:
        raise ChaosproofError("No fault was applied in this run, so there is none to wait for.")
    return [engine.wait_until_ended(receipt).to_json() for receipt in receipts]


def heal(instance: str = "", configuration: Configuration = None) -> dict[str, Any]:
    """End every fault on `instance`, or on all of them, now. Harmless when there is none.

    Returns how many faults this ended. Raises `FaultError` when an instance could not be healed.
    """
    if configuration and not has_begun(configuration):
        # The run ended before it began: there is no system, and so no fault on it.
        return {"healed": 0, "faults": []}
    healed = session_of(configuration).faults.heal(instance or None)
    return {"healed": len(healed), "faults": [receipt.to_json() for receipt in healed]}


def _signature(kind: NetworkKind) -> Signature:
    def parameters() -> Iterator[tuple[str, type, Any]]:
        yield "instance", str, Parameter.empty
        if kind.port_required:
            yield "port", int, Parameter.empty
        for parameter in kind.parameters:
            yield parameter.name, float, Parameter.empty if parameter.required else 0
        if not kind.port_required:
            yield "port", int, 0
        if kind.choice:
            yield kind.choice.name, str, kind.choice.values[0]
        yield "duration_s", float, 15
        if len(kind.protocols) > 1:
            yield "protocol", str, "tcp"
        yield "port_side", str, "destination"
        yield "peer", str, ""
        if len(kind.directions) > 1:
            yield "direction", str, "egress"
        yield "at_s", float, -1
        yield "configuration", Configuration, None

    return Signature(
        [
            Parameter(name, Parameter.POSITIONAL_OR_KEYWORD, default=default, annotation=annotation)
            for name, annotation, default in parameters()
        ],
        return_annotation=dict[str, Any],
    )


def _action(kind: NetworkKind) -> Callable[..., dict[str, Any]]:
    signature = _signature(kind)

    def action(*args: Any, **kwargs: Any) -> dict[str, Any]:
        call = signature.bind(*args, **kwargs)
        call.apply_defaults()
        return _apply(kind, **call.arguments)

    action.__name__ = action.__qualname__ = kind.name
    action.__doc__ = kind.doc
    action.__annotations__ = {
        **{name: parameter.annotation for name, parameter in signature.parameters.items()},
        "return": signature.return_annotation,
    }
    action.__signature__ = signature  # type: ignore[attr-defined]  # what inspect reads
    return action


def _apply(
    kind: NetworkKind,
    *,
    instance: str,
    port: int,
    duration_s: float,
    port_side: str,
    peer: str,
    at_s: float,
    configuration: Configuration,
    protocol: str = "",
    direction: str = "",
    **others: Any,
) -> dict[str, Any]:
    optional = {parameter.name for parameter in kind.parameters if not parameter.required}
    given = {
        name: value if name == kind.choice_name else number(name, value)
        for name, value in others.items()
        if value or name not in optional
    }
    fault = Fault(
        kind=kind.name,
        duration_s=seconds("duration_s", duration_s, ceiling_s=86_400.0),
        protocol=protocol or kind.protocols[0],  # type: ignore[arg-type]  # Fault checks the values itself
        port=None if port in (0, "0", None, "") else port_number("port", port),
        port_side=port_side,  # type: ignore[arg-type]
        peer=peer or None,
        direction=direction or kind.directions[0],  # type: ignore[arg-type]
        **given,
    )
    session = session_of(configuration)
    if number("at_s", at_s) < 0:
        return session.faults.apply(fault, instance).to_json()
    # All that takes time is done before its moment.
    armed = session.faults.arm(fault, instance)
    _wait_for_the_load(session, at_s)
    return armed.apply().to_json()


def _wait_for_the_load(session: Session, at_s: float) -> None:
    starts_at_s = number("at_s", at_s)
    if starts_at_s >= 0:
        load_clock_s(session.target, session.folder, starts_at_s)


globals().update({kind.name: _action(kind) for kind in KINDS.values()})
__all__ += list(KINDS)
