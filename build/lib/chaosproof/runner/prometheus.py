"""What Prometheus recorded during a run, asked once and kept as a file: `series.json`."""

import json
import urllib.parse
import urllib.request
from typing import Any

from chaosproof.errors import ChaosproofError

__all__ = ["instant", "range_series"]

_TIMEOUT_S = 10.0
_STEP_S = 1


def instant(base_url: str, query: str, *, timeout_s: float = _TIMEOUT_S) -> list[dict[str, Any]]:
    """The result vector of an instant query; `ChaosproofError` when Prometheus does not answer it."""
    return list(_get(f"{base_url}/api/v1/query", {"query": query}, timeout_s)["result"])


def range_series(base_url: str, selector: str, start_at: float, end_at: float) -> dict[str, Any]:
    """All series that match `selector` between two instants, in steps of a second, as `series.json` has
    them.
    """
    answer = _get(
        f"{base_url}/api/v1/query_range",
        {"query": selector, "start": f"{start_at:.3f}", "end": f"{end_at:.3f}", "step": str(_STEP_S)},
        _TIMEOUT_S,
    )
    return {"step_s": _STEP_S, "start_at": start_at, "end_at": end_at, "series": answer["result"]}


def _get(url: str, parameters: dict[str, str], timeout_s: float) -> dict[str, Any]:
    full = f"{url}?{urllib.parse.urlencode(parameters)}"
    # A proxy from the environment has no way to the host's loopback.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(full, timeout=timeout_s) as answer:
            content = json.load(answer)
    except (OSError, ValueError) as error:
        raise ChaosproofError(
            f"Prometheus at {url} did not answer {parameters['query']!r}: {error}."
        ) from error
    data: dict[str, Any] = content["data"]
    return data
