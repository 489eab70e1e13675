"""Questions about the TCP connections that an instance has open, idle ones among them.

{"type": "python", "module": "probes.connections", "func": "established",
 "arguments": {"instance": "app-a-0", "port": 50051}}
"""

from typing import Any

from chaoslib.types import Configuration

from chaosproof.errors import ChaosproofError
from chaosproof.runner.settings import port as port_number
from chaosproof.toolkit.current import session_of

__all__ = ["established"]


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
