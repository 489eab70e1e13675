"""What Prometheus recorded during a run, asked once and kept as a file: `series.json`; and what it cannot scrape."""

import json
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any

from chaosproof.errors import ChaosproofError
from chaosproof.json_access import at, mapping, mappings, text

__all__ = ["DownTarget", "down_targets", "instant", "range_series"]

_TIMEOUT_S = 10.0
_STEP_S = 1


@dataclass(frozen=True)
class DownTarget:
    """A target whose last scrape failed: its instance, the page that was asked for, and Prometheus' own reason."""

    instance: str
    url: str
    error: str

    @property
    def sentence(self) -> str:
        return f"Prometheus has no metrics of {self.instance}: {self.url} is down, {self.error}"


def down_targets(base_url: str, *, timeout_s: float = _TIMEOUT_S) -> tuple[DownTarget, ...]:
    """The targets whose last scrape failed, by instance; those that were not scraped yet are not among them.

    Raises `ChaosproofError` when Prometheus does not answer.
    """
    targets = mappings(
        _get(f"{base_url}/api/v1/targets", {"state": "active"}, timeout_s).get("activeTargets")
    )
    return tuple(
        DownTarget(
            instance=text(mapping(target.get("labels")).get("instance")),
            url=text(target.get("scrapeUrl")),
            error=text(target.get("lastError")) or "without a reason",
        )
        for target in sorted(targets, key=lambda each: text(at(each, "labels", "instance")))
        if target.get("health") == "down"
    )


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
        query = f" {parameters['query']!r}" if "query" in parameters else ""
        raise ChaosproofError(f"Prometheus at {url} did not answer{query}: {error}.") from error
    data: dict[str, Any] = content["data"]
    return data
