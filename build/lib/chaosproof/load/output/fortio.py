"""Makes a result in Fortio's format of a load's records, so that what reads Fortio's files reads ours.

Field names as in Fortio's `fhttp.HTTPRunnerResults` and `stats.HistogramData`; durations of the histogram are
seconds, `ActualDuration` is nanoseconds. Percentiles are exact (nearest rank), not interpolated from the
buckets.
"""

import json
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chaosproof.errors import readable_os_errors
from chaosproof.load.recording.latencies import Latencies
from chaosproof.runfolder.load import LoadDone, LoadPlan
from chaosproof.runfolder.paths import read_json
from chaosproof.runfolder.requests import REQUESTS, RequestRow, read_rows

__all__ = ["PERCENTILES", "fortio_result", "save_fortio_result"]

PERCENTILES = (50, 75, 90, 95, 99, 99.9)

# Upper bounds of Fortio's histogram, in units of its resolution of 1 ms (stats.histogramBucketValues).
_BOUNDS_MS = (
    *range(12), 12, 14, 16, 18, 20, 25, 30, 35, 40, 45, 50, 60, 70, 80, 90, 100, 120, 140, 160, 180, 200,
    250, 300, 350, 400, 450, 500, 600, 700, 800, 900, 1000, 2000, 3000, 4000, 5000, 7500, 10000, 20000, 30000,
    40000, 50000, 75000, 100000,
)  # fmt: skip


def fortio_result(requests: Iterable[RequestRow], plan: LoadPlan, done: LoadDone) -> dict[str, Any]:
    """The result of a load from its requests, its plan and its end."""
    latencies = Latencies()
    buckets: Counter[int] = Counter()
    statuses: Counter[str] = Counter()
    codes: Counter[str] = Counter()
    for request in requests:
        latency_s = request.latency_s(plan.model)
        latencies.add(latency_s)
        buckets[bisect_left(_BOUNDS_MS, latency_s * 1000)] += 1
        statuses[str(request.status or -1)] += 1
        codes[request.code] += 1
    latencies.freeze()
    started_at, ended_at = done.started_at or 0.0, done.ended_at or 0.0
    duration_s = max(ended_at - started_at, 1e-9)
    return {
        "RunType": plan.protocol.upper(),
        "Labels": plan.name,
        "StartTime": datetime.fromtimestamp(started_at, UTC).isoformat().replace("+00:00", "Z"),
        "RequestedQPS": "max" if plan.rate_rps is None else f"{plan.rate_rps:g}",
        "RequestedDuration": f"{plan.duration_s or 0:g}s",
        "ActualQPS": latencies.count / duration_s,
        "ActualDuration": round(duration_s * 1e9),
        "NumThreads": plan.connections,
        "Version": "chaosproof",
        "DurationHistogram": _histogram(latencies, buckets),
        "RetCodes": dict(sorted(statuses.items())),
        "URL": plan.url,
        "Codes": dict(sorted(codes.items())),
    }


def save_fortio_result(load_dir: Path, path: Path) -> None:
    """Write the result of the load in `load_dir` to `path` (such as artifacts/load.json)."""
    plan = LoadPlan.from_json(read_json(load_dir / LoadPlan.FILE))
    done = LoadDone.from_json(read_json(load_dir / LoadDone.FILE))
    result = fortio_result(read_rows(load_dir / REQUESTS), plan, done)
    with readable_os_errors(f"cannot write {path}"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def _histogram(latencies: Latencies, buckets: Mapping[int, int]) -> dict[str, Any]:
    if not latencies.count:
        return dict.fromkeys(("Count", "Min", "Max", "Sum", "Avg", "StdDev"), 0) | {
            "Data": [],
            "Percentiles": [],
        }
    return {
        "Count": latencies.count,
        "Min": latencies.min_s,
        "Max": latencies.max_s,
        "Sum": latencies.mean_s * latencies.count,
        "Avg": latencies.mean_s,
        "StdDev": latencies.deviation_s,
        "Data": _data(latencies, buckets),
        "Percentiles": [
            {"Percentile": percent, "Value": latencies.percentile_s(percent)} for percent in PERCENTILES
        ],
    }


def _data(latencies: Latencies, buckets: Mapping[int, int]) -> list[dict[str, float]]:
    """Fortio's buckets, empty ones left out; the outermost are cut to the least and the greatest value."""
    seen = 0
    data = []
    for number in sorted(buckets):
        seen += buckets[number]
        low_s = _BOUNDS_MS[number - 1] / 1000 if number else latencies.min_s
        high_s = _BOUNDS_MS[number] / 1000 if number < len(_BOUNDS_MS) else latencies.max_s
        data.append(
            {
                "Start": max(low_s, latencies.min_s),
                "End": min(high_s, latencies.max_s),
                "Percent": 100 * seen / latencies.count,
                "Count": buckets[number],
            }
        )
    return data
