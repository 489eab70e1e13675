"""What the instances counted themselves, as their last scrape has it, against the rows and against the samples that
Prometheus took of them before.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from chaosproof.experiment.experiment import read_experiment
from chaosproof.json_access import numeral
from chaosproof.judge.figures.request_stats import NOBODY, RequestStats
from chaosproof.runfolder.run_folder import RunFolder

__all__ = ["counters_object", "series_objects"]

_SAMPLE = re.compile(r"^(?P<name>[a-zA-Z_:][\w:]*)(?:\{(?P<labels>[^}]*)\})?\s+(?P<value>\S+)", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="([^"]*)"')
# labels that Prometheus adds to what an instance says
_ADDED = {"__name__", "instance", "job", "service"}
_COUNTER = "_total"


def counters_object(run: RunFolder, fold: RequestStats, warmup: RequestStats) -> tuple[list[str], list[str]]:
    """What is wrong, and what unclear, by the counters of the instances that answered.

    Where the experiment names the counter (`"answers_counted_by": {"metric", "label"}` in its extension), an instance
    must have counted every answer that the rows say it gave, those of the warm-up included: one that came out of a
    cache, or was put into the rows, it has not. It may have counted more: answers that nobody waited for. Answers that
    are ok and name no instance must be among those.
    """
    wrong: list[str] = []
    unclear: list[str] = []
    counter = read_experiment(run.experiment).answers_counted_by
    if counter is None:
        return [], []
    metric, label = counter.metric, counter.label
    if not metric or not label:
        return [], ["answers_counted_by names no metric and label"]
    answered: dict[str, Counter[str]] = {}
    nameless: Counter[str] = Counter()
    for stats in (fold, warmup):
        for window in stats.cells.values():
            for name, cell in window.items():
                if name != NOBODY:
                    answered.setdefault(name, Counter()).update(cell.codes)
                else:
                    outcomes = (stats.outcome_names[outcome] for outcome in cell.outcomes)
                    nameless.update(code for code, ok in outcomes if ok)
    for name, codes in sorted(answered.items()):
        if _began_again(run, name):
            continue
        counted = _counted(run, name, metric, label)
        if counted is None:
            unclear.append(f"what {name} counted in {metric} is not known")
            continue
        for code, times in sorted(codes.items()):
            if counted.get(code, 0.0) < times:
                wrong.append(
                    f"{times} answers {code} are said to be of {name}, which counted {counted.get(code, 0.0):.0f}"
                )
    names = run.session.names | set(answered)
    if nameless and not any(_began_again(run, name) for name in names):
        wrong.extend(_nameless_object(run, nameless, answered, metric, label))
    return wrong, unclear


def series_objects(run: RunFolder) -> Iterator[str]:
    """Which counter of an instance was higher, by a sample of Prometheus from before the load's end, than in its last
    scrape, which was taken after: one of the two is not of this run.
    """
    until = run.load_done.ended_at
    if until is None:
        return
    scrapes: dict[str, Mapping[tuple[str, frozenset[tuple[str, str]]], float]] = {}
    for samples in run.series.series:
        if not samples.name.endswith(_COUNTER) or _began_again(run, samples.instance):
            continue
        points = [value for at, value in samples.points if at <= until]
        if not points:
            continue
        if samples.instance not in scrapes:
            scrapes[samples.instance] = _scrape(run, samples.instance)
        labels = frozenset(
            (key, value)
            for key, value in samples.metric.items()
            if key not in _ADDED and isinstance(value, str)
        )
        last = scrapes[samples.instance].get((samples.name, labels))
        if last is not None and last < max(points):
            yield (
                f"{samples.instance} had counted {max(points):g} in {samples.name} by series.json, and {last:g} by its "
                "last scrape, which came later"
            )


def _nameless_object(
    run: RunFolder, nameless: Counter[str], answered: Mapping[str, Counter[str]], metric: str, label: str
) -> Iterator[str]:
    counted: Counter[str] = Counter()
    for name in run.session.names | set(answered):
        for code, times in (_counted(run, name, metric, label) or {}).items():
            counted[code] += int(times)
    for codes in answered.values():
        counted.subtract(codes)
    for code, times in sorted(nameless.items()):
        if counted[code] < times:
            yield (
                f"{times} answers {code} are ok and name no instance, and the instances counted "
                f"{max(0, counted[code])} beyond those that do"
            )


def _began_again(run: RunFolder, name: str) -> bool:
    """Whether the instance's process is not its first: one that began again counts from 0."""
    state = run.session.states.get(name)
    return bool(state and (state.restarts or state.deaths))


def _counted(run: RunFolder, instance: str, metric: str, label: str) -> Mapping[str, float] | None:
    """How often an instance counted each value of `label`, by what it said of itself at the end."""
    counted: dict[str, float] = {}
    for (name, labels), value in _scrape(run, instance).items():
        if name == metric and labels:
            key = dict(labels).get(label, "")
            counted[key] = counted.get(key, 0.0) + value
    return counted or None


def _scrape(run: RunFolder, instance: str) -> Mapping[tuple[str, frozenset[tuple[str, str]]], float]:
    """What an instance said of itself at the end, by name and labels; nothing where there is no such file."""
    file = next((f for f in (f"{instance}.prom", f"{instance}.metrics") if run.artifacts.get(f)), None)
    try:
        content = (
            (run.path / "artifacts" / file).read_text(encoding="utf-8", errors="replace") if file else ""
        )
    except OSError:
        content = ""
    return {
        (sample["name"], frozenset(_LABEL.findall(sample["labels"] or ""))): numeral(sample["value"]) or 0.0
        for sample in _SAMPLE.finditer(content)
    }
