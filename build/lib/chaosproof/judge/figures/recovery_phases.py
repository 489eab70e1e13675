"""What of a recovery the transport took, and what the circuit breaker took on top.

The transport of the hit instance is back at the first sign, after the end of the fault, that one of its calls can
pass: a channel connected, the instance said it can reach what it calls, a half-open breaker whose probes then
closed it, or a request answered ok. The breaker took the time from there until it closed.
"""

from collections.abc import Iterator

from chaosproof.judge.figures.request_stats import RequestStats
from chaosproof.judge.figures.state_intervals import breaker_bands, breaker_samples, log_events
from chaosproof.runfolder.run_folder import RunFolder

__all__ = ["recovery_split"]

_FOR_EVER = 1e12


def recovery_split(
    run: RunFolder, fold: RequestStats, instance: str, ended_at: float
) -> tuple[float | None, float | None]:
    """`(transport_s, breaker_s)` of `instance` after a fault that ended at `ended_at`.

    `transport_s` is None when no sign of its return is recorded. `breaker_s` is 0 when the breaker was closed
    at the end of the fault, None when it did not close, or the instance tells nothing of a breaker.
    """
    back_at = min(_signs(run, fold, instance, ended_at), default=None)
    transport_s = None if back_at is None else back_at - ended_at
    spells = [b for b in breaker_bands(run, 0.0, _FOR_EVER) if b["instance"] == instance]
    if not spells and not breaker_samples(run.series, instance):
        # no breaker of it was watched, not even one that was never seen to be anything but closed
        return transport_s, None
    closed_at = ended_at
    for spell in sorted(spells, key=lambda b: float(b["from_at"])):
        # open and half-open spells follow each other without a gap until the breaker closes
        if spell["from_at"] <= closed_at < spell["to_at"]:
            closed_at = spell["to_at"]
    if closed_at >= _FOR_EVER:
        return transport_s, None
    return transport_s, max(0.0, closed_at - (ended_at if back_at is None else back_at))


def _signs(run: RunFolder, fold: RequestStats, instance: str, ended_at: float) -> Iterator[float]:
    half_open_at: float | None = None
    for event in log_events(run, instance):
        instant, word = float(event["at"]), event["event"]
        if instant < ended_at:
            continue
        if (word == "channel" and event.get("state") == "ready") or word == "ready":
            yield instant
        elif word == "breaker":
            if event.get("new") == "closed":
                yield instant if half_open_at is None else half_open_at
            half_open_at = instant if event.get("new") == "half_open" else None
    if cell := fold.cells.get("after", {}).get(instance):
        ok = {outcome for outcome, (_, good) in enumerate(fold.outcome_names) if good}
        columns = zip(cell.due_at, cell.outcomes, cell.latencies, strict=True)
        answered = (due + latency for due, outcome, latency in columns if outcome in ok)
        if (first := min(answered, default=None)) is not None:
            yield first
