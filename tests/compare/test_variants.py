"""Variants: a further run that differs in one thing is held against the two modes, and lies about it do not pass."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chaosproof.campaign.comparison import keep_comparison
from chaosproof.compare.compare import (
    Comparison,
    compare_pairs,
    latest_variants,
)
from chaosproof.errors import ChaosproofError, UsageError
from chaosproof.experiment.claims import claim_mistakes
from chaosproof.experiment.modes import overlays_of, variant_mistakes
from chaosproof.judge.judge import judge_run
from chaosproof.judge.next_steps import answer_of
from chaosproof.report.write import page_of, write_comparison
from tests.support.runs import Run
from tests.support.variant_runs import C07, POOL1, baseline, compared, pool1, resilient

Change = Callable[[Run], object]


def check(comparison: Comparison, id: str) -> tuple[str, str]:
    return next((c.status, answer_of(c)) for c in comparison.checks if c.id == id)


def test_a_claim_about_a_variant_is_judged_by_its_interval(tmp_path: Path) -> None:
    comparison = compared(tmp_path, pool1())
    assert {c.id: c.details for c in comparison.checks if c.status != "pass"} == {}
    assert (
        "one channel instead of four: it differs in services.app-a.environment.CHANNEL_POOL_SIZE"
        in (check(comparison, "CMP_VARIANT_POOL1")[1])
    )
    (c07,) = [one for one in comparison.document["checks"] if one["id"] == "C07"]
    assert c07["interval"]["value"] == pytest.approx(300, abs=10)
    assert c07["interval"]["low"] > 0
    assert comparison.document["variants"]["pool1"]["mode"] == "pool1"
    assert comparison.document["pairs"][0]["pool1"] == str(tmp_path / "run2")
    write_comparison(tmp_path / "out", comparison)
    page = (tmp_path / "out/report.html").read_text()
    assert C07["claim"] in page and str(tmp_path / "run2") in page


def test_a_claim_about_a_variant_that_was_not_run_is_not_judged_and_that_is_said(tmp_path: Path) -> None:
    comparison = compared(tmp_path)
    assert "C07" not in {c.id for c in comparison.checks}
    assert comparison.document["not_judged"] == [{"id": "C07", "claim": C07["claim"], "needs": ["pool1"]}]
    assert "C07 is not judged, as there was no run of pool1" in page_of(comparison)
    assert comparison.status == "pass"


def test_a_pool_that_is_no_worse_fails_the_claim(tmp_path: Path) -> None:
    """The variant waits as long as the resilient mode does, to the millisecond."""
    run = pool1()
    for row in run.rows[500:1000]:
        row[3] = f"{float(row[3]) - 0.3:.6f}"
    comparison = compared(tmp_path, run)
    assert check(comparison, "C07")[0] in ("fail", "unknown")
    assert comparison.status != "pass"


UNKNOWN: list[tuple[str, Change]] = [
    ("its fault hit nothing", lambda r: r.fault.update(packets=0)),
    ("it did not end", lambda r: r.session.update(complete=False)),
    ("an artifact is missing", lambda r: r.artifacts.pop("app-a-0.prom")),
    ("it does not say its values", lambda r: r.session.pop("values")),
    (
        "it was broken before",
        lambda r: r.journal["steady_states"]["before"].update(steady_state_met=False),
    ),
]


@pytest.mark.parametrize("change", [c for _, c in UNKNOWN], ids=[words for words, _ in UNKNOWN])
def test_a_variant_that_did_not_run_as_it_should_proves_nothing(tmp_path: Path, change: Change) -> None:
    run = pool1()
    change(run)
    comparison = compared(tmp_path, run)
    assert check(comparison, "CMP_VARIANT_POOL1")[0] == "unknown"
    assert comparison.status == "unknown"


def test_a_variant_that_is_secretly_the_resilient_mode_fails(tmp_path: Path) -> None:
    run = pool1()
    run.session["values"] = resilient().session["values"]
    comparison = compared(tmp_path, run)
    assert check(comparison, "CMP_VARIANT_POOL1") == (
        "fail",
        "pool1 was given the same values as resilient, so it is no variant",
    )
    assert comparison.status == "fail"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda r: r.plan.update(rate_rps=5), "the load's rate_rps is 50 in the resilient run, and 5"),
        (lambda r: r.session.update(seed=8), "seed is 7 in the resilient run, and 8 in the run of pool1"),
        (lambda r: r.fault.update(planned_s=9), "the fault's planned_s"),
        (lambda r: r.session["variables"].update(fault_at_s=5), "the variable fault_at_s"),
    ],
)
def test_a_variant_that_did_something_else_is_refused_by_name(
    tmp_path: Path, change: Change, named: str
) -> None:
    run = pool1()
    change(run)
    with pytest.raises(ChaosproofError, match=named):
        compared(tmp_path, run)


def test_a_run_of_no_variant_is_a_wrong_call(tmp_path: Path) -> None:
    for runs in ([resilient()], [pool1(), pool1()]):
        with pytest.raises(UsageError, match="the variants of this experiment are: pool1"):
            compared(tmp_path / str(len(runs)), *runs)


def test_the_latest_run_of_a_variant_counts_unless_the_experiment_has_changed_since(tmp_path: Path) -> None:
    of = resilient().write(tmp_path / "s4/resilient/20261121T193005Z")
    assert latest_variants(tmp_path, "s4", of) == []
    folder = pool1().write(tmp_path / "s4/pool1/20261121T193305Z")
    assert latest_variants(tmp_path, "s4", of) == [folder]
    newer = pool1()
    newer.session["experiment_sha256"] = "0" * 64
    newer.write(tmp_path / "s4/pool1/20261121T193405Z")
    assert latest_variants(tmp_path, "s4", of) == []


def test_the_variants_of_several_pairs_are_taken_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = []
    for place in range(2):
        runs = (baseline(), resilient(), pool1())
        made.append(
            tuple(judge_run(run.apart(place).write(tmp_path / f"{place}{n}")) for n, run in enumerate(runs))
        )
    pairs, variants = [(b, r) for b, r, _ in made], [{"pool1": p} for _, _, p in made]
    comparison = compare_pairs(pairs, variants, planned=2)
    assert comparison.status == "pass"
    assert "mean of 2 pairs" in check(comparison, "C07")[1]
    assert keep_comparison(compare_pairs(pairs, variants, planned=2), tmp_path / "journals") == 0
    assert "C07" in capsys.readouterr().out


def test_a_variant_gets_the_overlays_of_its_mode_and_one_of_its_own() -> None:
    experiment = resilient().experiment
    assert overlays_of(experiment, "pool1", "s4") == ("resilient", "s4-pool1")
    assert overlays_of(experiment, "resilient", "s4") == ("resilient", "s4")


@pytest.mark.parametrize(
    ("name", "item", "sentence"),
    [
        ("resilient", POOL1, "needs a name of its own"),
        ("pool-1", POOL1, "in letters and digits"),
        ("pool1", {**POOL1, "of": "other"}, "must be `of` baseline or resilient, not 'other'"),
        ("pool1", {"of": "resilient"}, "needs `differs`"),
        ("pool1", {**POOL1, "duration_s": 32}, "is an object of differs, of, variables"),
        ("pool1", [], "is an object of"),
    ],
)
def test_a_malformed_variant_is_one_sentence(name: str, item: Any, sentence: str) -> None:
    experiment = json.loads(json.dumps(resilient().experiment))
    experiment["extensions"][0]["variants"] = {name: item}
    (mistake,) = variant_mistakes(experiment)
    assert sentence in mistake
    assert mistake in claim_mistakes(experiment)
