"""The load before the load: the steady state is measured under it, then the measured load takes over."""

from collections.abc import Mapping
from typing import Any

from chaosproof.runfolder.paths import WARMUP
from chaosproof.runner.load.job import load_clock_s, start_load
from chaosproof.runner.load.words import warmup_plan
from chaosproof.runner.session import Session

__all__ = ["start_warmup"]

# How long the warm-up goes on at most while the hypothesis is measured; the measured load ends it before.
_MEASURING_S = 120.0


def start_warmup(session: Session, variables: Mapping[str, Any]) -> None:
    """Start the warm-up load and wait until it is `warmup_s` old; without a load or with 0 there is none."""
    warmup_s = float(variables.get("warmup_s", 0))
    if not session.load or warmup_s == 0:
        return
    folder = session.folder / WARMUP
    plan = warmup_plan(session.load, variables, warmup_s + _MEASURING_S)
    start_load(session.target, folder, plan, secrets=session.secrets)
    load_clock_s(session.target, folder, warmup_s)
