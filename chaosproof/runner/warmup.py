"""The load before the load: the steady state is measured under it, then the measured load takes over."""

from collections.abc import Mapping
from typing import Any

from chaosproof.runfolder.paths import WARMUP
from chaosproof.runner.load_job import load_clock_s, start_load
from chaosproof.runner.session import Session

__all__ = ["load_plan", "start_warmup"]

# How long the warm-up goes on at most while the hypothesis is measured; the measured load ends it before.
_MEASURING_S = 120.0


def load_plan(load: Mapping[str, Any], variables: Mapping[str, Any], **own: Any) -> dict[str, Any]:
    """The experiment's load as a plan: the variables' figures, and on top what its extension says of it."""
    shared = {key: variables[key] for key in ("rate_rps", "connections", "seed") if key in variables}
    return {**shared, **load, **own}


def start_warmup(session: Session, variables: Mapping[str, Any], load: Mapping[str, Any]) -> None:
    """Start the warm-up load and wait until it is `warmup_s` old; without a load or with 0 there is none."""
    warmup_s = float(variables.get("warmup_s", 0))
    if not load or warmup_s == 0:
        return
    folder = session.folder / WARMUP
    start_load(
        session.target,
        folder,
        load_plan(load, variables, name="warmup", duration_s=warmup_s + _MEASURING_S),
    )
    load_clock_s(session.target, folder, warmup_s)
