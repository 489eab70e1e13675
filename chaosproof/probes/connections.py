"""Questions about the TCP connections that an instance has open, idle ones among them.

{"type": "python", "module": "chaosproof.probes.connections", "func": "established",
 "arguments": {"instance": "app-a-0", "port": 50051}}
"""

from typing import Any

from chaoslib.types import Configuration

from chaosproof.errors import ChaosproofError
from chaosproof.runner.settings import port as port_number
from chaosproof.runner.under_fault import must_be_on
from chaosproof.runner.unused_connections import held_connections
from chaosproof.toolkit.current import session_of

__all__ = ["established", "half_open"]

_SHOWN_MAX = 50


def established(instance: str, port: int, configuration: Configuration = None) -> dict[str, Any]:
    """The established connections from `instance` to `port`, as its kernel has them, whether anything passes or not.

    Returns their `count`. Raises `TargetError` for an unknown instance, `ChaosproofError` when `ss` could not tell.
    """
    to = port_number("port", port)
    target = session_of(configuration).target
    argv = ["ss", "-Htn", "state", "established", f"dport = :{to}"]
    done = target.run(instance, argv, timeout_s=5.0)
    if done.exit_code != 0:
        raise ChaosproofError(
            f"{' '.join(argv)} on {instance} ended with {done.exit_code}: {done.stderr.strip()[:200]}"
        )
    return {"instance": instance, "port": to, "count": len(done.stdout.splitlines())}


def half_open(
    instance: str, port: int, under: str = "", configuration: Configuration = None
) -> dict[str, Any]:
    """The established connections to `port` that the kernel of `instance` holds though the other end has them no more.

    `instance` may be a service: then those of all its instances. The kernels of the instances at the other ends are
    asked; an end that is no instance, cannot be asked, or is hidden by a translation is `unknown`. A fault of kind
    `under` must be on from the beginning of the look to its end (empty: none need be).

    Returns `established`; of those `used`, `half_open` and `unknown`, where `half_open` is None while any is unknown
    and `half_open_at_least` always a number; `idle_longest_s`, for how long nothing has come over a half-open one (None
    where there is none); and `connections`, the first 50 that are not used. Raises `TargetError` for a name that is
    neither an instance nor a service, and when `ss` on the instance itself could not tell; `ChaosproofError` where the
    fault of `under` is not on.
    """
    at, session = port_number("port", port), session_of(configuration)
    must_be_on(session, under, "before")
    if under:
        session.faults.wait_for_open_connections()
    held = held_connections(session.target, instance, at)
    must_be_on(session, under, "after")
    all_held = [connection for connections in held.values() for connection in connections]
    half = [connection for connection in all_held if connection.other_end == "half-open"]
    unknown = sum(connection.other_end == "unknown" for connection in all_held)
    return {
        "instance": instance,
        "port": at,
        "under": under,
        "established": len(all_held),
        "used": len(all_held) - len(half) - unknown,
        "half_open": None if unknown else len(half),
        "half_open_at_least": len(half),
        "unknown": unknown,
        "idle_longest_s": max((connection.socket.idle_s for connection in half), default=None),
        "connections": [
            {
                "instance": name,
                "address": connection.socket.other[0],
                "port": connection.socket.other[1],
                "peer": connection.peer or None,
                "other_end": connection.other_end,
                "idle_s": connection.socket.idle_s,
            }
            for name, connections in held.items()
            for connection in connections
            if connection.other_end != "used"
        ][:_SHOWN_MAX],
    }
