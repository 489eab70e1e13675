"""What an experiment claims is data: a mistake in it is a sentence, and never a pass."""

import re
from typing import Any

import pytest

from chaosproof.experiment.cannot_miss import Most, cannot_be_missed
from chaosproof.experiment.claims import claim_mistakes, claims_of
from chaosproof.experiment.codes import vouched_codes
from chaosproof.judge.claims import judge_claims, lookup

FIGURES = {
    "load": {"error_ratio": 0.05, "codes": {"SUCCESS": 95, "HTTP_500.1": 5}, "p99_ms": None, "requests": 100},
    "per_instance": {
        "app-a-0": {"requests": 5, "codes": {}},
        "app-a-1": {"requests": 0, "codes": {}},
        "a.b-0": {"ok": 7},
    },
    "windows": {"fault": {"requests": 20, "errors": 3}},
    "faults": [{"kind": "reset", "ended_by": "kernel"}],
    "activities": {"hold": {"held": True}, "words": "many"},
}


def experiment(section: str = "checks", **claim: Any) -> dict[str, Any]:
    full = {"id": "C01", "claim": "it holds"} | claim
    return {
        "extensions": [{"name": "chaosproof", section: [{k: v for k, v in full.items() if v is not None}]}]
    }


def judged(**claim: Any) -> str:
    claims = claims_of(experiment(**claim), "checks")
    (check,) = judge_claims(
        claims, FIGURES, {"instance": "app-a-0", "most": "0.05", "many": 5, "none": None, "word": "x"}
    )
    assert "checker itself" not in check.details
    return check.status


@pytest.mark.parametrize(
    ("claim", "status"),
    [
        ({"figure": "load.error_ratio", "at_most": 0.05}, "pass"),
        ({"figure": "load.error_ratio", "at_most": 0.0499}, "fail"),
        ({"figure": "load.error_ratio", "at_least": 0.05}, "pass"),
        ({"figure": "load.error_ratio", "at_least": 0.0501}, "fail"),
        ({"figure": "load.error_ratio", "between": [0.05, 0.1]}, "pass"),
        ({"figure": "load.error_ratio", "between": [0, 0.04]}, "fail"),
        ({"figure": "load.error_ratio", "at_most": "${most}"}, "pass"),
        ({"figure": "load.requests", "between": ["${many}", 100]}, "pass"),
        ({"figure": "load.requests", "at_most": "${none}"}, "unknown"),
        ({"figure": "load.requests", "at_most": "${word}"}, "unknown"),
        ({"figure": "load.requests", "equals": 100}, "pass"),
        ({"figure": "load.requests", "equals": "100"}, "fail"),
        ({"figure": "activities.hold.held", "equals": True}, "pass"),
        ({"figure": "activities.hold.held", "equals": 1}, "fail"),
        ({"figure": "activities.hold.held", "at_least": 1}, "unknown"),
        ({"figure": "activities.words", "at_least": 1}, "unknown"),
        ({"figure": "faults.0.ended_by", "equals": "kernel"}, "pass"),
        ({"figure": "faults.1.kind", "equals": "reset"}, "unknown"),
        ({"figure": "load.p99_ms", "at_most": 5}, "unknown"),
        ({"figure": "load.p99", "at_most": 5}, "unknown"),
        ({"figure": "load.codes.HTTP_500.1", "equals": 5}, "pass"),
        ({"figure": "per_instance.a.b-0.ok", "equals": 7}, "pass"),
        ({"figure": "per_instance.${instance}.codes.SUCCESS", "at_most": 5, "default": 0}, "pass"),
        ({"figure": "per_instance.${instance}.codes.HTTP_502", "at_most": 5, "default": 0}, "pass"),
        ({"figure": "per_instance.${instance}.codes.GONE", "at_most": 5, "default": 0}, "unknown"),
        ({"figure": "per_instance.${instance}.codes.GONE", "at_most": 5}, "unknown"),
        ({"figure": "per_instance.app-a-1.codes.GONE", "at_most": 5, "default": 0}, "unknown"),
        ({"figure": "per_instance.app-z-9.codes.GONE", "at_most": 5, "default": 0}, "unknown"),
        ({"figure": "per_instance.${nobody}.codes.GONE", "at_most": 5, "default": 0}, "unknown"),
    ],
)
def test_a_claim_is_judged_by_its_bound(claim: dict[str, Any], status: str) -> None:
    assert judged(**claim) == status


@pytest.mark.parametrize(
    ("claim", "said"),
    [
        ({"id": None, "figure": "load.ok", "at_most": 1}, "needs an id"),
        ({"id": "two words", "figure": "load.ok", "at_most": 1}, "without spaces"),
        ({"id": "SYS_MINE", "figure": "load.ok", "at_most": 1}, "built-in"),
        ({"claim": None, "figure": "load.ok", "at_most": 1}, "a sentence"),
        ({"figure": "load.ok"}, "exactly one of"),
        ({"figure": "load.ok", "at_most": 1, "at_least": 0}, "exactly one of"),
        ({"figure": "load.ok", "at_mots": 1, "at_most": 1}, "unknown key 'at_mots'"),
        ({"at_most": 1}, "needs `figure`"),
        ({"figure": "laod.ok", "at_most": 1}, "there is no figure laod.ok"),
        ({"figure": "load.ok", "at_most": "5"}, "a number or a"),
        ({"figure": "load.ok", "at_most": True}, "a number or a"),
        ({"figure": "load.ok", "at_most": float("nan")}, "a number or a"),
        ({"figure": "load.ok", "between": 5}, r"\[low, high\]"),
        ({"figure": "load.ok", "between": [5, 4]}, "holds for nothing"),
        ({"figure": "load.ok", "equals": None}, "exactly one of"),
        ({"figure": "load.ok", "equals": [1]}, "equals needs"),
        ({"figure": "load.ok", "at_most": 1, "modes": ["resiliant"]}, "modes must be"),
        ({"figure": "load.ok", "at_most": 1, "modes": []}, "modes must be"),
        ({"figure": "load.ok", "at_most": 1, "default": 0}, "codes.CODE"),
        ({"figure": "load.codes.X", "at_most": 1, "default": "0"}, "default must be a number"),
        ({"section": "compare", "figure": "load.ok", "at_most": 1}, "baseline. or resilient."),
        ({"section": "compare", "in_order": ["baseline.load.ok"]}, "at least two"),
        (
            {"section": "compare", "figure": "baseline.load.ok", "at_most": 1, "modes": ["baseline"]},
            "unknown key",
        ),
        (
            {"section": "compare", "figure": "baseline.load.ok", "at_most": 1, "or_equal": True},
            "in_order only",
        ),
        ({"in_order": ["load.ok", "load.errors"]}, "unknown key 'in_order'"),
    ],
)
def test_a_malformed_claim_is_refused_before_a_run_and_fails_after_one(
    claim: dict[str, Any], said: str
) -> None:
    belief = experiment(**claim)
    (mistake,) = claim_mistakes(belief)
    assert re.search(said, mistake), mistake
    section = claim.get("section", "checks")
    (check,) = judge_claims(claims_of(belief, section), FIGURES, {})
    assert check.status == "fail"
    assert mistake in check.details


@pytest.mark.parametrize(
    "extension",
    [
        {"checks": "C01"},
        {"checks": {"id": "C01"}},
        {"checks": ["C01"]},
        {"check": []},
        {"claims": []},
        {"compares": []},
        {"compare": 5},
    ],
)
def test_claims_in_the_wrong_place_or_shape_are_not_lost(extension: dict[str, Any]) -> None:
    assert claim_mistakes({"extensions": [{"name": "chaosproof", **extension}]})


def test_an_id_that_is_there_twice_is_refused() -> None:
    claim = {"id": "C01", "claim": "it holds", "figure": "load.ok", "at_most": 1}
    (mistake,) = claim_mistakes({"extensions": [{"name": "chaosproof", "checks": [claim, claim]}]})
    assert "twice" in mistake


@pytest.mark.parametrize(
    "belief", [{}, {"extensions": None}, {"extensions": [{"name": "another", "checks": "?"}]}]
)
def test_an_experiment_without_claims_has_no_mistakes(belief: dict[str, Any]) -> None:
    assert claim_mistakes(belief) == []


def test_a_claim_holds_in_the_modes_that_it_names() -> None:
    (claim,) = claims_of(experiment(figure="load.ok", at_most=1, modes=["baseline"]), "checks")
    assert claim.applies_to("baseline")
    assert not claim.applies_to("resilient")


def test_a_path_that_leaves_the_figures_names_the_word() -> None:
    with pytest.raises(KeyError, match="nowhere"):
        lookup(FIGURES, "load.nowhere.at.all")


@pytest.mark.parametrize(
    ("claim", "sentence"),
    [
        ({"figure": "load.error_ratio", "at_most": 5}, "cannot be below 0 or above 1"),
        ({"figure": "load.error_ratio", "at_most": "${whole}"}, "cannot be below 0 or above 1"),
        ({"figure": "load.error_ratio", "between": [-1, 1]}, "narrow it"),
        ({"figure": "load.requests", "at_least": 0}, "raise at_least above 0"),
        ({"figure": "load.requests", "at_most": 100}, "lower at_most below 100"),
        ({"figure": "load.codes.SUCCESS", "at_most": 100}, "lower at_most below 100"),
        ({"figure": "recovery.ready_s", "at_least": 0}, "raise at_least above 0"),
        ({"figure": "load.planned_rate_rps", "at_least": 50}, "is a setting"),
        ({"figure": "load.duration_s", "at_least": 1}, "is a setting"),
        ({"figure": "fault.kind", "equals": "reset"}, "is a setting"),
        ({"figure": "faults.0.instance", "equals": "app-a-0"}, "is a setting"),
        ({"figure": "windows.fault.errors", "at_most": 20}, "cannot be below 0 or above 20"),
        ({"figure": "load.p99_ms", "at_most": 60_000}, "cannot be below 0 or above 60000"),
        ({"figure": "variables.rate_rps", "at_least": 50}, "is a setting"),
        ({"section": "compare", "figure": "baseline.load.error_ratio", "at_most": 1}, "cannot be"),
        ({"section": "compare", "figure": "baseline.variables.rate_rps", "equals": 50}, "is a setting"),
        (
            {"section": "compare", "in_order": ["baseline.load.ok", "baseline.load.ok"], "or_equal": True},
            "with itself",
        ),
    ],
)
def test_a_claim_that_no_run_can_miss_proves_nothing(claim: dict[str, Any], sentence: str) -> None:
    section = claim.get("section", "checks")
    claims = claims_of(experiment(**claim), section)
    figures = FIGURES if section == "checks" else {"baseline": FIGURES, "resilient": FIGURES}
    (check,) = judge_claims(claims, figures, {"whole": "1"}, run_ms=60_000)
    assert (check.status, sentence in check.details) == ("unknown", True), check.details


@pytest.mark.parametrize(
    "claim",
    [
        {"figure": "load.error_ratio", "at_most": 0.99},
        {"figure": "load.requests", "at_least": 1},
        {"figure": "load.codes.SUCCESS", "at_most": 99},
        {"figure": "load.p99_ms", "between": [0, 500]},
        {"figure": "load.p99_ms", "at_most": 59_999},
        {"figure": "windows.fault.errors", "at_most": 99},
        {"figure": "faults.0.packets", "at_least": 1},
        {"figure": "activities.what it holds more.fds", "at_most": 0},
        {"figure": "activities.hold.held", "at_least": 0},
    ],
)
def test_a_claim_that_a_run_can_miss_is_asked(claim: dict[str, Any]) -> None:
    (checked,) = claims_of(experiment(**claim), "checks")
    assert cannot_be_missed(checked, {}, Most(requests=100, run_ms=60_000)) is None


@pytest.mark.parametrize(
    ("extension", "status"),
    [
        ({}, "unknown"),
        ({"codes": ["GONE"]}, "pass"),
        ({"compare": [{"figure": "baseline.load.codes.GONE", "at_least": 100}]}, "pass"),
        ({"compare": [{"figure": "baseline.load.codes.GONE", "at_least": 0}]}, "unknown"),
        ({"compare": [{"figure": "baseline.load.codes.GNOE", "at_least": 100}]}, "unknown"),
    ],
    ids=["nobody names it", "the extension names it", "a claim wants some", "a claim wants none", "misspelt"],
)
def test_a_code_that_no_request_had_must_be_known_from_elsewhere(
    extension: dict[str, Any], status: str
) -> None:
    content = experiment(figure="load.codes.GONE", equals=0, default=0)
    named = [{"id": "C02", "claim": "it breaks", **claim} for claim in extension.get("compare", [])]
    content["extensions"][0].update(extension | {"compare": named})
    (check,) = judge_claims(claims_of(content, "checks"), FIGURES, {}, vouched_codes(content))
    assert check.status == status, check.details


def test_the_code_that_was_meant_is_named() -> None:
    claims = claims_of(experiment(figure="load.codes.SUCESS", equals=0, default=0), "checks")
    (check,) = judge_claims(claims, FIGURES, {})
    assert (
        "no request had the code SUCESS" in check.details
        and "write SUCCESS, if that was meant" in check.details
    )
