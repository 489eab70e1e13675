"""Journals as Chaos Toolkit itself writes them: the shapes that the built-in checks rely on are really so."""

import json
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from chaoslib.experiment import run_experiment
from chaoslib.types import Strategy

from chaosproof.errors import ChaosproofError
from chaosproof.judge.checks.base import Material
from chaosproof.judge.checks.registry import answers
from chaosproof.judge.figures.request_stats import RequestStats, fold_requests
from chaosproof.judge.figures.summary import figures_of
from chaosproof.judge.next_steps import answer_of
from chaosproof.runfolder.checks import Check
from chaosproof.runfolder.run_folder import read_run

MODULE = __name__


class CapabilityError(ChaosproofError):
    """As an activity raises it when the machine cannot do what was asked."""


def answer(value: Any = None) -> Any:
    return value


def crash() -> None:
    raise ChaosproofError("the probe could not reach app-a-0")


def cannot() -> None:
    raise CapabilityError("this kernel has no sch_netem")


def step(kind: str, func: str = "answer", **more: Any) -> dict[str, Any]:
    provider = {"type": "python", "module": MODULE, "func": func, "arguments": more.pop("arguments", {})}
    return {"type": kind, "name": f"{kind} {func}", "provider": provider, **more}


def probe(value: Any, func: str = "answer") -> dict[str, Any]:
    arguments = {"value": value} if func == "answer" else {}
    return step("probe", func, tolerance=[0, 0.05], arguments=arguments)


@pytest.fixture
def toolkit(tmp_path: Path) -> Any:
    def checks(strategy: Strategy = Strategy.DEFAULT, **experiment: Any) -> dict[str, Check]:
        whole = {
            "title": "a belief",
            "description": "",
            "steady-state-hypothesis": {"title": "few errors", "probes": [probe(0.01)]},
            "method": [step("action"), step("action", background=True)],
            "rollbacks": [step("action")],
        } | experiment
        settings = {"runtime": {"rollbacks": {"strategy": "always"}}}
        journal = run_experiment(whole, settings=settings, strategy=strategy)
        (tmp_path / "session.json").write_text(json.dumps({"complete": True, "interrupted": None}))
        (tmp_path / "journal.json").write_text(json.dumps(journal, default=str))
        run = read_run(tmp_path)
        stats = fold_requests(tmp_path / "requests.csv.gz", closed=False, fault=None)
        material = Material(run, stats, RequestStats(), figures_of(run, stats))
        return {c.id.removeprefix("SYS_"): c for c in answers(material)}

    return checks


def statuses(checks: dict[str, Check]) -> list[str]:
    names = ("STEADY_STATE_BEFORE", "STEADY_STATE_AFTER", "ACTIVITIES", "ROLLBACKS")
    return [checks[name].status for name in names]


def test_all_went_well(toolkit: Any) -> None:
    assert statuses(toolkit()) == ["pass"] * 4


def test_the_steady_state_was_not_met_before(toolkit: Any) -> None:
    hypothesis = {"title": "few errors", "probes": [probe(0.2), probe(0.01)]}
    checks = toolkit(**{"steady-state-hypothesis": hypothesis})
    assert statuses(checks) == ["fail", "unknown", "unknown", "pass"]
    assert "measured 0.2" in checks["STEADY_STATE_BEFORE"].details


def test_the_steady_state_was_not_met_after(toolkit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = iter([0.01, 0.3])
    monkeypatch.setattr(f"{MODULE}.answer", lambda value=None: next(seen) if value == "measured" else value)
    hypothesis = {"title": "few errors", "probes": [probe("measured")]}
    assert statuses(toolkit(**{"steady-state-hypothesis": hypothesis})) == ["pass", "fail", "pass", "pass"]


def test_a_probe_crashed(toolkit: Any) -> None:
    checks = toolkit(**{"steady-state-hypothesis": {"title": "few errors", "probes": [probe(None, "crash")]}})
    assert statuses(checks)[:2] == ["unknown", "unknown"]
    assert "could not reach app-a-0" in checks["STEADY_STATE_BEFORE"].details


def test_an_action_crashed_though_the_toolkit_says_completed(toolkit: Any) -> None:
    checks = toolkit(method=[step("action", "crash"), step("action")])
    assert statuses(checks) == ["pass", "pass", "fail", "pass"]
    assert answer_of(checks["ACTIVITIES"]).endswith("ChaosproofError: the probe could not reach app-a-0")


def test_an_action_lacked_a_capability(toolkit: Any) -> None:
    check = toolkit(method=[step("action", "cannot")])["ACTIVITIES"]
    assert (check.status, check.skipped) == ("unknown", True)
    assert "this kernel has no sch_netem" in check.details


def test_a_rollback_crashed(toolkit: Any) -> None:
    assert statuses(toolkit(rollbacks=[step("action", "crash")])) == ["pass", "pass", "pass", "fail"]


def test_nothing_was_really_done(toolkit: Any) -> None:
    from chaoslib.types import Dry

    assert "pass" not in statuses(toolkit(dry=Dry.ACTIVITIES))


@pytest.mark.parametrize(
    ("strategy", "before", "after"),
    [
        (Strategy.BEFORE_METHOD, "pass", "unknown"),
        (Strategy.AFTER_METHOD, "unknown", "pass"),
        (Strategy.SKIP, *["unknown"] * 2),
    ],
)
def test_a_hypothesis_that_was_left_out_by_an_option_is_unknown(
    toolkit: Any, strategy: Strategy, before: str, after: str
) -> None:
    assert statuses(toolkit(strategy))[:2] == [before, after]


def test_the_steady_state_was_not_met_while_the_method_ran(
    toolkit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The toolkit calls such a run completed, and not deviated: only its list of measurements shows it."""
    measured = Event()
    seen = iter([0.01, 0.3, 0.02])

    def measure(value: Any = None) -> Any:
        if value != "measured":
            return measured.wait(10)  # the method ends once the hypothesis was measured in it
        figure = next(seen)
        if figure == 0.3:
            measured.set()
        return figure

    monkeypatch.setattr(f"{MODULE}.answer", measure)
    hypothesis = {"title": "few errors", "probes": [probe("measured")]}
    checks = toolkit(
        Strategy.CONTINUOUS, **{"steady-state-hypothesis": hypothesis, "method": [step("action")]}
    )
    assert statuses(checks) == ["pass"] * 4
    assert checks["STEADY_STATE_DURING"].status == "fail"
    assert "not met 1 of 1 time during the method, first at 20" in checks["STEADY_STATE_DURING"].details


def test_the_toolkit_was_interrupted(toolkit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(value: Any = None) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(f"{MODULE}.answer", interrupt)
    checks = toolkit(rollbacks=[])
    assert checks["SESSION_COMPLETE"].status == "unknown"
    assert "pass" not in statuses(checks)[:3]
