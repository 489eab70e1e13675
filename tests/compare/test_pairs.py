"""Comparisons by interval, of one pair and of several: what chance could have done is not called proof."""

import json
import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chaosproof.campaign.comparison import keep_comparison
from chaosproof.compare.compare import Comparison, compare_pairs
from chaosproof.errors import ChaosproofError, UsageError
from chaosproof.judge.judge import Verdict, judge_run
from chaosproof.judge.next_steps import answer_of
from chaosproof.report.write import write_comparison
from tests.support.runs import RATE_RPS, Run, baseline_run, of_one_experiment, resilient_run

Change = Callable[[Run], object]


def judged(run: Run, folder: Path) -> Verdict:
    run.recount()
    return judge_run(run.write(folder))


def pair(
    folder: Path, baseline: Run | None = None, resilient: Run | None = None, number: int = 0
) -> tuple[Verdict, Verdict]:
    runs = (baseline or baseline_run()).apart(number), (resilient or resilient_run()).apart(number)
    of_one_experiment(*runs)
    return judged(runs[0], folder / "b"), judged(runs[1], folder / "r")


def status(comparison: Comparison, id: str) -> str:
    return next(c.status for c in comparison.checks if c.id == id)


def details(comparison: Comparison, id: str) -> str:
    return next(answer_of(c) for c in comparison.checks if c.id == id)


def claiming(**claim: Any) -> Run:
    """A resilient run whose experiment makes this one claim for the comparison."""
    run = resilient_run()
    run.experiment["extensions"][0]["compare"] = [{"id": "C90", "claim": "it holds", **claim}]
    return run


# --- what makes a comparison of an honest pair anything but a pass ------------------------------------------------


def secretly_the_baseline(run: Run) -> None:
    """Rows, readiness and hypothesis of a baseline, under the name of the resilient mode."""
    secret = baseline_run()
    run.rows[:], run.readiness[:] = secret.rows, secret.readiness
    run.journal["steady_states"] = secret.journal["steady_states"]
    run.journal["deviated"] = True


def at_a_tenth_of_its_rate(run: Run) -> None:
    """Nine of ten requests of the plan were never sent."""
    for row in run.rows:
        if row[0] % 10:
            row[2], row[4], row[5], row[6], row[7] = None, 0, "NOT_SENT", "", 0


def planned_at_a_tenth_of_its_rate(run: Run) -> None:
    """The generator was told a tenth of what the experiment asks for, and did that."""
    run.plan["rate_rps"] = RATE_RPS / 10
    run.rows[:] = run.rows[::10]
    for seq, row in enumerate(run.rows):
        row[0] = seq
    run.done["planned"] = len(run.rows)


LIES = {
    "the resilient run is secretly a baseline": (None, secretly_the_baseline),
    "the baseline's fault hit nothing": (lambda r: r.fault.update(packets=0), None),
    "the resilient run's fault hit nothing": (None, lambda r: r.fault.update(packets=0)),
    "neither fault hit anything": (lambda r: r.fault.update(packets=0), lambda r: r.fault.update(packets=0)),
    "the baseline's load was a tenth": (at_a_tenth_of_its_rate, None),
    "the resilient run's load was a tenth": (None, at_a_tenth_of_its_rate),
    "both loads were a tenth": (at_a_tenth_of_its_rate, at_a_tenth_of_its_rate),
    "both plans were a tenth": (planned_at_a_tenth_of_its_rate, planned_at_a_tenth_of_its_rate),
}


@pytest.mark.parametrize("lie", LIES)
def test_no_lie_makes_a_comparison_pass(tmp_path: Path, lie: str) -> None:
    runs = baseline_run(), resilient_run()
    for run, change in zip(runs, LIES[lie], strict=True):
        if change:
            change(run)
    comparison = compare_pairs([pair(tmp_path, *runs)])
    assert comparison.status in ("unknown", "fail")
    assert compare_pairs([pair(tmp_path / "honest")]).status == "pass"


def test_modes_that_were_given_the_same_values_are_one_mode(tmp_path: Path) -> None:
    baseline, resilient = baseline_run(), resilient_run()
    same = {"services": {"app-a": {"environment": {"RESILIENCE_ENABLED": "false"}}}}
    baseline.session["values"], resilient.session["values"] = same, same
    assert status(compare_pairs([pair(tmp_path / "same", baseline, resilient)]), "CMP_MODES_DIFFER") == "fail"
    resilient.session["values"] = {"services": {"app-a": {"environment": {"RESILIENCE_ENABLED": "true"}}}}
    comparison = compare_pairs([pair(tmp_path / "other", baseline, resilient)])
    assert comparison.status == "pass"
    assert "services.app-a.environment.RESILIENCE_ENABLED" in details(comparison, "CMP_MODES_DIFFER")


def test_modes_of_which_one_does_not_say_its_values_are_unknown(tmp_path: Path) -> None:
    baseline = baseline_run()
    baseline.session["values"] = {"services": {}, "more": 1}
    assert status(compare_pairs([pair(tmp_path, baseline)]), "CMP_MODES_DIFFER") == "unknown"


# --- the verdict needs the interval, not the point ----------------------------------------------------------------


def test_a_difference_that_chance_could_have_made_is_unknown(tmp_path: Path) -> None:
    """Ten failures against seven: the order is as claimed, and proves nothing."""
    baseline, resilient = baseline_run(), claiming(in_order=["resilient.load.errors", "baseline.load.errors"])
    for run, failures in ((baseline, 10), (resilient, 7)):
        chance = random.Random(failures)
        for row in run.rows:
            row[4], row[5] = 200, "SUCCESS"
        for row in chance.sample(run.rows, failures):
            row[4], row[5] = 503, "UNAVAILABLE"
    comparison = compare_pairs([pair(tmp_path, baseline, resilient)])
    assert status(comparison, "C90") == "unknown"
    assert "leaves it open" in details(comparison, "C90")
    check = next(c for c in comparison.document["checks"] if c["id"] == "C90")
    assert check["interval"]["low"] < 0 < check["interval"]["value"] == 3 < check["interval"]["high"]


def test_two_systems_without_a_failure_are_not_in_any_order(tmp_path: Path) -> None:
    baseline, resilient = (
        baseline_run(),
        claiming(in_order=["resilient.load.error_ratio", "baseline.load.error_ratio"]),
    )
    for row in (*baseline.rows, *resilient.rows):
        row[4], row[5] = 200, "SUCCESS"
    assert status(compare_pairs([pair(tmp_path, baseline, resilient)]), "C90") == "unknown"


@pytest.mark.parametrize(
    ("bound", "expected"),
    [
        ({"at_least": 100}, "pass"),
        ({"at_least": 295}, "unknown"),
        ({"at_least": 1000}, "fail"),
        ({"at_most": 1000}, "pass"),
        ({"at_most": 305}, "unknown"),
        ({"at_most": 100}, "fail"),
        ({"between": [100, 1000]}, "pass"),
        ({"between": [295, 1000]}, "unknown"),
        ({"between": [1000, 2000]}, "fail"),
        ({"equals": 300}, "pass"),
        ({"equals": 301}, "fail"),
    ],
)
def test_a_bound_must_hold_for_the_whole_interval(
    tmp_path: Path, bound: dict[str, Any], expected: str
) -> None:
    """The baseline had 300; its interval reaches from under 295 to over 305."""
    resilient = claiming(figure="baseline.load.codes.UNAVAILABLE", **bound)
    assert status(compare_pairs([pair(tmp_path, None, resilient)]), "C90") == expected


def test_a_figure_that_one_run_cannot_vary_is_judged_by_its_value(tmp_path: Path) -> None:
    resilient = claiming(figure="baseline.series.a_downstream_inflight.max", at_least=4)
    comparison = compare_pairs([pair(tmp_path, None, resilient)])
    assert status(comparison, "C90") == "pass"
    assert next(c for c in comparison.document["checks"] if c["id"] == "C90")["interval"] is None


def test_a_code_that_was_seen_is_there_however_rarely(tmp_path: Path) -> None:
    """Two in one spot: chance could have missed them, but did not."""
    existence = {"figure": "resilient.load.codes.UNAVAILABLE", "default": 0}
    seen, more = (
        compare_pairs([pair(tmp_path / str(n), None, claiming(at_least=n, **existence))]) for n in (1, 2)
    )
    assert (status(seen, "C90"), status(more, "C90")) == ("pass", "unknown")


def test_a_bound_that_is_no_number_is_unknown(tmp_path: Path) -> None:
    resilient = claiming(figure="baseline.load.errors", at_least="${mode}")
    assert status(compare_pairs([pair(tmp_path, None, resilient)]), "C90") == "unknown"


# --- several pairs --------------------------------------------------------------------------------------------------


def pairs(
    folder: Path, count: int, change: Change | None = None, which: int = 1
) -> list[tuple[Verdict, Verdict]]:
    """So many pairs; `change` is done to the resilient run of the one numbered `which`."""
    made = []
    for n in range(1, count + 1):
        resilient = resilient_run()
        for row in resilient.rows[600 : 600 + n]:
            row[4], row[5] = 503, "UNAVAILABLE"
        if change and n == which:
            change(resilient)
        made.append(pair(folder / str(n), None, resilient, n))
    return made


def test_pairs_that_all_hold_pass_together(tmp_path: Path) -> None:
    comparison = compare_pairs(pairs(tmp_path, 3), planned=3)
    assert {c.id: c.details for c in comparison.checks if c.status != "pass"} == {}
    assert comparison.pair_statuses == ("pass", "pass", "pass")
    document = comparison.document
    assert [one["status"] for one in document["pairs"]] == ["pass"] * 3
    assert document["sequential"]["wealth"] == pytest.approx(1.9**3)
    effect = next(row for row in document["effects"] if row["figure"] == "load.error_ratio")
    assert effect["runs"]["resilient"] == [3 / 2000, 4 / 2000, 5 / 2000]
    assert effect["resilient"]["value"] == pytest.approx(4 / 2000)
    assert "3 runs" in effect["difference"]["method"]
    assert document["resilient"]["load"]["errors"] == 5


def test_one_pair_that_does_not_hold_spoils_the_rest_and_is_named(tmp_path: Path) -> None:
    comparison = compare_pairs(pairs(tmp_path, 3, secretly_the_baseline, which=2))
    assert comparison.status == "fail"
    assert comparison.pair_statuses == ("pass", "fail", "pass")
    assert details(comparison, "CMP_RESILIENT_PASSES").startswith("pair 2: ")
    assert details(comparison, "CMP_EVERY_PAIR") == "pair 2 of 3: fail"


def test_a_pair_in_which_a_claim_does_not_hold_spoils_the_rest_though_the_mean_holds(tmp_path: Path) -> None:
    made = []
    for n, failures in enumerate((0, 0, 200)):
        resilient = claiming(figure="resilient.load.errors", at_most=150)
        resilient.experiment["extensions"][0]["checks"] = []
        for row in resilient.rows[1200 : 1200 + failures]:
            row[4], row[5] = 503, "UNAVAILABLE"
        made.append(pair(tmp_path / str(n), None, resilient, n))
    comparison = compare_pairs(made)
    assert comparison.pair_statuses == ("pass", "pass", "fail")
    assert comparison.status == "fail"


def test_a_series_ended_early_is_judged_by_what_stays_valid_then(tmp_path: Path) -> None:
    """Six pairs of twenty are enough for a verdict by the betting test, five are not."""
    made = pairs(tmp_path, 6)
    assert compare_pairs(made, planned=20).status == "pass"
    early = compare_pairs(made[:5], planned=20)
    assert early.status == "unknown"
    assert "no bound" in details(early, "C06")
    assert compare_pairs(made[:5], planned=5).status == "pass"


def test_pairs_that_differ_from_each_other_are_refused_by_name(tmp_path: Path) -> None:
    runs = baseline_run(), resilient_run()
    for run in runs:
        run.plan["connections"] = 10
    with pytest.raises(ChaosproofError, match="load's connections is 20 in the first pair, and 10 in pair 2"):
        compare_pairs([pair(tmp_path / "1"), pair(tmp_path / "2", *runs)])


def test_a_pair_that_was_copied_counts_once(tmp_path: Path) -> None:
    """Also where the copy has a start of its own, or the rows of another."""
    made = pairs(tmp_path, 2)
    compare_pairs(made)
    again = resilient_run().apart(1)
    again.session["started_at"] += 60
    for folder, run in (("same", resilient_run().apart(1)), ("restarted", again)):
        with pytest.raises(ChaosproofError, match="again: a run counts once"):
            compare_pairs([*made, pair(tmp_path / folder, baseline_run().apart(7), run)])


def test_no_pair_at_all_is_a_wrong_call() -> None:
    with pytest.raises(UsageError, match="no pair"):
        compare_pairs([])


def test_the_comparison_is_json_that_any_reader_takes(tmp_path: Path) -> None:
    """Ends without a bound and figures that are not known are null."""
    write_comparison(tmp_path / "out", compare_pairs(pairs(tmp_path, 2), planned=9))

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is not JSON")

    document = json.loads((tmp_path / "out/compare.json").read_text(), parse_constant=refuse)
    recovery = next(row for row in document["effects"] if row["figure"] == "recovery_s")
    assert recovery["difference"]["low"] is None and recovery["difference"]["high"] is None
    assert math.isfinite(recovery["difference"]["value"])


def test_a_series_is_printed_kept_and_answered_with_its_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = pairs(tmp_path, 2)
    assert keep_comparison(compare_pairs(made, planned=2), tmp_path / "journals") == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[-2:] == ["all 2 planned pairs are done", "s4: pass"]
    (kept,) = (tmp_path / "journals/s4/compare").iterdir()
    assert len(json.loads((kept / "compare.json").read_text())["pairs"]) == 2
    assert keep_comparison(compare_pairs(made, planned=9), tmp_path / "journals") == 2


def test_several_pairs_that_do_not_hold_are_all_named(tmp_path: Path) -> None:
    pairs = []
    for n in range(3):
        baseline, resilient = baseline_run().apart(n), resilient_run().apart(n)
        if n:
            resilient.fault.update(packets=0)
        folder = tmp_path / str(n)
        pairs.append((judge_run(baseline.write(folder / "b")), judge_run(resilient.write(folder / "r"))))
    every = next(c for c in compare_pairs(pairs).checks if c.id == "CMP_EVERY_PAIR")
    assert (every.status, answer_of(every)) == ("fail", "pairs 2, 3 of 3: fail")
    assert every.evidence == "compare.json#pairs"
