"""Times as Compose writes them: `5s`, `1m30s`, `500ms`."""

import re

__all__ = ["duration_s"]

_WHOLE = re.compile(r"(?:\d+(?:\.\d+)?(?:h|ms|us|m|s))+")
_PART = re.compile(r"(\d+(?:\.\d+)?)(h|ms|us|m|s)")
_UNITS_S = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "us": 0.000001}


def duration_s(text: str) -> float | None:
    """Its seconds; `None` for what is no such time."""
    if not _WHOLE.fullmatch(text):
        return None
    return float(sum(float(number) * _UNITS_S[unit] for number, unit in _PART.findall(text)))
