"""Actions of the router stack's client: requests by ledger, requests at full speed, and every error there is.

They run beside the services, as a job of the target, over the socket of the gateway `instance`.
"""

import json
from typing import Any

from chaoslib.types import Configuration

from chaosproof.demo.plugin.client_program import run_client
from chaosproof.demo.router import CLIENT
from chaosproof.errors import UsageError
from chaosproof.runfolder.paths import WARMUP, write_json
from chaosproof.runner.load.job import finish_load, start_load, start_load_program, stop_load
from chaosproof.runner.session import Session
from chaosproof.runner.settings import count, number, seconds
from chaosproof.toolkit.current import session_of

__all__ = ["conform", "ledger_load", "load", "rehearse"]

_SOCKET = "/run/gateway.sock"
_GATEWAY = "gateway-0"


def load(
    body: str,
    rate_rps: float = 0,
    connections: int = 1,
    duration_s: float = 10,
    model: str = "closed",
    timeout_s: float = 10,
    socket: str = _SOCKET,
    seed: int = 0,
    instance: str = _GATEWAY,
    configuration: Configuration = None,
) -> dict[str, Any]:
    """Start the measured load of requests with the payload `body`, and return its plan once it sends.

    `{seq}` in `body` becomes the number of the request. In the closed model each of the `connections` sends its
    next request once it has its answer, and no sooner than `rate_rps` allows (0: at once); in the open model
    requests are due at that rate. Every request becomes a row
    of `requests.csv.gz`; `chaosproof.actions.load.finish` waits for the end. Raises `UsageError` for a value out of
    range, `ChaosproofError` when the load does not begin.
    """
    session = session_of(configuration)
    paced_rps = number("rate_rps", rate_rps)
    plan: dict[str, Any] = {
        "name": "measured",
        "url": f"ipc://{socket}?frame=TASK_SUBMIT",
        "body": body,
        "model": model,
        "rate_rps": paced_rps or None,
        "connections": count("connections", connections),
        "duration_s": seconds("duration_s", duration_s, ceiling_s=3600.0),
        "timeout_s": seconds("timeout_s", timeout_s),
        "seed": count("seed", seed, least=0, most=2**31 - 1),
    }
    _end_warmup(session)
    return start_load(session.target, session.folder, plan, beside=instance)


def ledger_load(
    stages: str,
    connections: int = 10,
    timeout_s: float = 10,
    task_type: str = "text.generate",
    delay_ms: int = 0,
    socket: str = _SOCKET,
    instance: str = _GATEWAY,
    configuration: Configuration = None,
) -> dict[str, Any]:
    """Start the measured load, every event of which is written to `ledger/client.ndjson`.

    `stages` is how many requests a second for how many seconds, `"200:5 2000:20"`; `task_type` is what is
    asked for; `demo.delay` takes the demo's router `delay_ms`. Requests share the connections, many in flight
    on each. `chaosproof.actions.load.finish` waits for the end. Raises `UsageError` for stages that are none,
    `ChaosproofError` when the load does not begin.
    """
    session = session_of(configuration)
    checked = _stages(stages)
    argv = _load_argv(socket, checked, connections, timeout_s, _task(task_type, delay_ms))
    _end_warmup(session)
    start_load_program(
        session.target,
        session.folder,
        [*argv, "--name", "load", "--out", str(session.folder)],
        beside=instance,
    )
    return {"stages": checked, "connections": connections}


def rehearse(
    stages: str,
    connections: int = 10,
    timeout_s: float = 10,
    task_type: str = "text.generate",
    delay_ms: int = 0,
    socket: str = _SOCKET,
    instance: str = _GATEWAY,
    configuration: Configuration = None,
) -> dict[str, Any]:
    """Send a load like the measured one beforehand, to its end, so that what it takes once is taken.

    Its files go to the folder `rehearsal`. Returns its load-done.json. Raises as `ledger_load` does.
    """
    session = session_of(configuration)
    folder = session.folder / "rehearsal"
    argv = _load_argv(socket, _stages(stages), connections, timeout_s, _task(task_type, delay_ms))
    start_load_program(
        session.target, folder, [*argv, "--name", "rehearsal", "--out", str(folder)], beside=instance
    )
    return finish_load(session.target, folder)


def conform(
    instance: str = _GATEWAY,
    timeout_s: float = 10,
    socket: str = _SOCKET,
    configuration: Configuration = None,
) -> dict[str, Any]:
    """Ask the gateway for every error of the mapping and send it every kind of malformed frame.

    Returns `cases`, `wrong` (how many were not answered exactly as they must be), their names and what a
    bystander saw; the whole report is `conformance.json`. Raises `ChaosproofError` when nobody listens.
    """
    session = session_of(configuration)
    folder, limit_s = session.folder, seconds("timeout_s", timeout_s)
    argv = [*CLIENT, "conform", "-s", socket, "--timeout", str(limit_s)]
    report = run_client(session.target, instance, argv, timeout_s=120.0)
    write_json(folder / "conformance.json", report)
    wrong = [result["name"] for result in report["results"] if not result["right"]]
    return {
        "cases": report["cases"],
        "wrong": report["wrong"],
        "wrong_names": wrong,
        "bystander": report["bystander"],
    }


def _load_argv(
    socket: str, stages: list[tuple[float, float]], connections: int, timeout_s: float, task: dict[str, Any]
) -> list[str]:
    argv = [*CLIENT, "load", "-s", socket, "--task", json.dumps(task)]
    argv += ["--connections", str(count("connections", connections))]
    argv += ["--timeout", str(seconds("timeout_s", timeout_s))]
    for rate_rps, duration_s in stages:
        argv += ["--stage", f"{rate_rps:g}:{duration_s:g}"]
    return argv


def _task(task_type: str, delay_ms: int) -> dict[str, Any]:
    payload = {"delay_ms": count("delay_ms", delay_ms, least=0)} if delay_ms else {}
    return {"type": task_type, "payload": payload}


def _stages(stages: str) -> list[tuple[float, float]]:
    pairs = []
    for stage in str(stages).split():
        rate, _, lasts = stage.partition(":")
        pairs.append((number("stages", rate), seconds("stages", lasts)))
    if not pairs or any(rate_rps <= 0 for rate_rps, _ in pairs):
        raise UsageError(f'stages must read "RPS:SECONDS RPS:SECONDS ...", not {stages!r}.')
    return pairs


def _end_warmup(session: Session) -> None:
    if (session.folder / WARMUP).exists():
        stop_load(session.target, session.folder / WARMUP)
