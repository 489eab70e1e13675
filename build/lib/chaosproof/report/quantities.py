"""Figures in words for a person: three digits that count, and the unit."""

import math
from datetime import UTC, datetime
from typing import Any

from chaosproof.json_access import number

__all__ = ["figure", "moment", "span"]

_SPACE = "\u00a0"
UNKNOWN = "unknown"


def figure(value: Any, unit: str) -> str:
    """`value` in `unit` (`ratio`, `points` between two ratios, `ms`, `s`, `count`); no number is unknown."""
    finite = number(value)
    if finite is None:
        return UNKNOWN
    if unit == "ratio":
        return f"{_digits(100 * finite)}{_SPACE}%"
    if unit == "points":
        return f"{_digits(100 * finite)}{_SPACE}points"
    if unit == "count":
        return f"{finite:,.0f}"
    if unit == "ms" and abs(finite) >= 1000:
        return f"{_digits(finite / 1000)}{_SPACE}s"
    if unit == "s" and 5e-7 < abs(finite) < 0.1:
        return f"{_digits(1000 * finite)}{_SPACE}ms"
    return f"{_digits(finite)}{_SPACE}{unit}"


def span(low: Any, high: Any, unit: str) -> str:
    """From `low` to `high`; an end that is not known has no bound, and no width is no span."""
    a, b = number(low), number(high)
    if a == b:
        return ""
    if b is None:
        return f"{figure(a, unit)} or more"
    if a is None:
        return f"{figure(b, unit)} or less"
    lower, upper = figure(a, unit), figure(b, unit)
    digits, _, of = lower.partition(_SPACE)
    return f"{digits if upper.endswith(_SPACE + of) else lower} to {upper}"


def moment(instant: Any) -> str:
    """Seconds since the epoch as a date and time, UTC."""
    finite = number(instant)
    try:
        return datetime.fromtimestamp(finite, UTC).strftime("%-d %B %Y, %H:%M UTC") if finite else UNKNOWN
    except (OverflowError, ValueError, OSError):
        return UNKNOWN


def _digits(value: float) -> str:
    """Three digits that count, without an exponent or a trailing zero."""
    if value == 0 or abs(value) < 5e-7:
        return "0"
    places = max(0, 2 - math.floor(math.log10(abs(value))))
    shown = f"{value:,.{min(places, 6)}f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown
