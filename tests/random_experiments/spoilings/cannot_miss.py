"""Claims and tolerances that nothing can miss."""

import math
from collections.abc import Mapping
from random import Random

from tests.random_experiments.spoilings.tools import (
    LATENCY,
    RATIO,
    Spoiling,
    fault_actions,
    first_claim,
    options,
    page,
    replace_claims,
    set_bound,
    tolerances,
)
from tests.random_experiments.vocabulary import (
    Written,
    activity,
)

__all__ = ["CANNOT_MISS"]


def _about_fault(key: str, provider_key: str) -> Spoiling:
    """A claim that the fault is what was asked for."""

    def apply(written: Written, random: Random) -> bool:
        faults = fault_actions(written)
        if len(faults) != 1 or faults[0]["provider"]["func"] == "partition":
            return False
        provider = faults[0]["provider"]
        value = provider[provider_key] if provider_key else provider["arguments"][key]
        replace_claims({"figure": f"fault.{key}", "equals": value})(written, random)
        return True

    return apply


CANNOT_MISS: Mapping[str, Spoiling] = {
    "cannot miss: a ratio at most 1": replace_claims({"figure": "load.error_ratio", "at_most": 1}),
    "cannot miss: a ratio between -1 and 2": replace_claims(
        {"figure": "load.error_ratio", "between": [-1, 2]}
    ),
    "cannot miss: a latency at least 0": replace_claims({"figure": "load.p99_ms", "at_least": 0}),
    "cannot miss: errors at most 100,000": replace_claims({"figure": "load.errors", "at_most": 100_000}),
    "cannot miss: a code at least 0 times": replace_claims(
        {"figure": "load.codes.UNAVAILABLE", "default": 0, "at_least": 0}
    ),
    "cannot miss: a window's ratio at most 1": replace_claims(
        {"figure": "windows.after.error_ratio", "at_most": 1}
    ),
    "cannot miss: a setting": replace_claims({"figure": "variables.rate_rps", "at_most": 1000}),
    "cannot miss: the planned rate": replace_claims({"figure": "load.planned_rate_rps", "at_least": 5}),
    "cannot miss: a variable as bound": replace_claims(
        {"figure": "load.error_ratio", "at_most": "${rate_rps}"}
    ),
    "cannot miss: loosened on the command line": lambda w, r: (
        replace_claims({"figure": "load.error_ratio", "at_most": "${tolerated}"})(w, r),
        options("--var", "tolerated=1")(w, r),
    ),
    "cannot miss: infinite": first_claim(set_bound("at_most", math.inf)),
    "cannot miss: not a number": first_claim(set_bound("at_most", math.nan)),
    "cannot miss: a tolerance of 0 to 1": tolerances([0, 1], RATIO),
    "cannot miss: a tolerance without end": tolerances(
        {"type": "range", "range": [-math.inf, math.inf]}, LATENCY
    ),
    "cannot miss: a regex for anything": lambda w, r: tolerances(
        {"type": "regex", "target": "body", "pattern": ".*"}, page(w, "probe", "/ok")
    )(w, r),
    "cannot miss: a jsonpath without expect": lambda w, r: tolerances(
        {"type": "jsonpath", "path": "$.status"}, page(w, "probe", "/ok")
    )(w, r),
    "cannot miss: a latency of 0 to infinite": tolerances({"type": "range", "range": [0, math.inf]}, LATENCY),
    "cannot miss: any number of ready ones": tolerances(
        [0, 100],
        activity("some are ready", "probe", "chaosproof.probes.readiness", "ready_instances", service="shop"),
    ),
    "cannot miss: met by its own default": replace_claims(
        {"figure": "load.codes.UNAVAILABLE", "default": 100, "at_least": 50}
    ),
    "cannot miss: the kind of the fault": _about_fault("kind", "func"),
    "cannot miss: the instance of the fault": _about_fault("instance", ""),
    "cannot miss: how long the load was to last": replace_claims(
        {"figure": "load.duration_s", "at_least": 1}
    ),
    "cannot miss: a latency of a year": replace_claims(
        {"figure": "load.p99_ms", "at_most": 365 * 86_400_000}
    ),
    "cannot miss: more errors than the window has requests": replace_claims(
        {"figure": "windows.fault.errors", "at_most": 99}
    ),
}
