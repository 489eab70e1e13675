"""The state that the journal gets so that Chaos Toolkit's report for agents is of the verdict."""

from typing import Any

import pytest

from chaosproof.toolkit.reports.verdict_state import add_verdict_state

MET = {"steady_state_met": True, "probes": [{"status": "succeeded", "tolerance_met": True}]}
UNMET = {"steady_state_met": False, "probes": [{"status": "succeeded", "tolerance_met": False}]}
RAISED = {"steady_state_met": False, "probes": [{"status": "failed", "tolerance_met": False}]}
REASONS = [("SYS_FAULT_HIT", "it hit nothing"), ("OWN_USERS", "0.2 > 0.1")]
JUDGE = ("judge", "journals/s/resilient/1")


def journal(before: Any = MET, after: Any = MET, *during: Any, status: str = "completed") -> dict[str, Any]:
    return {
        "status": status,
        "end": "2026-11-28T10:00:00+00:00",
        "steady_states": {"before": before, "after": after, "during": list(during)},
    }


def test_a_fail_adds_an_unmet_probe_for_each_check_and_leaves_the_measured_states() -> None:
    content = journal(MET, MET, MET)
    add_verdict_state(content, "fail", REASONS, JUDGE)
    states = content["steady_states"]
    assert (states["before"], states["after"], states["during"][0]) == (MET, MET, MET)
    added = states["during"][1]
    assert (added["steady_state_met"], added["added_by"]) == (False, "chaosproof")
    assert [
        (probe["activity"]["name"], probe["status"], probe["tolerance_met"], probe["output"])
        for probe in added["probes"]
    ] == [
        ("SYS_FAULT_HIT", "succeeded", False, "fail: it hit nothing"),
        ("OWN_USERS", "succeeded", False, "fail: 0.2 > 0.1"),
    ]
    provider = added["probes"][0]["activity"]["provider"]
    assert (provider["path"], provider["arguments"]) == ("chaosproof", ["judge", "journals/s/resilient/1"])


@pytest.mark.parametrize("before", [MET, None], ids=["with a baseline", "without one"])
def test_unknown_adds_one_probe_that_could_not_be_executed(before: Any) -> None:
    content = journal(before)
    add_verdict_state(content, "unknown", REASONS, JUDGE)
    (added,) = content["steady_states"]["during"]
    (probe,) = added["probes"]
    assert (probe["status"], probe["activity"]["name"]) == ("failed", "SYS_FAULT_HIT")
    assert probe["exception"] == ["SYS_FAULT_HIT is unknown: it hit nothing\n"]


def test_a_deviation_of_an_unknown_run_is_not_left_conclusive() -> None:
    content = journal(MET, UNMET)
    add_verdict_state(content, "unknown", REASONS, JUDGE)
    assert [state["probes"][0]["status"] for state in content["steady_states"]["during"]] == ["failed"]


@pytest.mark.parametrize(
    ("content", "verdict"),
    [
        (journal(), "pass"),
        (journal(MET, UNMET), "fail"),
        (journal(MET, MET, UNMET), "fail"),
        (journal(UNMET, None), "fail"),
        (journal(UNMET, None), "unknown"),
        (journal(RAISED, None), "fail"),
        (journal(MET, RAISED), "unknown"),
        (journal(status="interrupted"), "unknown"),
        (journal(status="aborted"), "fail"),
    ],
)
def test_what_the_report_says_by_itself_is_left_as_it_is(content: dict[str, Any], verdict: Any) -> None:
    before = content["steady_states"]["during"].copy()
    add_verdict_state(content, verdict, REASONS, JUDGE)
    assert content["steady_states"]["during"] == before


@pytest.mark.parametrize("states", [None, {}, {"before": None, "during": None, "after": None}])
def test_a_journal_without_any_state_gets_one(states: Any) -> None:
    content = {"status": "failed", "steady_states": states}
    add_verdict_state(content, "unknown", [], JUDGE)
    (added,) = content["steady_states"]["during"]
    assert added["probes"][0]["exception"] == ["verdict is unknown: unknown\n"]
