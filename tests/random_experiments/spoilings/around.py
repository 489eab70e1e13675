"""What goes wrong around the fault: activities, the hypothesis, the system, the load and the settings."""

from collections.abc import Mapping
from typing import Any

from tests.random_experiments.spoilings.tools import (
    LATENCY,
    RATIO,
    Spoiling,
    before_end,
    configured,
    options,
    page,
    tolerances,
)
from tests.random_experiments.vocabulary import (
    activity,
    process,
    with_nature,
)

__all__ = ["AROUND"]

_BROKEN = activity("this one breaks", "probe", "tests.tampering.broken", "raises")


def _world(**changes: Any) -> Spoiling:
    return lambda written, random: with_nature(written, **changes)


def _method_probe(call: dict[str, Any]) -> Spoiling:
    return before_end(lambda written: {**call, "provider": dict(call["provider"])})


AROUND: Mapping[str, Spoiling] = {
    "activity: a process that fails": before_end(lambda w: process("it fails", "probe", "false")),
    "activity: HTTP status 500": before_end(lambda w: page(w, "probe", "/broken")),
    "activity: one that raises": _method_probe(_BROKEN),
    "activity: outside of its tolerance": before_end(
        lambda w: {**LATENCY, "name": "too slow", "tolerance": [500, 900]}
    ),
    "activity: a jsonpath that finds nothing": before_end(
        lambda w: page(
            w, "probe", "/ok", tolerance={"type": "jsonpath", "path": "$.nothing", "target": "body"}
        )
    ),
    "activity: the load is stopped": before_end(
        lambda w: activity("enough", "action", "chaosproof.actions.load", "stop")
    ),
    "activity: a rollback that fails": lambda w, r: w.content["rollbacks"].append(
        process("it is not put back", "action", "false")
    ),
    "activity: a rollback that raises": lambda w, r: w.content["rollbacks"].append(
        activity("this one breaks", "action", "tests.tampering.broken", "raises")
    ),
    "activity: everything dry": options("--dry", "activities"),
    "activity: actions dry": options("--dry", "actions"),
    "steady: not before": tolerances([0.5, 1], RATIO),
    "steady: not after": _world(lasting_harm=True, fragility=1.0),
    "steady: a probe that raises": lambda w, r: w.probes.append({**_BROKEN, "tolerance": 1}),
    "steady: before alone": lambda w, r: w.content.setdefault("runtime", {}).update(
        hypothesis={"strategy": "before-method-only"}
    ),
    "steady: after alone": options("--hypothesis-strategy", "after-method-only"),
    "world: the load falls short": _world(sends=0.7),
    "world: an instance crashes": _world(crash_s=0.5),
    "settings: not a number": options("--var", "duration_s=nan"),
    "settings: no duration": configured(duration_s=0),
    "settings: no rate": configured(rate_rps=0),
}
