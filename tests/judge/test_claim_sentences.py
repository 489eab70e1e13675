"""What the answer to a claim says, word for word: the figure with its value, the bound, where it was looked up."""

from typing import Any

import pytest

from chaosproof.experiment.claims import claims_of
from chaosproof.judge.claims import bound_of, codes_had, judge_claims, lookup
from chaosproof.judge.next_steps import MARK
from chaosproof.runfolder.checks import Check

FIGURES: dict[str, Any] = {
    "load": {
        "error_ratio": 1 / 3,
        "codes": {"SUCCESS": 95, "UNAVAILABLE": 5},
        "requests": 100,
        "p50_ms": 3.0,
        "p99_ms": None,
    },
    "peak": {"errors_1s": 4},
    "per_instance": {"a-0": {"requests": 5, "codes": {}, "ok": 5}, "idle": {"requests": 0, "codes": {}}},
    "recovery_s": 1.25,
    "faults": [{"kind": "reset"}, {"kind": "drop", "ended_by": "kernel"}],
    "activities": {"hold": {"left": "many", "done": True}},
    "series": {"inflight": {"max": 7.0}},
    "windows": {"fault": {"errors": 3}},
}
BOTH = {
    "baseline": FIGURES,
    "resilient": FIGURES | {"recovery_s": 0.5, "load": {"requests": 7, "codes": {"GONE": 7}}},
}
VARIABLES = {"least": "3", "word": "soon", "who": "a-0", "none": None, "ends": 9}


def judged(section: str = "checks", codes: frozenset[str] = frozenset(), **claim: Any) -> Check:
    content = {"extensions": [{"name": "chaosproof", section: [{"id": "C01", "claim": "it holds"} | claim]}]}
    figures = FIGURES if section == "checks" else BOTH
    (check,) = judge_claims(claims_of(content, section), figures, VARIABLES, codes)
    assert check.id == "C01"
    return check


@pytest.mark.parametrize(
    ("claim", "status", "details", "evidence"),
    [
        (
            {"figure": "load.error_ratio", "at_most": 0.4},
            "pass",
            "load.error_ratio = 0.333333 (at most 0.4)",
            "summary.json#load.error_ratio",
        ),
        (
            {"figure": "load.p50_ms", "at_least": "${least}"},
            "pass",
            "load.p50_ms = 3 (at least 3)",
            "summary.json#load.p50_ms",
        ),
        (
            {"figure": "peak.errors_1s", "between": [5, "${ends}"]},
            "fail",
            "peak.errors_1s = 4 (between 5 and 9)",
            "summary.json#peak.errors_1s",
        ),
        ({"figure": "peak.errors_1s", "between": [4, 9]}, "pass", "peak.errors_1s = 4 (between 4 and 9)", ""),
        ({"figure": "peak.errors_1s", "between": [1, 4]}, "pass", "peak.errors_1s = 4 (between 1 and 4)", ""),
        ({"figure": "peak.errors_1s", "between": [1, 3]}, "fail", "peak.errors_1s = 4 (between 1 and 3)", ""),
        (
            {"figure": "faults.1.ended_by", "equals": "heal"},
            "fail",
            "faults.1.ended_by = kernel (equals heal)",
            "summary.json#faults.1.ended_by",
        ),
        (
            {"figure": "activities.hold.done", "equals": True},
            "pass",
            "activities.hold.done = True (equals True)",
            "journal.json#activities.hold.done",
        ),
        (
            {"figure": "activities.hold.left", "at_most": 5},
            "unknown",
            "activities.hold.left is 'many', which is no number",
            "journal.json#activities.hold.left",
        ),
        (
            {"figure": "series.inflight.max", "at_most": 7},
            "pass",
            "series.inflight.max = 7 (at most 7)",
            "series.json#series.inflight.max",
        ),
        (
            {"figure": "load.p99_ms", "at_most": 5},
            "unknown",
            "load.p99_ms is not known",
            "summary.json#load.p99_ms",
        ),
        (
            {"figure": "per_instance.${who}.p95", "at_most": 5},
            "unknown",
            "there is no p95 in per_instance.a-0.p95",
            "summary.json#per_instance.a-0.p95",
        ),
        (
            {"figure": "faults.2.ended_by", "equals": "reset"},
            "unknown",
            "there is no 2 in faults.2.ended_by",
            "summary.json#faults.2.ended_by",
        ),
        (
            {"figure": "load.p50_ms", "at_most": "${word}"},
            "unknown",
            "the bound 'soon' is no number",
            "journal.json#experiment.extensions",
        ),
        (
            {"figure": "load.p50_ms", "at_most": "${none}"},
            "unknown",
            "the bound None is no number",
            "journal.json#experiment.extensions",
        ),
        (
            {"figure": "load.p50_ms", "at_most": "${nothing}"},
            "unknown",
            "the session has no variable nothing",
            "journal.json#experiment.extensions",
        ),
        (
            {"figure": "per_instance.${nobody}.ok", "at_most": 1},
            "unknown",
            "the session has no variable nobody",
            "journal.json#experiment.extensions",
        ),
        (
            {"figure": "load.codes.UNAVAILABLE", "at_most": 5, "default": 0},
            "pass",
            "load.codes.UNAVAILABLE = 5 (at most 5)",
            "summary.json#load.codes.UNAVAILABLE",
        ),
        (
            {"figure": "per_instance.a-0.codes.UNAVAILABLE", "at_most": 4, "default": 0},
            "pass",
            "per_instance.a-0.codes.UNAVAILABLE = 0 (at most 4)",
            "summary.json#per_instance.a-0.codes.UNAVAILABLE",
        ),
        (
            {"figure": "per_instance.a-0.codes.GONE", "at_least": 5, "default": 0},
            "fail",
            "per_instance.a-0.codes.GONE = 0 (at least 5)",
            "summary.json#per_instance.a-0.codes.GONE",
        ),
        (
            {"figure": "per_instance.idle.codes.GONE", "at_most": 5, "default": 0},
            "unknown",
            "there is no GONE in per_instance.idle.codes.GONE",
            "summary.json#per_instance.idle.codes.GONE",
        ),
    ],
)
def test_the_answer_says_what_was_measured_and_what_was_wanted(
    claim: dict[str, Any], status: str, details: str, evidence: str
) -> None:
    check = judged(**claim)
    assert (check.status, check.details) == (status, f"it holds: {details}")
    assert check.evidence == evidence or not evidence


@pytest.mark.parametrize(
    ("claim", "status", "details"),
    [
        (
            {"in_order": ["resilient.recovery_s", "baseline.recovery_s"]},
            "pass",
            "resilient.recovery_s = 0.5, baseline.recovery_s = 1.25 (in ascending order)",
        ),
        (
            {"in_order": ["baseline.peak.errors_1s", "resilient.peak.errors_1s"]},
            "fail",
            "baseline.peak.errors_1s = 4, resilient.peak.errors_1s = 4 (in ascending order)",
        ),
        (
            {"in_order": ["baseline.peak.errors_1s", "resilient.peak.errors_1s"], "or_equal": True},
            "pass",
            "baseline.peak.errors_1s = 4, resilient.peak.errors_1s = 4 (in ascending order, or equal)",
        ),
        (
            {"in_order": ["baseline.recovery_s", "resilient.recovery_s"], "or_equal": True},
            "fail",
            "baseline.recovery_s = 1.25, resilient.recovery_s = 0.5 (in ascending order, or equal)",
        ),
        (
            {"in_order": ["resilient.recovery_s", "baseline.activities.hold.left"]},
            "unknown",
            "baseline.activities.hold.left is 'many', which is no number",
        ),
    ],
)
def test_an_order_names_each_figure(claim: dict[str, Any], status: str, details: str) -> None:
    check = judged("compare", **claim)
    assert (check.status, check.details) == (status, f"it holds: {details}")
    assert check.evidence == f"compare.json#{claim['in_order'][0]}"


@pytest.mark.parametrize(
    ("code", "codes", "details"),
    [
        (
            "UNAVAILABEL",
            (),
            "write UNAVAILABLE, if that was meant; if not, name it in the extension's `codes`",
        ),
        ("GNE", ("GONE",), "write GONE, if that was meant; if not, name it in the extension's `codes`"),
        ("QQQ", (), "if a request can end with it, name it in the extension's `codes`"),
        ("QQQ", ("QQQ",), ""),
        ("HTTP_503", (), ""),
    ],
)
def test_a_code_that_nobody_had_is_asked_about(code: str, codes: tuple[str, ...], details: str) -> None:
    check = judged(codes=frozenset(codes), figure=f"load.codes.{code}", at_most=4, default=0)
    if not details:
        assert check.status == "pass", check.details
        return
    assert check.status == "unknown"
    why = f"it holds: no request had the code {code}, so its default proves nothing"
    assert check.details == f"{why}{MARK}{details}"
    assert check.evidence == f"summary.json#load.codes.{code}"


def test_a_claim_that_cannot_be_judged_is_unknown_under_its_own_id() -> None:
    content = {
        "extensions": [
            {
                "name": "chaosproof",
                "checks": [{"id": "C7", "claim": "x", "figure": "load.${a}", "at_most": 1}],
            }
        ]
    }
    (check,) = judge_claims(claims_of(content, "checks"), FIGURES, None)  # type: ignore[arg-type]
    assert (check.id, check.status, check.evidence) == ("C7", "unknown", "journal.json#experiment.extensions")
    assert check.details.startswith("the checker itself failed: TypeError: ")


def test_the_codes_of_a_comparison_are_those_of_all_its_runs() -> None:
    assert codes_had(FIGURES) == {"SUCCESS", "UNAVAILABLE"}
    assert codes_had(BOTH) == {"SUCCESS", "UNAVAILABLE", "GONE"}
    assert codes_had({}) == frozenset()
    check = judged("compare", figure="baseline.load.codes.GONE", at_most=4, default=0)
    assert (check.status, check.evidence) == ("pass", "compare.json#baseline.load.codes.GONE")


def test_how_many_requests_there_were_is_of_the_run_of_the_figure() -> None:
    assert judged("compare", figure="resilient.load.codes.GONE", at_most=7).status == "unknown"
    assert judged("compare", figure="resilient.load.codes.GONE", at_most=6).status == "fail"
    assert judged("compare", figure="baseline.load.codes.SUCCESS", at_most=99).status == "pass"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("faults.0.kind", "reset"),
        ("faults.1.kind", "drop"),
        ("faults.01.kind", "drop"),
        ("faults.0000000001.kind", KeyError),
        ("faults.000000001.kind", "drop"),
        ("faults.2", KeyError),
        ("faults.-1", KeyError),
        ("recovery_s.0", KeyError),
        ("activities.hold.left.0", KeyError),
        ("load", FIGURES["load"]),
    ],
)
def test_a_path_leads_by_name_and_by_position(path: str, value: Any) -> None:
    if value is KeyError:
        with pytest.raises(KeyError):
            lookup(FIGURES, path)
    else:
        assert lookup(FIGURES, path) == value


def test_only_a_code_has_a_default() -> None:
    assert lookup(FIGURES, "load.codes.GONE", 3) == 3
    odd = {"per_instance": {"a.codes.b": {"requests": 5, "codes": {}}}}
    assert lookup(odd, "per_instance.a.codes.b.codes.GONE", 3) == 3
    for path in (
        "load.GONE",
        "load.codes",
        "nowhere.codes.GONE",
        "per_instance.idle.codes.GONE",
        "load.codes.",
    ):
        if path == "load.codes":
            assert lookup(FIGURES, path, 3) == FIGURES["load"]["codes"]
        else:
            with pytest.raises(KeyError):
                lookup(FIGURES, path, 3)
    with pytest.raises(KeyError, match="GONE"):
        lookup(FIGURES, "load.codes.GONE")


def test_a_bound_is_one_number_or_two() -> None:
    content = {
        "extensions": [
            {
                "name": "chaosproof",
                "checks": [
                    {"id": "A", "claim": "x", "figure": "load.ok", "between": ["${least}", 5]},
                    {"id": "B", "claim": "x", "figure": "load.ok", "at_most": "${ends}"},
                ],
            }
        ]
    }
    assert [bound_of(claim, VARIABLES) for claim in claims_of(content, "checks")] == [(3.0, 5.0), (9.0,)]
