"""Durations as people write them: `60s`, `250ms`, `1m30s`. A bare number is refused: it has no unit."""

import re

from chaosproof.errors import UsageError

__all__ = ["parse_duration"]

_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")


def parse_duration(text: str, what: str) -> float:
    """Seconds of `text`; `what` names the option in the `UsageError` of a mistake."""
    stripped = text.strip().lower()
    parts = _PART.findall(stripped)
    if not parts or "".join(number + unit for number, unit in parts) != stripped:
        raise UsageError(f"{what} {text!r} is no duration with a unit: write it like 60s, 250ms or 1m30s")
    return sum(float(number) * _UNITS_S[unit] for number, unit in parts)
