"""A tolerance that any output meets is refused before a run, and unknown after it."""

from pathlib import Path
from typing import Any

import pytest

from chaosproof.errors import UsageError
from chaosproof.experiment.experiment import checked_experiment
from chaosproof.experiment.tolerances import met_by_anything
from chaosproof.judge.judge import judge_run
from tests.support.runs import resilient_run

RATIO = {"type": "python", "module": "chaosproof.probes.load", "func": "error_ratio"}
OTHER = {"type": "python", "module": "mine", "func": "ratio"}
LATENCY = {"type": "python", "module": "chaosproof.probes.load", "func": "latency_ms"}
READY = {
    "type": "python",
    "module": "chaosproof.probes.readiness",
    "func": "ready_instances",
    "arguments": {"service": "shop"},
}
HTTP = {"type": "http", "url": "http://127.0.0.1:1/"}

EMPTY: list[tuple[Any, dict[str, Any]]] = [
    ({"type": "jsonpath", "path": "$"}, OTHER),
    ({"type": "jsonpath", "path": "$.status"}, HTTP),
    ({"type": "regex", "pattern": ".*"}, OTHER),
    ({"type": "regex", "pattern": ""}, OTHER),
    ({"type": "range", "range": [0, 1]}, RATIO),
    ([0, 5], RATIO),
    ([float("-inf"), float("inf")], OTHER),
    ([0, float("inf")], LATENCY),
]
ASKED: list[tuple[Any, dict[str, Any]]] = [
    ({"type": "jsonpath", "path": "$", "expect": [1]}, OTHER),
    ({"type": "jsonpath", "path": "$.items[?(@.phase=='Running')]"}, OTHER),
    ({"type": "jsonpath", "path": "$.*", "count": 2}, OTHER),
    ({"type": "jsonpath", "path": "$.status"}, OTHER),
    ({"type": "regex", "pattern": "^$"}, OTHER),
    ({"type": "regex", "pattern": "["}, OTHER),
    ({"type": "regex", "pattern": "a{99999999999999999999}"}, OTHER),
    ({"type": "regex", "pattern": "(" * 3000}, OTHER),
    ({"type": "range", "range": [0, 1]}, OTHER),
    ([0, 0.05], RATIO),
    ([0, 500], LATENCY),
    ([1, 2], READY),
    ([0, 2], READY),
    (True, OTHER),
    (200, HTTP),
    (None, OTHER),
]


@pytest.mark.parametrize(("tolerance", "provider"), EMPTY)
def test_a_tolerance_that_any_output_meets_is_refused(tolerance: Any, provider: dict[str, Any]) -> None:
    probe = {"type": "probe", "name": "p", "tolerance": tolerance, "provider": provider}
    claim = {"id": "C01", "claim": "it holds", "figure": "load.errors", "at_most": 1}
    content = {
        "steady-state-hypothesis": {"title": "h", "probes": [probe]},
        "extensions": [{"name": "chaosproof", "experiment": "x", "checks": [claim]}],
    }
    with pytest.raises(UsageError, match=r"probe 'p': the .* (any|whatever)"):
        checked_experiment(content)


@pytest.mark.parametrize(("tolerance", "provider"), ASKED)
def test_a_tolerance_that_something_misses_is_asked(tolerance: Any, provider: dict[str, Any]) -> None:
    assert met_by_anything({"tolerance": tolerance, "provider": provider}) == ""


@pytest.mark.parametrize(("ends", "why"), [([0, 2], "narrow it"), ([0, 1], ""), ([1, 2], "")])
def test_no_more_instances_are_ready_than_there_are(ends: list[int], why: str) -> None:
    assert why in (met := met_by_anything({"tolerance": ends, "provider": READY}, {"shop": 2}))
    assert bool(met) is bool(why)


def test_after_a_run_it_is_unknown(tmp_path: Path) -> None:
    run = resilient_run()
    probe = run.journal["experiment"]["steady-state-hypothesis"]["probes"][0]
    probe["tolerance"] = {"type": "regex", "pattern": ".*"}
    checks = {check.id: check for check in judge_run(run.write(tmp_path)).checks}
    for when in ("BEFORE", "AFTER"):
        check = checks[f"SYS_STEADY_STATE_{when}"]
        assert check.status == "unknown" and "matches any text. Next: name what" in check.details
