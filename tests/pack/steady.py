"""Text that is the same in every run and in every Python: without hashes, and without the last digits of a sum."""

import re

__all__ = ["steady"]

_LONG = re.compile(r"\d+\.\d{7,}")  # the last digits of a sum are not the same in every Python
_HASH = re.compile(r"\b[0-9a-f]{64}\b")


def steady(text: str) -> str:
    return _HASH.sub("HASH", _LONG.sub(lambda found: f"{float(found[0]):.6f}", text))
