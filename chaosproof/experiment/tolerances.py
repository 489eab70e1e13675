"""Tolerances of the steady-state hypothesis that any output of their probe meets: they hold of any system."""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from chaosproof.experiment.method_actions import own_module
from chaosproof.json_access import at, mapping, mappings, sequence, text

__all__ = ["met_by_anything", "tolerance_mistakes"]

_ROOTS = frozenset({"$", "$.*", "$..*", "$[*]"})
# what the output of such a provider has whatever happened
_ALWAYS_THERE = {
    "http": frozenset({"$.status", "$.headers", "$.body"}),
    "process": frozenset({"$.status", "$.stdout", "$.stderr"}),
}
_TEXTS = ("", "0", "a b", "\n", "error: no such thing")


# between which values the outputs of our own probes are
_RANGES = {
    ("chaosproof.probes.load", "error_ratio"): (0.0, 1.0),
    ("chaosproof.probes.load", "latency_ms"): (0.0, math.inf),
    ("chaosproof.probes.readiness", "ready_instances"): (0.0, math.inf),
}


def tolerance_mistakes(
    content: Mapping[str, Any], instances: Mapping[str, int] | None = None
) -> Iterator[str]:
    """One sentence for each probe of the hypothesis whose tolerance no output can miss.

    `instances` is how many each service has, once that is known: no more of them are ready.
    """
    for probe in mappings(at(content, "steady-state-hypothesis", "probes")):
        if why := met_by_anything(probe, instances):
            yield f"probe {text(probe.get('name'))!r}: {why}"


def met_by_anything(probe: Mapping[str, Any], instances: Mapping[str, int] | None = None) -> str:
    """Why every output of the probe is within its tolerance, and what to write instead; empty when some are not."""
    tolerance = probe.get("tolerance")
    ends = sequence(at(tolerance, "range") or tolerance)
    if _is_everything(ends, mapping(probe.get("provider")), instances or {}):
        return f"the range {ends[0]} to {ends[1]} is met by whatever it measures: narrow it"
    match at(tolerance, "type"):
        case "jsonpath" if not {"expect", "count"} & {*mapping(tolerance)}:
            path = text(at(tolerance, "path")).strip()
            always = _ALWAYS_THERE.get(text(at(probe, "provider", "type")), frozenset())
            if path in _ROOTS or (path in always and not at(tolerance, "target")):
                return f"the jsonpath {path} without `expect` is met by any output: add `expect`"
        case "regex":
            pattern = text(at(tolerance, "pattern"))
            if "${" not in pattern and _matches_everything(pattern):
                return f"the regex {pattern!r} matches any text: name what must be in it"
    return ""


def _is_everything(ends: Any, provider: Mapping[str, Any], instances: Mapping[str, int]) -> bool:
    if len(ends) != 2 or any(isinstance(end, bool) or not isinstance(end, int | float) for end in ends):
        return False
    probe = own_module(text(provider.get("module"))), text(provider.get("func"))
    low, high = _RANGES.get(probe, (-math.inf, math.inf))
    if probe == ("chaosproof.probes.readiness", "ready_instances"):
        high = instances.get(text(at(provider, "arguments", "service")), high)
    return bool(ends[0] <= low and ends[1] >= high)


def _matches_everything(pattern: str) -> bool:
    try:
        return all(re.search(pattern, sample) for sample in _TEXTS)
    except (re.error, OverflowError, RecursionError):  # no regex, too many repetitions, or brackets
        return False
