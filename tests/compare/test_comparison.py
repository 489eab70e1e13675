"""Baseline against resilient: only a baseline that broke, for the right reason, proves anything."""

import copy
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from chaosproof.compare.compare import Comparison, compare_runs, latest_run
from chaosproof.errors import ChaosproofError, UsageError
from chaosproof.judge.judge import judge_run
from chaosproof.judge.next_steps import answer_of
from chaosproof.report.write import write_comparison
from tests.support.runs import FAULT_END, Run, baseline_run, of_one_experiment, resilient_run

Change = Callable[[Run], object]


def compared(tmp_path: Path, baseline: Run, resilient: Run) -> Comparison:
    of_one_experiment(baseline, resilient)
    return compare_runs(baseline.write(tmp_path / "b"), resilient.write(tmp_path / "r"))


def status(comparison: Comparison, id: str) -> str:
    return next(c.status for c in comparison.checks if c.id == id)


def holds(run: Run) -> None:
    """Make a baseline of this mode hold as well as the resilient system does."""
    good = resilient_run()
    run.rows[:] = good.rows
    run.recount()
    for key in ("steady_states", "deviated"):
        run.journal[key] = good.journal[key]
    run.experiment["extensions"][0]["checks"] = []


def test_a_broken_baseline_and_a_resilient_run_that_held_pass(tmp_path: Path) -> None:
    comparison = compared(tmp_path, baseline_run(), resilient_run())
    assert {c.id: c.details for c in comparison.checks if c.status != "pass"} == {}
    assert comparison.status == "pass"
    headline = comparison.document["headline"]
    assert headline["unavailable_on_hit_instance"] == {"baseline": 300, "resilient": 2}
    assert headline["error_ratio"] == {"baseline": 0.15, "resilient": 0.001}
    assert headline["recovery_s"]["resilient"] == 0 < headline["recovery_s"]["baseline"]


def test_a_baseline_of_which_nothing_is_claimed_is_asked_by_the_comparison(tmp_path: Path) -> None:
    claim = {"id": "C01", "claim": "?", "figure": "load.error_ratio", "at_most": 0.05, "modes": ["resilient"]}
    baseline, resilient = baseline_run(), resilient_run()
    for run in (baseline, resilient):
        run.experiment["extensions"][0].update(checks=[claim], compare=[])
    comparison = compared(tmp_path, baseline, resilient)
    assert {c.id: c.details for c in comparison.checks if c.status != "pass"} == {}
    checks = {c.id: c.status for c in judge_run(tmp_path / "b").checks}
    assert checks["SYS_CLAIMS"] == "unknown"


def test_a_baseline_that_holds_proves_nothing(tmp_path: Path) -> None:
    baseline, resilient = baseline_run(), resilient_run()
    holds(baseline)
    few_fail = {"id": "C08", "claim": "few fail", "figure": "resilient.load.error_ratio", "at_most": 0.05}
    resilient.experiment["extensions"][0]["compare"] = [few_fail]
    comparison = compared(tmp_path, baseline, resilient)
    assert comparison.document["baseline"]["verdict"] == "pass"
    assert comparison.status == "unknown"
    assert "the fault did not bite" in comparison.checks[1].details


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda r: r.fault.update(packets=0), id="its fault hit nothing"),
        pytest.param(lambda r: r.session.update(complete=False), id="it did not end"),
        pytest.param(lambda r: r.without.add("requests.csv.gz"), id="it has no requests"),
        pytest.param(lambda r: r.journal["run"][2].update(status="failed"), id="an activity failed"),
        pytest.param(
            lambda r: r.journal["steady_states"]["before"].update(steady_state_met=False),
            id="it was broken before",
        ),
        pytest.param(
            lambda r: r.journal["steady_states"]["after"]["probes"][0].update(status="failed"),
            id="its probe crashed",
        ),
        pytest.param(lambda r: r.artifacts.pop("app-a-0.prom"), id="an artifact is missing"),
        pytest.param(
            lambda r: r.session["states"]["app-b-0"].update(deaths=1), id="an instance died by itself"
        ),
    ],
)
def test_a_baseline_that_did_not_run_as_it_should_proves_nothing(tmp_path: Path, change: Change) -> None:
    baseline = baseline_run()
    change(baseline)
    comparison = compared(tmp_path, baseline, resilient_run())
    assert status(comparison, "CMP_NEGATIVE_CONTROL") == "unknown"
    assert comparison.status != "pass"


def test_a_baseline_that_breaks_otherwise_than_believed_proves_nothing(tmp_path: Path) -> None:
    baseline = baseline_run()
    for row in baseline.rows:
        row[5] = row[5].replace("UNAVAILABLE", "TIMEOUT")
    comparison = compared(tmp_path, baseline, resilient_run())
    assert status(comparison, "CMP_NEGATIVE_CONTROL") == "unknown"


def test_a_baseline_may_break_while_the_method_runs(tmp_path: Path) -> None:
    """A hypothesis that is measured during the method may fail in a baseline, and not in the resilient run."""
    runs = baseline_run(), resilient_run()
    for run in runs:
        unmet = copy.deepcopy(run.journal["steady_states"]["after"])
        unmet["steady_state_met"] = unmet["probes"][0]["tolerance_met"] = False
        run.journal["steady_states"]["during"] = [unmet]
    comparison = compared(tmp_path, *runs)
    assert status(comparison, "CMP_NEGATIVE_CONTROL") == "pass"
    assert status(comparison, "CMP_RESILIENT_PASSES") == "fail"


def test_a_malformed_claim_is_not_taken_for_a_broken_baseline(tmp_path: Path) -> None:
    baseline = baseline_run()
    holds(baseline)
    baseline.claim(figure="load.p99_ms")
    assert status(compared(tmp_path, baseline, resilient_run()), "CMP_NEGATIVE_CONTROL") == "unknown"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(
            lambda r: r.journal["steady_states"]["after"].update(steady_state_met=False),
            "fail",
            id="it deviated",
        ),
        pytest.param(lambda r: r.without.add("load-done.json"), "unknown", id="its load's end is unknown"),
        pytest.param(lambda r: r.session.update(complete=False), "unknown", id="it did not end"),
    ],
)
def test_a_resilient_run_that_does_not_pass_is_no_pass(tmp_path: Path, change: Change, expected: str) -> None:
    resilient = resilient_run()
    change(resilient)
    comparison = compared(tmp_path, baseline_run(), resilient)
    assert status(comparison, "CMP_RESILIENT_PASSES") == expected
    assert comparison.status == expected


def test_an_order_that_does_not_hold_fails(tmp_path: Path) -> None:
    resilient = resilient_run()
    resilient.experiment["extensions"][0]["compare"][0]["in_order"].reverse()
    assert compared(tmp_path, baseline_run(), resilient).status == "fail"


def test_an_order_of_equals_holds_only_when_that_is_said(tmp_path: Path) -> None:
    order = {
        "id": "E1",
        "claim": "as many",
        "in_order": ["resilient.load.requests", "baseline.load.requests"],
    }
    resilient = resilient_run()
    resilient.experiment["extensions"][0]["compare"] = [order, {**order, "id": "E2", "or_equal": True}]
    comparison = compared(tmp_path, baseline_run(), resilient)
    assert (status(comparison, "E1"), status(comparison, "E2")) == ("fail", "pass")


def test_a_recovery_that_was_not_seen_is_unknown(tmp_path: Path) -> None:
    baseline = baseline_run()
    for row in baseline.rows[-100:]:
        row[4], row[5] = 503, "UNAVAILABLE"
    baseline.recount()
    baseline.fault.update(ended_at=FAULT_END + 0.4)
    for row in baseline.rows[1000:-100:4]:
        row[4], row[5] = 503, "UNAVAILABLE"
    baseline.recount()
    comparison = compared(tmp_path, baseline, resilient_run())
    assert comparison.document["baseline"]["recovery_s"] is None
    assert comparison.document["baseline"]["recovery"]["at_least_s"] > 15
    assert status(comparison, "C06") == "unknown"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda r: r.session.update(seed=8), "seed is 8"),
        (lambda r: r.session.update(experiment="s1"), "experiment is s1"),
        (lambda r: r.session.update(experiment_sha256="0" * 64), "experiment_sha256"),
        (lambda r: r.session.update(target="kubernetes"), "target is kubernetes"),
        (lambda r: r.plan.update(rate_rps=100), "load's rate_rps is 100"),
        (lambda r: r.plan.update(duration_s=41), "load's duration_s"),
        (lambda r: r.plan.update(connections=10), "load's connections"),
        (lambda r: r.fault.update(kind="drop"), "fault's kind is drop"),
        (lambda r: r.fault.update(planned_s=9), "fault's planned_s"),
        (lambda r: r.fault.update(instance="app-a-1"), "fault's instance"),
        (lambda r: r.fault["selector"].update(port=8080), "fault's port is 8080"),
        (lambda r: r.session["variables"].update(fault_at_s=5), "variable fault_at_s is 5"),
    ],
)
def test_runs_with_different_settings_are_refused_by_name(tmp_path: Path, change: Change, named: str) -> None:
    baseline = baseline_run()
    change(baseline)
    with pytest.raises(ChaosproofError, match=named):
        compared(tmp_path, baseline, resilient_run())


def test_swapped_runs_and_one_mode_twice_are_a_wrong_call(tmp_path: Path) -> None:
    baseline, resilient = baseline_run().write(tmp_path / "b"), resilient_run().write(tmp_path / "r")
    for pair in ((resilient, baseline), (resilient, resilient), (baseline, baseline)):
        with pytest.raises(UsageError, match="in mode"):
            compare_runs(*pair)


def test_settings_that_one_run_does_not_say_are_unknown(tmp_path: Path) -> None:
    baseline = baseline_run()
    del baseline.session["seed"]
    assert status(compared(tmp_path, baseline, resilient_run()), "CMP_SAME_SETTINGS") == "unknown"


def test_the_comparison_is_written_and_equal_when_done_again(tmp_path: Path) -> None:
    baseline, resilient = baseline_run().write(tmp_path / "b"), resilient_run().write(tmp_path / "r")
    for out in ("one", "two"):
        write_comparison(tmp_path / out, compare_runs(baseline, resilient))
    names = sorted(p.name for p in (tmp_path / "one").iterdir())
    assert names == ["checks.tsv", "compare.json", "junit.xml", "report.html"]
    assert all((tmp_path / "one" / n).read_bytes() == (tmp_path / "two" / n).read_bytes() for n in names)
    document = json.loads((tmp_path / "one" / "compare.json").read_text())
    assert document["schema_version"] == 1
    assert set(document["checks"][0]) == {"id", "status", "claim", "details", "evidence", "interval"}
    assert document["baseline"]["run"] == str(baseline)
    assert document["resilient"]["verdict"] == document["verdict"] == "pass"


def test_the_latest_run_is_the_newest_stamp_even_when_it_did_not_end(tmp_path: Path) -> None:
    for stamp in ("20261121T193005Z", "20261121T203005Z", "20261120T213005Z", "notes"):
        (tmp_path / "s4" / "baseline" / stamp).mkdir(parents=True)
    assert latest_run(tmp_path, "s4", "baseline").name == "20261121T203005Z"
    shutil.rmtree(tmp_path / "s4" / "baseline" / "20261121T203005Z")
    assert latest_run(tmp_path, "s4", "baseline").name == "20261121T193005Z"


def test_no_run_yet_says_how_to_do_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"chaos run experiments/s4\.json --var mode=baseline"):
        latest_run(tmp_path, "s4", "baseline")


def test_the_bound_of_a_claim_of_both_runs_may_be_a_variable(tmp_path: Path) -> None:
    baseline, resilient = baseline_run(), resilient_run()
    claim = {
        "id": "C90",
        "claim": "it holds",
        "figure": "resilient.load.error_ratio",
        "at_most": "${error_ratio_max}",
    }
    resilient.experiment["extensions"][0]["compare"] = [claim]
    comparison = compared(tmp_path, baseline, resilient)
    assert status(comparison, "C90") == "pass"


@pytest.mark.parametrize(
    ("bound", "expected", "says"),
    [
        ({"at_least": 0.1}, "pass", "(at least 0.1; it is 0.15, with 95 % between "),
        ({"at_most": 0.1}, "fail", "(at most 0.1; it is 0.15, with 95 % between "),
        ({"between": [0.05, 0.3]}, "pass", "(between 0.05 and 0.3; it is 0.15, with 95 % between "),
        ({"between": [0.01, 0.05]}, "fail", "(between 0.01 and 0.05; it is 0.15, with 95 % between "),
        ({"between": [0.3, 0.9]}, "fail", "(between 0.3 and 0.9; it is 0.15, with 95 % between "),
        ({"between": [0.149, 0.151]}, "unknown", "(between 0.149 and 0.151; it is 0.15, with 95 % between "),
    ],
)
def test_a_claim_of_both_runs_says_its_bound_and_its_interval(
    tmp_path: Path, bound: dict[str, object], expected: str, says: str
) -> None:
    baseline, resilient = baseline_run(), resilient_run()
    claim = {"id": "C90", "claim": "it holds", "figure": "baseline.load.error_ratio", **bound}
    resilient.experiment["extensions"][0]["compare"] = [claim]
    comparison = compared(tmp_path, baseline, resilient)
    check = next(c for c in comparison.checks if c.id == "C90")
    assert check.status == expected
    assert says in check.details


def test_an_instance_that_never_said_unavailable_said_it_no_time(tmp_path: Path) -> None:
    resilient = resilient_run()
    for row in resilient.rows:
        row[4], row[5] = 200, "SUCCESS"
    resilient.recount()
    comparison = compare_runs(baseline_run().write(tmp_path / "b"), resilient.write(tmp_path / "r"))
    assert comparison.document["headline"]["unavailable_on_hit_instance"] == {"baseline": 300, "resilient": 0}


def without_fault(run: Run) -> None:
    run.faults.clear()
    run.without.add("faults.jsonl")
    run.experiment["extensions"][0]["no_fault"] = True
    del run.experiment["method"][1], run.journal["run"][1]
    run.experiment["extensions"][0]["no_fault"] = True


def without_ledger(run: Run) -> None:
    run.without.add("faults.jsonl")


@pytest.mark.parametrize(
    ("spoil", "expected", "says"),
    [
        (without_fault, "pass", "experiment, seed, load and fault are equal"),
        (
            without_ledger,
            "unknown",
            "the baseline run does not say its fault; the resilient run does not say its fault",
        ),
    ],
)
def test_runs_without_a_fault_are_alike_when_none_was_due(
    tmp_path: Path, spoil: Callable[[Run], None], expected: str, says: str
) -> None:
    baseline, resilient = baseline_run(), resilient_run()
    spoil(baseline)
    spoil(resilient)
    comparison = compare_runs(baseline.write(tmp_path / "b"), resilient.write(tmp_path / "r"))
    same = next(c for c in comparison.checks if c.id == "CMP_SAME_SETTINGS")
    assert (same.status, answer_of(same)) == (expected, says)


def test_ports_instants_and_processes_may_differ_between_two_runs_and_nothing_else(tmp_path: Path) -> None:
    baseline, resilient = baseline_run(), resilient_run()
    for run, number in ((baseline, 1), (resilient, 2)):
        run.session["variables"] |= {"app_port": number, "began_at": number, "lab_pid": number}
    folders = baseline.write(tmp_path / "b"), resilient.write(tmp_path / "r")
    assert compare_runs(*folders).status == "pass"
    resilient.session["variables"]["errors"] = 2
    baseline.session["variables"]["errors"] = 1
    folders = baseline.write(tmp_path / "b"), resilient.write(tmp_path / "r")
    with pytest.raises(ChaosproofError) as refused:
        compare_runs(*folders)
    assert str(refused.value) == (
        f"{folders[0]} and {folders[1]} cannot be compared: the variable errors is 1 in the baseline run, "
        "and 2 in the resilient one; run both modes with the same settings"
    )
