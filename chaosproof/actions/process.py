"""Actions on the process of one instance. A pause and stress end by themselves; see `chaosproof.faults.process`.

Each returns its row of `faults.jsonl`. Each raises `TargetError` for an unknown or dead instance, `FaultRefused` for
what the limits do not allow; nothing is done then. With `at_s` of 0 or more it happens when the measured load is that
many seconds old.
"""

from typing import Any

from chaoslib.types import Configuration

from chaosproof.runner.load.job import load_clock_s
from chaosproof.runner.session import Session
from chaosproof.runner.settings import count, number, seconds
from chaosproof.toolkit.current import has_begun, session_of

__all__ = ["kill", "pause", "restart", "resume", "stress", "terminate", "wait_until_ended"]


def kill(instance: str, at_s: float = -1, configuration: Configuration = None) -> dict[str, Any]:
    """End `instance` with SIGKILL. It stays dead until it is restarted."""
    return _at(at_s, configuration).processes.kill(instance).to_json()


def terminate(instance: str, at_s: float = -1, configuration: Configuration = None) -> dict[str, Any]:
    """End `instance` with SIGTERM. It stays dead until it is restarted."""
    return _at(at_s, configuration).processes.terminate(instance).to_json()


def restart(instance: str, at_s: float = -1, configuration: Configuration = None) -> dict[str, Any]:
    """Stop `instance` (SIGTERM, then SIGKILL), or bring a dead one back, and return when it is ready."""
    return _at(at_s, configuration).processes.restart(instance).to_json()


def pause(
    instance: str, duration_s: float = 5, at_s: float = -1, configuration: Configuration = None
) -> dict[str, Any]:
    """Stop `instance` with SIGSTOP; after `duration_s` seconds it goes on by itself. Returns at once."""
    lasts_s = seconds("duration_s", duration_s, ceiling_s=86_400.0)
    return _at(at_s, configuration).processes.pause(instance, lasts_s).to_json()


def resume(instance: str, configuration: Configuration = None) -> dict[str, Any]:
    """Let a paused `instance` go on now; harmless when it is not paused, and when there was no run."""
    if not configuration or has_begun(configuration):
        session_of(configuration).processes.resume(instance)
    return {"instance": instance}


def stress(
    instance: str,
    duration_s: float = 15,
    cpu_workers: int = 1,
    memory_mb: int = 0,
    at_s: float = -1,
    configuration: Configuration = None,
) -> dict[str, Any]:
    """Keep `cpu_workers` CPUs busy and `memory_mb` MB of memory taken beside `instance`, with stress-ng.

    Returns at once; it ends after `duration_s` seconds, rounded to whole ones. Without stress-ng: `CapabilityError`.
    """
    return (
        _at(at_s, configuration)
        .processes.stress(
            instance,
            seconds("duration_s", duration_s, ceiling_s=86_400.0),
            cpu_workers=count("cpu_workers", cpu_workers, least=0, most=1024),
            memory_mb=count("memory_mb", memory_mb, least=0, most=1 << 20),
        )
        .to_json()
    )


def wait_until_ended(configuration: Configuration = None) -> dict[str, Any]:
    """Hold until every pause and every stress of this run has been seen to end."""
    session_of(configuration).processes.wait_until_ended()
    return {"ended": True}


def _at(at_s: float, configuration: Configuration) -> Session:
    session = session_of(configuration)
    starts_at_s = number("at_s", at_s)
    if starts_at_s >= 0:
        load_clock_s(session.target, session.folder, starts_at_s)
    return session
