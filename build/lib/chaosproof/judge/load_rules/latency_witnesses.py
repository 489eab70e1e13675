"""What the load itself says of latencies, held against the rows: the percentiles of load.json and of its progress.

A file that names chaosproof as its writer and leaves one of them out is as wrong as one that has another.
"""

import math
from collections.abc import Mapping
from itertools import chain
from typing import Any

from chaosproof.json_access import at, mappings, number, text
from chaosproof.judge.figures.request_stats import RequestStats
from chaosproof.runfolder.load import LoadProgress

__all__ = ["latency_objects", "percentile_objects"]

_PERCENTS = (50, 75, 90, 95, 99, 99.9)
# beyond four million latencies the load keeps a histogram that is true to three digits
_SHARE_OFF = 0.002
_ROUNDING_S = 2e-6
# a load that is larger is asked for its longest latency and their sum only: to sort it takes seconds
_SORTED_MAX = 1_000_000


def percentile_objects(fold: RequestStats, result: Mapping[str, Any]) -> list[str]:
    """The least latency and the percentiles of a result in Fortio's format that are not those of the rows."""
    if not 0 < fold.rows <= _SORTED_MAX:
        return []
    stated = {
        number(entry.get("Percentile")): number(entry.get("Value"))
        for entry in mappings(at(result, "DurationHistogram", "Percentiles"))
    }
    stated[0] = number(at(result, "DurationHistogram", "Min"))
    ours = text(result.get("Version")) == "chaosproof"
    ordered = sorted(chain.from_iterable(cell.latencies for cell in fold.every_cell))
    objections = []
    for percent in (0, *_PERCENTS):
        counted_s = ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]
        stated_s = stated.get(percent)
        if stated_s is None:
            if ours:
                objections.append(f"load.json does not say the {_name(percent)}")
        elif abs(stated_s - counted_s) > _ROUNDING_S + _SHARE_OFF * counted_s:
            objections.append(
                f"the {_name(percent)} is {stated_s:.6f} s by load.json, and {counted_s:.6f} s by the rows"
            )
    return objections


def latency_objects(file: str, last: LoadProgress, fold: RequestStats) -> list[str]:
    """The percentiles of the last row of progress that no request of the load can have had, or that are upside down."""
    if last.p50_ms is None or last.p99_ms is None or not fold.rows:
        return []
    columns = [cell.latencies for cell in fold.every_cell if cell.latencies]
    least_ms, greatest_ms = min(map(min, columns)) * 1000, max(map(max, columns)) * 1000
    slack = 1 + _SHARE_OFF
    if least_ms / slack - 0.002 <= last.p50_ms <= last.p99_ms <= greatest_ms * slack + 0.002:
        return []
    return [
        f"{file} ends with a median of {last.p50_ms:g} ms and a p99 of {last.p99_ms:g} ms, and the latencies "
        f"of the rows lie between {least_ms:.3f} and {greatest_ms:.3f} ms"
    ]


def _name(percent: float) -> str:
    return f"p{percent:g}" if percent else "least latency"
