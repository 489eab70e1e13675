"""Tampering while a run is on: with the experiment, the command line, the disk, the code, and with SIGKILL."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["CASES", "STAGES", "LiveCase"]

BROKEN = {"type": "python", "module": "tests.tampering.broken", "func": "raises"}
LOAD, RESET, _, READY, _, _ = range(6)


@dataclass(frozen=True)
class LiveCase:
    """`mutate` changes the experiment; the run gets `options` of `chaos run`, and must not pass.

    `check` must have `status`, or any but "pass" where that is None; with `check` None only the verdict is asked.
    """

    mutate: Callable[[Any], object] = field(default=lambda experiment: None)
    check: str | None = None
    status: str | None = None
    verdict: str | None = None
    exit_code: int | None = 1  # None: any but 0
    options: tuple[str, ...] = ()
    slow: bool = True


def _method(experiment: Any, place: int) -> Any:
    return experiment["method"][place]


def _arguments(experiment: Any, place: int) -> Any:
    return experiment["method"][place]["provider"]["arguments"]


def _no_checks(experiment: Any) -> None:
    del experiment["steady-state-hypothesis"]
    experiment["extensions"][0].update(checks=[], compare=[])


def _probes(experiment: Any) -> Any:
    return experiment["steady-state-hypothesis"]["probes"]


_BREAK_ROLLBACK = {"type": "action", "name": "heal", "provider": BROKEN}
_EXPERIMENTS = {
    "the fault action raises": LiveCase(
        lambda e: _method(e, RESET).update(provider=BROKEN), "SYS_ACTIVITIES", "fail", slow=False
    ),
    "a rollback fails": LiveCase(lambda e: e["rollbacks"].append(_BREAK_ROLLBACK), "SYS_ROLLBACKS", "fail"),
    "a probe raises in the method": LiveCase(
        lambda e: _method(e, READY).update(provider=BROKEN), "SYS_ACTIVITIES", "fail"
    ),
    "a probe raises in the hypothesis": LiveCase(
        lambda e: _probes(e)[0].update(provider=BROKEN), "SYS_STEADY_STATE_BEFORE"
    ),
    "the steady state was not met before": LiveCase(
        lambda e: _probes(e)[-1].update(tolerance=3), "SYS_STEADY_STATE_BEFORE", "fail"
    ),
    "the load never starts": LiveCase(lambda e: e["method"].pop(LOAD), "SYS_LOAD_RATE"),
    "the load runs at half its rate": LiveCase(
        lambda e: _arguments(e, LOAD).update(rate_rps=50), "SYS_LOAD_RATE", "fail"
    ),
    "the fault is on the wrong instance": LiveCase(
        lambda e: _arguments(e, RESET).update(instance="app-a-1"), "SYS_FAULT_HIT", "fail"
    ),
    "the fault hits nothing": LiveCase(
        lambda e: _arguments(e, RESET).update(port=50059), "SYS_FAULT_HIT", "fail", verdict="fail"
    ),
    "the experiment has no checks": LiveCase(
        _no_checks, "SYS_STEADY_STATE_BEFORE", "unknown", verdict="unknown"
    ),
}
_OPTIONS = (
    ("--dry activities", "SYS_ACTIVITIES"),
    ("--dry actions", "SYS_ACTIVITIES"),
    ("--dry probes", "SYS_ACTIVITIES"),
    ("--rollback-strategy never", "SYS_ROLLBACKS"),
    ("--hypothesis-strategy before-method-only", "SYS_STEADY_STATE_AFTER"),
    ("--hypothesis-strategy after-method-only", "SYS_STEADY_STATE_BEFORE"),
    ("--hypothesis-strategy during-method-only", "SYS_STEADY_STATE_BEFORE"),
)
CASES: Mapping[str, LiveCase] = _EXPERIMENTS | {
    f"`chaos run {option}`": LiveCase(check=check, exit_code=None, options=tuple(option.split()))
    for option, check in _OPTIONS
}

WRITTEN = (
    *("session.json", "experiment.json", "events.ndjson", "readiness.ndjson", "load-plan.json"),
    *("load-progress.ndjson", "load-done.json", "requests.csv.gz", "faults.jsonl", "app-a-0.prom"),
    *("app-b-2.metrics", "app-a-1.log", "series.json", "load.json", "journal.json", "checks.tsv"),
    *("summary.json", "timeline.json", "junit.xml", "report.html", "MANIFEST.sha256"),
)
CRASHES = ("journal.json", "summary.json")
STAGES = (
    *("session_begun", "target_ready", "load_begun", "hypothesis_begins", "method_begins"),
    *("fault_on", "fault_off", "load_ended", "rollbacks_begin"),
)
