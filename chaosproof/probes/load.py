"""Questions to the load: what became of the requests so far.

They read the rows of the measured load, or of the warm-up as long as no measured load has begun.
"""

from typing import Any

from chaoslib.types import Configuration

from chaosproof.errors import UsageError
from chaosproof.runner.settings import number
from chaosproof.toolkit.current import session_of
from chaosproof.toolkit.load_figures import figures_so_far, latency_so_far_ms

__all__ = ["error_ratio", "latency_ms", "summary"]


def error_ratio(configuration: Configuration = None) -> float:
    """The share of requests that failed, from 0 to 1. Raises `ChaosproofError` when none has ended yet."""
    return float(figures_so_far(session_of(configuration).folder)["load"]["error_ratio"])


def latency_ms(percentile: float = 99, configuration: Configuration = None) -> float:
    """The latency in ms that `percentile` % of all requests, failed ones too, stay within (nearest rank).

    Raises `UsageError` for a percentile outside 0..100, `ChaosproofError` when no request has ended yet.
    """
    percent = number("percentile", percentile)
    if not 0 <= percent <= 100:
        raise UsageError(f"percentile must be from 0 to 100, not {percentile!r}.")
    return latency_so_far_ms(session_of(configuration).folder, percent)


def summary(configuration: Configuration = None) -> dict[str, Any]:
    """Requests, errors by code and latency percentiles so far: `load` and `per_instance` of summary.json."""
    return dict(figures_so_far(session_of(configuration).folder))
