"""Actions on the NATS server of the router stack, by the name of its instance.

Each writes a row of `faults.jsonl` and returns it. Each raises `TargetError` for an unknown instance, `FaultRefused`
for what the limits do not allow (the only server of a system needs `"allow_all": true` in the configuration). With
`at_s` of 0 or more it happens when the measured load is that many seconds old. A stopped or killed server stays away
until `start`; a partition and a slow consumer end by themselves, the kernel sees to it.
"""

from typing import Any

from chaoslib.types import Configuration

from chaosproof.faults.model import Fault
from chaosproof.runner.load.job import load_clock_s
from chaosproof.runner.session import Session
from chaosproof.runner.settings import count, number, seconds
from chaosproof.toolkit.current import has_begun, session_of

__all__ = ["heal", "kill", "partition", "restart", "slow_consumer", "start", "stop"]

_PORT = 4222


def restart(
    instance: str = "nats-0",
    times: int = 1,
    every_s: float = 6,
    at_s: float = -1,
    hard: bool = False,
    configuration: Configuration = None,
) -> list[dict[str, Any]]:
    """Restart the server `times` times, one restart every `every_s` seconds; returns all rows.

    `hard` ends it with SIGKILL, else with SIGTERM. Returns when it is ready after the last restart.
    """
    session = session_of(configuration)
    rounds = count("times", times, most=1000)
    pause_s = seconds("every_s", every_s)
    starts_at_s = number("at_s", at_s)
    if starts_at_s < 0 and rounds > 1:
        starts_at_s = load_clock_s(session.target, session.folder, 0.0)
    rows = []
    for number_of in range(rounds):
        if starts_at_s >= 0:
            load_clock_s(session.target, session.folder, starts_at_s + number_of * pause_s)
        if hard:
            rows.append(session.processes.kill(instance).to_json())
        rows.append(session.processes.restart(instance).to_json())
    return rows


def stop(instance: str = "nats-0", at_s: float = -1, configuration: Configuration = None) -> dict[str, Any]:
    """End the server with SIGTERM."""
    return _at(at_s, configuration).processes.terminate(instance).to_json()


def kill(instance: str = "nats-0", at_s: float = -1, configuration: Configuration = None) -> dict[str, Any]:
    """End the server with SIGKILL."""
    return _at(at_s, configuration).processes.kill(instance).to_json()


def start(instance: str = "nats-0", at_s: float = -1, configuration: Configuration = None) -> dict[str, Any]:
    """Start a server that was stopped or killed, and return when it is ready; one that runs is left alone."""
    session = _at(at_s, configuration)
    state = session.target.states()[session.target.instance(instance).name]
    if state.alive:
        return {"instance": instance, "started": False}
    return session.processes.restart(instance).to_json()


def partition(
    service: str = "router",
    nats: str = "nats",
    duration_s: float = 10,
    at_s: float = -1,
    configuration: Configuration = None,
) -> list[dict[str, Any]]:
    """Cut every instance of `service` off from the servers, both ways, without a word to anybody."""
    session = _at(at_s, configuration)
    lasts_s = seconds("duration_s", duration_s, ceiling_s=86_400.0)
    return [receipt.to_json() for receipt in session.faults.partition(service, nats, lasts_s)]


def slow_consumer(
    service: str = "router",
    instance: str = "nats-0",
    rate_kbit: float = 64,
    duration_s: float = 10,
    at_s: float = -1,
    configuration: Configuration = None,
) -> dict[str, Any]:
    """Let `service` take from the server at most `rate_kbit` kbit/s, until it counts as a slow consumer."""
    session = _at(at_s, configuration)
    fault = Fault(
        kind="rate",
        rate_kbit=number("rate_kbit", rate_kbit),
        duration_s=seconds("duration_s", duration_s, ceiling_s=86_400.0),
        port=_PORT,
        port_side="source",
        peer=service,
    )
    return session.faults.apply(fault, instance).to_json()


def heal(instance: str = "nats-0", configuration: Configuration = None) -> dict[str, Any]:
    """Let the server run again if it does not, and end every network fault of the run; harmless otherwise."""
    if configuration and not has_begun(configuration) and not configuration.get("lab"):
        # The run ended before it began: there is no system, and so no fault on it.
        return {"healed": 0}
    session = session_of(configuration)
    healed = [receipt.to_json() for receipt in session.faults.heal(None)]
    return {"healed": len(healed), "started": bool(start(instance, -1, configuration).get("kind"))}


def _at(at_s: float, configuration: Configuration) -> Session:
    session = session_of(configuration)
    starts_at_s = number("at_s", at_s)
    if starts_at_s >= 0:
        load_clock_s(session.target, session.folder, starts_at_s)
    return session
