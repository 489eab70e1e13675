"""The fault backends, found by themselves: every folder here whose `backend.py` has a `BACKEND` (see `base.py`).

In order of their ranks: nft, whose elements the kernel ends; iptables with a watchdog, for kernels whose nft cannot; tc
netem with a loss of 100 % as the last resort; a queue in a program for a delay where the kernel has no netem.
"""

import pkgutil
from collections.abc import Mapping
from importlib import import_module

from chaosproof.faults.backends.base import Backend, Capabilities
from chaosproof.faults.errors import CapabilityError, FaultRefused
from chaosproof.faults.model import Fault

__all__ = ["BACKENDS", "choose_backend", "make_backends", "noticed", "refusal_where_noticed"]

_FAILS_THE_CALL = (
    "{kind} of {protocol} on egress would fail the sender's own call with EPERM, which no network does, because {why}: "
    "apply it with direction ingress on the receiving side, or, where that is no instance, to its answers: direction "
    "ingress with port_side source"
)


def make_backends() -> Mapping[str, Backend]:
    """A fresh one of every backend, by name, in the order in which they are tried."""
    folders = [module.name for module in pkgutil.iter_modules(__path__) if module.ispkg]
    backends = [import_module(f"{__name__}.{folder}.backend").BACKEND() for folder in folders]
    return {backend.name: backend for backend in sorted(backends, key=lambda backend: backend.rank)}


def choose_backend(capabilities: Capabilities, fault: Fault, forced: str | None = None) -> str:
    """The name of the first backend that can make the fault, or of the one that is `forced`.

    One that loses packets behind the sender's stack, as the network does, comes before one whose sender notices.

    Raises `CapabilityError` with what is missing when none can, `FaultRefused` for an unknown backend.
    """
    backends = make_backends()
    if forced is not None and forced not in backends:
        raise FaultRefused(f"unknown fault backend {forced!r}: use one of {', '.join(backends)}")
    candidates = [backends[forced]] if forced else [b for b in backends.values() if fault.layer in b.layers]
    reasons, second = [], ""
    for backend in candidates:
        reason = backend.refusal(fault) or next(
            filter(None, map(capabilities.lack, backend.needs(fault))), ""
        )
        if not reason and not (why := noticed(capabilities, backend, fault)):
            return backend.name
        if not reason and not (reason := refusal_where_noticed(fault, why)):
            second = second or backend.name
            continue
        reasons.append(f"{backend.name}: {reason}" if len(candidates) > 1 else reason)
    if second:
        return second
    raise CapabilityError(f"{fault.kind} is not possible here: {'; '.join(reasons)}")


def noticed(capabilities: Capabilities, backend: Backend, fault: Fault) -> str:
    """Why the sender would notice what this fault of the backend drops; empty where it does not, or where it should."""
    return next(filter(None, map(capabilities.lack, backend.wants(fault))), "")


def refusal_where_noticed(fault: Fault, why: str) -> str:
    """Why there is no such fault where its sender would notice it; empty for TCP, which goes on all the same."""
    if fault.protocol == "tcp":
        return ""
    return _FAILS_THE_CALL.format(kind=fault.kind, protocol=fault.protocol, why=why)


BACKENDS = tuple(make_backends())
