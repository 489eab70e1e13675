"""The router stack as a run sees it: its client as a job of the target, and the ledgers of both its ends.

The client is `demo.router.client`, a program beside the services: nothing is imported from it, and a user's own
gateway is spoken to by it just as the demo's is.
"""

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from chaosproof.errors import ChaosproofError
from chaosproof.runner.load_job import PROGRESS
from chaosproof.targets import Target
from demo.router.request_ledger import Disruption, Event, read_events

__all__ = [
    "CLIENT_LEDGER",
    "LEDGERS",
    "ask_client",
    "disruptions_of",
    "keep_worker_ledger",
    "run_events",
    "start_ledger_load",
]

LEDGERS = "ledger"
CLIENT_LEDGER = f"{LEDGERS}/client.ndjson"
_CLIENT = ("python", "-P", "-m", "demo.router.client")
_BEGINS_WITHIN_S = 15.0
_POLL_S = 0.02


def ask_client(
    target: Target, instance: str, arguments: Sequence[str], *, timeout_s: float
) -> dict[str, Any]:
    """Run the client to its end beside `instance` and return the JSON that it prints.

    Exit code 1, the gateway said no, is an answer; `ChaosproofError` with its own words when there is none.
    """
    done = target.run(instance, [*_CLIENT, *arguments], timeout_s=timeout_s, inside="program")
    if done.exit_code not in (0, 1):
        said = done.stderr.strip() or done.stdout.strip() or "it said nothing"
        raise ChaosproofError(f"The client {arguments[0]} ended with exit code {done.exit_code}: {said}")
    try:
        answer: dict[str, Any] = json.loads(done.stdout)
    except ValueError as error:
        raise ChaosproofError(
            f"The client {arguments[0]} printed no JSON: {(done.stdout + done.stderr)[-300:]!r}."
        ) from error
    return answer


def start_ledger_load(
    target: Target,
    folder: Path,
    *,
    socket: str,
    stages: Sequence[tuple[float, float]],
    connections: int,
    timeout_s: float,
    task: Mapping[str, Any],
    name: str,
    instance: str,
) -> None:
    """Start a load that writes every event of every request into `folder`, and return once it sends.

    `stages` are pairs of requests a second and seconds; `instance` is the gateway whose `socket` it is. The job
    is followed and stopped by `chaosproof.runner.load_job`. `ChaosproofError` when it does not begin.
    """
    folder.mkdir(parents=True, exist_ok=True)
    job = f"load-{folder.name.lower()}"
    argv = [*_CLIENT, "load", "-s", socket, "--out", str(folder), "--name", name, "--task", json.dumps(task)]
    argv += ["--connections", str(connections), "--timeout", str(timeout_s)]
    for rate_rps, duration_s in stages:
        argv += ["--stage", f"{rate_rps:g}:{duration_s:g}"]
    target.start_job(job, argv, env={}, out_dir=folder, beside=instance)
    given_up_at = time.monotonic() + _BEGINS_WITHIN_S
    while not (folder / PROGRESS).exists() or not (folder / PROGRESS).stat().st_size:
        state = target.job(job)
        if not state.running:
            said = state.stderr_tail.strip() or "it said nothing"
            raise ChaosproofError(f"The load did not begin (exit code {state.exit_code}): {said}")
        if time.monotonic() > given_up_at:
            raise ChaosproofError(f"The load did not begin within {_BEGINS_WITHIN_S:g} s.")
        time.sleep(_POLL_S)


def keep_worker_ledger(target: Target, run_dir: Path, instance: str, path: str) -> bool:
    """Copy what `instance` wrote to `path` into the run folder; False when it wrote nothing there."""
    done = target.run(instance, ["cat", path], timeout_s=30.0, inside="program")
    if done.exit_code != 0:
        return False
    kept = run_dir / LEDGERS / f"{instance}.ndjson"
    kept.parent.mkdir(exist_ok=True)
    kept.write_text(done.stdout, encoding="utf-8")
    return True


def run_events(run_dir: Path, folder: str = "") -> tuple[list[Event], list[Event] | None]:
    """The events of the sender and of all workers; None for the latter when no worker's ledger was kept.

    `folder` is where in the run folder the load wrote, if not there itself.
    """
    client = read_events(run_dir / folder / CLIENT_LEDGER)
    workers = [file for file in sorted((run_dir / LEDGERS).glob("*.ndjson")) if file.name != "client.ndjson"]
    if not workers:
        return client, None
    return client, [event for file in workers for event in read_events(file)]


def disruptions_of(readiness: Path, faults: Path, instance: str) -> list[Disruption]:
    """When `instance` was made to go away, and when it was ready again.

    A target may see an end some milliseconds after it happened: then a disruption begins when the fault that caused it
    was about to act; where the event says that its instant is exact, it begins there. Raises `ChaosproofError` when
    the instance is still away, or never went.
    """
    meant = sorted(
        float(row["planned_at"]) for row in _rows(faults) if row["instance"] == instance and row["applied_at"]
    )
    found: list[Disruption] = []
    seen_at: float | None = None
    exact = False
    back_at = 0.0
    for row in _rows(readiness):
        if row["instance"] != instance:
            continue
        at = float(row["at"])
        if row["event"] in ("killed", "exited") and seen_at is None:
            seen_at, exact = at, bool(row.get("exact"))
        elif row["event"] == "ready":
            if seen_at is not None:
                caused = (planned_at for planned_at in meant if back_at < planned_at <= at and not exact)
                found.append(Disruption(min(next(caused, seen_at), seen_at), at))
            seen_at, back_at = None, at
    if seen_at is not None or not found:
        raise ChaosproofError(
            f"{instance} {'went away and did not come back' if seen_at else 'never went away'}."
        )
    return found


def _rows(path: Path) -> list[dict[str, Any]]:
    try:
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise ChaosproofError(f"Cannot read {path}: {error}.") from error
