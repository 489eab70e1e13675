"""What a process of an instance holds: memory, descriptors, sockets, and what its metrics page says of its tables.

One sample says little of memory, so a measurement is a series: its settled level (the median of the second
half) and its slope. What `/proc` tells is there for any program; tables are known where the program has a
metrics page with samples that end in `_pending`, `_connections` and `_asyncio_tasks`.
"""

import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from chaosproof.errors import ChaosproofError, TargetError
from chaosproof.targets import Target

__all__ = ["Level", "Sample", "growth", "level_of", "measure", "read_proc", "slope_per_s"]

_TABLES = ("pending", "connections", "asyncio_tasks")
_HELD = ("fds", "sockets", "threads", *_TABLES)
_SCRIPT = 'cat "/proc/$1/status" && ls -l "/proc/$1/fd"'
_QUIET_SAMPLES = 5


@dataclass(frozen=True)
class Sample:
    """What was held at one instant; tables that are not known are None."""

    at_s: float
    rss_bytes: int
    fds: int
    sockets: int
    threads: int
    pending: float | None = None
    connections: float | None = None
    asyncio_tasks: float | None = None


@dataclass(frozen=True)
class Level:
    """A series of samples in short: settled memory and its slope, and the last of everything else."""

    instance: str
    samples: int
    over_s: float
    rss_bytes: int
    rss_max_bytes: int
    rss_slope_bytes_per_s: float
    fds: int
    sockets: int
    threads: int
    pending: float | None
    connections: float | None
    asyncio_tasks: float | None


def read_proc(text: str, at_s: float, tables: Mapping[str, float]) -> Sample:
    """The sample in what `_SCRIPT` printed; `ChaosproofError` when it is not that."""
    fields = {}
    for line in text.splitlines():
        key, colon, value = line.partition(":")
        if colon and key in ("VmRSS", "Threads"):
            fields[key] = value.split()[0]
    if set(fields) != {"VmRSS", "Threads"}:
        raise ChaosproofError("The process has no memory to measure: it has ended, or is about to.")
    links = [line for line in text.splitlines() if " -> " in line]
    return Sample(
        at_s=at_s,
        rss_bytes=int(fields["VmRSS"]) * 1024,
        fds=len(links),
        sockets=sum(" -> socket:" in line for line in links),
        threads=int(fields["Threads"]),
        **{name: tables.get(name) for name in _TABLES},
    )


def slope_per_s(points: Sequence[tuple[float, float]]) -> float:
    """The slope of the least-squares line through `(seconds, value)`; 0 for fewer than two instants."""
    if len({x for x, _ in points}) < 2:
        return 0.0
    return statistics.linear_regression([x for x, _ in points], [y for _, y in points]).slope


def level_of(instance: str, samples: Sequence[Sample]) -> Level:
    """The level that a series settled at. A pure function."""
    half = samples[len(samples) // 2 :]
    last = samples[-1]
    held: dict[str, Any] = {name: getattr(last, name) for name in _HELD}
    return Level(
        instance=instance,
        samples=len(samples),
        over_s=round(last.at_s - samples[0].at_s, 3),
        rss_bytes=int(statistics.median(sample.rss_bytes for sample in half)),
        rss_max_bytes=max(sample.rss_bytes for sample in samples),
        rss_slope_bytes_per_s=round(slope_per_s([(sample.at_s, sample.rss_bytes) for sample in samples]), 1),
        **held,
    )


def growth(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, float | None]:
    """What grew from one level to the other, by name; what either does not know is None."""
    grown: dict[str, float | None] = {}
    for name in ("rss_bytes", *_HELD):
        old, new = before.get(name), after.get(name)
        grown[name] = None if old is None or new is None else new - old
    return grown


def measure(
    target: Target, instance: str, *, over_s: float, interval_s: float = 0.2, settle_s: float = 0.0
) -> Level:
    """Look at `instance` every `interval_s` for `over_s`, and return its level.

    Before that wait, up to `settle_s`, until descriptors and tables have not changed for some samples.
    Raises `TargetError` for an unknown instance, `ChaosproofError` for one that does not run.
    """
    _settle(target, instance, interval_s, settle_s)
    samples = [_sample(target, instance)]
    until = samples[0].at_s + over_s
    while samples[-1].at_s < until:
        time.sleep(interval_s)
        samples.append(_sample(target, instance))
    return level_of(instance, samples)


def _settle(target: Target, instance: str, interval_s: float, settle_s: float) -> None:
    given_up_at = time.monotonic() + settle_s
    seen: list[tuple[float | None, ...]] = []
    while settle_s and time.monotonic() < given_up_at:
        sample = _sample(target, instance)
        seen.append((sample.fds, sample.sockets, sample.pending))
        if len(seen) >= _QUIET_SAMPLES and len(set(seen[-_QUIET_SAMPLES:])) == 1:
            return
        time.sleep(interval_s)


def _sample(target: Target, instance: str) -> Sample:
    state = target.states()[target.instance(instance).name]
    if not state.alive:
        raise ChaosproofError(f"{instance} does not run, so there is nothing to measure.")
    done = target.run(instance, ["sh", "-c", _SCRIPT, "sh", str(state.pid)], inside="program")
    if done.exit_code != 0:
        raise ChaosproofError(f"{instance} could not be looked at: {done.stderr.strip()}")
    return read_proc(done.stdout, time.monotonic(), _tables(target, instance))


def _tables(target: Target, instance: str) -> dict[str, float]:
    try:
        page = target.metrics(instance)
    except TargetError:
        return {}
    return {
        name: sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
        for name in _TABLES
        if sample.name.endswith(f"_{name}") and not sample.labels
    }


def as_row(level: Level, label: str) -> dict[str, Any]:
    """The level as a row of `resources.ndjson`."""
    return {"label": label, **asdict(level)}
