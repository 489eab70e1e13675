"""Spells of time in which an instance was not ready, or its circuit breaker was not closed: bands of a timeline.

What an instance wrote in its own log is exact; where it wrote nothing, the samples that Prometheus took once a
second must do.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from chaosproof.json_access import as_object, number, text
from chaosproof.runfolder.readiness import ReadinessRow
from chaosproof.runfolder.run_folder import RunFolder
from chaosproof.runfolder.series import Samples, Series

__all__ = ["breaker_bands", "breaker_samples", "log_events", "readiness_bands"]

_READY = ("ready", "resumed")
_UNREADY = {
    "not_ready": "not ready",
    "started": "starting",
    "exited": "down",
    "killed": "down",
    "paused": "paused",
}
_BREAKER = "_breaker_state"
_BREAKER_NAMES = {0: "closed", 1: "half-open", 2: "open"}
_CLOSED = "closed"
_LOG_BYTES_MAX = 64 << 20

Moment = tuple[float, str]


def readiness_bands(run: RunFolder, start_at: float, end_at: float) -> list[dict[str, Any]]:
    """`{instance, of: "readiness", state, from_at, to_at, source}`, one for each spell of not being ready."""
    moments: dict[str, list[Moment]] = {}
    for event in run.readiness:
        known = event.event in _READY or event.event in _UNREADY
        if known and event.at is not None and event.instance in run.session.names:
            moments.setdefault(event.instance, []).append((event.at, _UNREADY.get(event.event, "")))
    return [
        band
        for name in sorted(moments)
        for band in _bands(name, "readiness", ReadinessRow.FILE, moments[name], "", start_at, end_at)
    ]


def breaker_bands(run: RunFolder, start_at: float, end_at: float) -> list[dict[str, Any]]:
    """The same of breakers that were open or half-open, from the logs, or else from series.json."""
    bands: list[dict[str, Any]] = []
    for name in sorted(run.session.names):
        moments, source = _logged(run, name), f"artifacts/{name}.log"
        if not moments:
            moments, source = _sampled(run.series, name), Series.FILE
        bands += _bands(name, "breaker", source, moments, _CLOSED, start_at, end_at)
    return bands


def breaker_samples(series: Series, instance: str) -> list[Samples]:
    """What was recorded of the breakers of `instance`: metrics whose name ends in `_breaker_state`, with the value 0
    for closed, 1 for half-open and 2 for open.
    """
    return [s for s in series.series if s.name.endswith(_BREAKER) and s.instance == instance]


def log_events(run: RunFolder, instance: str) -> Iterator[Mapping[str, Any]]:
    """The JSON lines of an instance's log that carry `at` and `event`, in the order of the file."""
    name = f"{instance}.log"
    if name not in run.artifacts or run.artifacts[name] > _LOG_BYTES_MAX:
        return
    try:
        with (run.path / "artifacts" / name).open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if not line.startswith("{"):
                    continue
                event = as_object(line)
                if number(event.get("at")) is not None and text(event.get("event")):
                    yield event
    except OSError:
        return


def _logged(run: RunFolder, instance: str) -> list[Moment]:
    return [
        (float(event["at"]), text(event.get("new")).replace("_", "-"))
        for event in log_events(run, instance)
        if event["event"] == "breaker" and text(event.get("new"))
    ]


def _sampled(series: Series, instance: str) -> list[Moment]:
    return [
        (instant, _BREAKER_NAMES.get(int(value), str(value)))
        for samples in breaker_samples(series, instance)
        for instant, value in samples.points
    ]


def _bands(
    instance: str, of: str, source: str, moments: Iterable[Moment], quiet: str, start_at: float, end_at: float
) -> Iterator[dict[str, Any]]:
    """The spells between two moments in which the state is not the `quiet` one, cut to the timeline."""
    state, since = quiet, start_at
    for instant, next_state in [*sorted(moments), (end_at, quiet)]:
        if next_state == state:
            continue
        begin, end = max(since, start_at), min(instant, end_at)
        if state != quiet and begin < end:
            yield {
                "instance": instance,
                "of": of,
                "state": state,
                "from_at": round(begin, 6),
                "to_at": round(end, 6),
                "source": source,
            }
        state, since = next_state, instant
