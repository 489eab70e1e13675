"""A load as a job of the target: started, followed, stopped, by its folder.

The generator is a program of its own (`chaosproof.load.generator`) that runs beside the services, where no
forwarder and no proxy stands between it and them, and writes its files into the run folder while it runs.
"""

import json
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from chaosproof.errors import ChaosproofError
from chaosproof.load.answer_names import signatures
from chaosproof.load.plan_reader import plan_from_dict
from chaosproof.load.public_plan import hidden_fields, public_plan
from chaosproof.runfolder.events import record_near
from chaosproof.runfolder.load import LoadDone, LoadPlan, LoadProgress
from chaosproof.runfolder.paths import read_json, write_json
from chaosproof.targets import Target

__all__ = [
    "finish_load",
    "load_clock_s",
    "start_load",
    "start_load_program",
    "stop_load",
]

_POLL_S = 0.02
# longer than a cluster is given to place a pod: it has the words for why there is none
_FIRST_ROW_WITHIN_S = 45.0
_DRAIN_S = 30.0


def start_load(
    target: Target,
    folder: Path,
    plan: Mapping[str, Any],
    *,
    beside: str | None = None,
    secrets: Collection[str] = (),
) -> dict[str, Any]:
    """Start the load that `plan` describes and return it as checked, once it has begun to send.

    `folder` gets the load's files; `beside` is the instance whose Unix socket it is sent to; `secrets` are written
    nowhere, and are not in what is returned. `UsageError` for a wrong plan, `ChaosproofError` when it did not begin.
    """
    checked = plan_from_dict(plan).to_dict()
    public = public_plan(checked, secrets)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / LoadPlan.FILE
    write_json(file, public)
    # -P: a folder of files must not shadow the modules of the generator.
    argv = ["python", "-P", "-m", "chaosproof.load.generator", "--plan", str(file), "--out", str(folder)]
    env = {**hidden_fields(checked, public), **signatures(target.instances())}
    start_load_program(target, folder, argv, env=env, beside=beside)
    record_near(folder, "load_begun", {"folder": folder.name, "name": checked.get("name")})
    return public


def start_load_program(
    target: Target,
    folder: Path,
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    beside: str | None,
) -> None:
    """Start the load generator `argv`, and return once it has written its first row of progress into `folder`.

    Any program will do that writes the load's files. `ChaosproofError` when it does not begin.
    """
    folder.mkdir(parents=True, exist_ok=True)
    target.start_job(_job(folder), argv, env=env or {}, out_dir=folder, beside=beside)
    _wait(
        lambda: bool(_first_row(folder)),
        target,
        folder,
        within_s=_FIRST_ROW_WITHIN_S,
        what="did not begin to send",
    )


def load_clock_s(target: Target, folder: Path, at_s: float) -> float:
    """Wait until the load is `at_s` seconds old and return its age; `ChaosproofError` when it ends before."""
    started_at = _started_at(folder)
    _wait(
        lambda: time.time() - started_at >= at_s,
        target,
        folder,
        within_s=at_s + _DRAIN_S,
        what=f"ended before it was {at_s:g} s old",
    )
    return time.time() - started_at


def finish_load(target: Target, folder: Path) -> dict[str, Any]:
    """Wait until the load has ended by itself and return its load-done.json; `ChaosproofError` when it
    failed.
    """
    plan = read_json(folder / LoadPlan.FILE)
    over_at = _started_at(folder) + float(plan["duration_s"]) + 2 * float(plan["timeout_s"]) + _DRAIN_S
    while (state := target.job(_job(folder))).running:
        if time.time() > over_at:
            stop_load(target, folder)
            raise ChaosproofError(f"The load {folder.name} did not end by itself and was stopped.")
        time.sleep(_POLL_S)
    if not (folder / LoadDone.FILE).exists():
        raise ChaosproofError(
            f"The load ended with exit code {state.exit_code} and left no {LoadDone.FILE}: "
            f"{state.stderr_tail.strip()}"
        )
    done: dict[str, Any] = read_json(folder / LoadDone.FILE)
    record_near(
        folder,
        "load_ended",
        {"folder": folder.name, **{key: done.get(key) for key in ("recorded", "ok", "errors")}},
    )
    return done


def stop_load(target: Target, folder: Path) -> None:
    """End the load now, if it runs, and return when it has written what it knows."""
    target.stop_job(_job(folder))
    given_up_at = time.monotonic() + _DRAIN_S
    while target.job(_job(folder)).running:
        if time.monotonic() > given_up_at:
            raise ChaosproofError(f"The load {folder.name} did not stop within {_DRAIN_S:g} s.")
        time.sleep(_POLL_S)
    record_near(folder, "load_stopped", {"folder": folder.name})


def _wait(is_so: Callable[[], bool], target: Target, folder: Path, *, within_s: float, what: str) -> None:
    """Ask until `is_so`; a load that has died is noticed at once instead of waited for."""
    given_up_at = time.monotonic() + within_s
    asked_at = 0.0
    while not is_so():
        now = time.monotonic()
        if now - asked_at > 0.5:
            asked_at = now
            state = target.job(_job(folder))
            if not state.running:
                message = state.stderr_tail.strip() or "it said nothing"
                raise ChaosproofError(f"The load {what} (exit code {state.exit_code}): {message}")
        if now > given_up_at:
            raise ChaosproofError(f"The load {what} within {within_s:g} s.")
        time.sleep(_POLL_S)


def _started_at(folder: Path) -> float:
    row = _first_row(folder)
    if row is None:
        raise ChaosproofError("No load has begun: start one first (chaosproof.actions.load.start).")
    return float(row["at"]) - float(row["t_s"])


def _first_row(folder: Path) -> dict[str, Any] | None:
    try:
        with (folder / LoadProgress.FILE).open(encoding="utf-8") as file:
            line = file.readline()
    except FileNotFoundError:
        return None
    if not line.endswith("\n"):
        return None
    row: dict[str, Any] = json.loads(line)
    return row


def _job(folder: Path) -> str:
    return f"load-{folder.name.lower()}"
