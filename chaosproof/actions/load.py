"""Actions that send load: start it, wait for its end, stop it."""

from typing import Any

from chaoslib.types import Configuration

from chaosproof.runfolder.load import LoadPlan
from chaosproof.runfolder.paths import WARMUP
from chaosproof.runner.load.job import finish_load, start_load, stop_load
from chaosproof.runner.load.words import measured_plan
from chaosproof.runner.settings import count, number, seconds
from chaosproof.toolkit.current import session_of

__all__ = ["finish", "start", "stop"]


def start(
    url: str,
    rate_rps: float = 200,
    connections: int = 50,
    duration_s: float = 60,
    model: str = "",
    arrivals: str = "",
    timeout_s: float = 0,
    seed: int = 0,
    method: str = "",
    headers: dict = None,  # type: ignore[type-arg,assignment]  # noqa: RUF013
    body: str = "",
    body_base64: str = "",
    ca_file: str = "",
    verify_tls: bool = True,
    configuration: Configuration = None,
) -> dict[str, Any]:
    """Start the measured load, which takes over from the warm-up, and return its plan once it sends.

    `rate_rps` requests a second over `connections` kept-alive connections for `duration_s` seconds;
    `timeout_s` ends one request. What is left out, or empty, of `model` to `verify_tls` is as the
    experiment's `load` says of the warm-up: both send the same requests. Every request becomes a row of
    the run's `requests.csv.gz`. Raises `UsageError` for a value out of range, `ChaosproofError` when
    the load does not begin.
    """
    session = session_of(configuration)
    own = {
        "name": "measured",
        "url": url,
        "model": model,
        "arrivals": arrivals,
        "rate_rps": number("rate_rps", rate_rps),
        "connections": count("connections", connections),
        "duration_s": seconds("duration_s", duration_s, ceiling_s=3600.0),
        "timeout_s": seconds("timeout_s", timeout_s) if timeout_s != 0 else None,
        "seed": count("seed", seed, least=0, most=2**31 - 1),
        "method": method,
        "headers": headers,
        "body": body,
        "body_base64": body_base64,
        "ca_file": ca_file,
        "verify_tls": None if verify_tls else False,
    }
    plan = measured_plan(session.load, own)
    if (session.folder / WARMUP).exists():
        stop_load(session.target, session.folder / WARMUP)
    return start_load(session.target, session.folder, plan, secrets=session.secrets)


def finish(configuration: Configuration = None) -> dict[str, Any]:
    """Wait until the measured load has ended by itself; returns its totals (`recorded`, `ok`, `errors`,
    `rate_rps`, ...).

    Raises `ChaosproofError` when it ended before its time.
    """
    session = session_of(configuration)
    return finish_load(session.target, session.folder)


def stop(configuration: Configuration = None) -> dict[str, Any]:
    """Stop every load of this run that is still going on; harmless when there is none."""
    session = session_of(configuration)
    stopped = []
    for folder in (session.folder / WARMUP, session.folder):
        if (folder / LoadPlan.FILE).exists():
            stop_load(session.target, folder)
            stopped.append(folder.name)
    return {"stopped": stopped}
