"""What is answered of a hypothesis, before, during and after the method, word for word."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chaosproof.judge.checks.base import Material
from chaosproof.judge.checks.registry import builtin_checks
from chaosproof.judge.figures.request_stats import RequestStats
from chaosproof.judge.figures.summary import figures_of
from chaosproof.judge.judge import judge_run
from chaosproof.judge.next_steps import answer_of
from chaosproof.runfolder.run_folder import read_run
from tests.support.runs import Run, activity, ran, resilient_run

Bend = Callable[[Run], object]


def answer(run: Run, folder: Path, when: str) -> tuple[str, str, str] | None:
    """None where the check does not apply."""
    del run.rows[1:]
    found = read_run(run.write(folder))
    material = Material(found, RequestStats(), RequestStats(), figures_of(found, RequestStats()))
    check = next(check for check in builtin_checks() if check.id == f"SYS_STEADY_STATE_{when.upper()}")
    if check.applies is not None and not check.applies(material):
        return None
    answered = check.answer(material)
    return answered.status, answer_of(answered), answered.evidence


PROBE = activity("how many", "chaosproof.probes.load", "wait")


def measured(*outputs: Any, met: bool | None = True, **probe: Any) -> dict[str, Any]:
    """A measurement of probes that returned these; those that are above 1 were out of tolerance."""
    probes = [
        ran(PROBE | {"tolerance": [0, 1]}, output)
        | {"tolerance_met": output <= 1, "start": f"at {output}"}
        | probe
        for output in outputs
    ]
    return {"steady_state_met": met, "probes": probes}


def planned(run: Run, count: int) -> None:
    run.experiment["steady-state-hypothesis"]["probes"] = [PROBE | {"tolerance": [0, 1]}] * count


def during(*states: dict[str, Any], probes: int = 1) -> Bend:
    def bend(run: Run) -> None:
        planned(run, probes)
        run.journal["steady_states"]["during"] = list(states)

    return bend


def state(when: str, state: Any, probes: int = 1, **journal: Any) -> Bend:
    def bend(run: Run) -> None:
        planned(run, probes)
        run.journal["steady_states"][when] = state
        run.journal.update(journal)

    return bend


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("given", "probes", "status", "details"),
    [
        (measured(1), 1, "pass", "1 probe within tolerance {when} the method"),
        (measured(0, 1), 2, "pass", "2 probes within tolerance {when} the method"),
        (measured(0), 2, "unknown", "1 of 2 probes were asked"),
        (measured(0, 0), 1, "unknown", "2 of 1 probes were asked"),
        (measured(1, met=False), 1, "fail", "the steady state was not met {when} the method"),
        (measured(1, met=None), 1, "unknown", "the hypothesis was not measured {when} the method"),
        (None, 1, "unknown", "the hypothesis was not measured {when} the method"),
        (
            measured(1),
            0,
            "unknown",
            "the experiment states no steady-state hypothesis, so there is nothing to hold",
        ),
        (measured(0, 7, 8), 3, "fail", "probe 'how many' measured 7, outside of its tolerance 0 to 1"),
        (
            measured(0, 7, met=False, status="failed", exception=["x\n", "no route\n"]),
            2,
            "unknown",
            "probe 'how many' did not answer: no route",
        ),
    ],
)
def test_the_hypothesis_held_or_it_did_not(
    tmp_path: Path, when: str, given: Any, probes: int, status: str, details: str
) -> None:
    run = resilient_run()
    if given and given["probes"] and given["probes"][0]["status"] == "failed":
        given = given | {"probes": [measured(0)["probes"][0], *given["probes"][1:]]}
    state(when, given, probes)(run)
    evidence = f"journal.json#steady_states.{when}"
    assert answer(run, tmp_path, when) == (status, details.format(when=when), evidence)


@pytest.mark.parametrize(
    ("tolerance", "shown"),
    [
        ([0, 0.05], "0 to 0.05"),
        ({"type": "range", "range": [1, 2]}, "1 to 2"),
        ([0, "b"], "[0, 'b']"),
        (["a", 1], "['a', 1]"),
        ([1, 2, 3], "[1, 2, 3]"),
        ([1], "[1]"),
        (None, "None"),
        (True, "True"),
    ],
)
def test_a_tolerance_is_shown_as_a_range_where_it_is_one(tmp_path: Path, tolerance: Any, shown: str) -> None:
    run = resilient_run()
    state("after", measured(5, activity=PROBE | {"tolerance": tolerance}))(run)
    found = answer(run, tmp_path, "after")
    assert found is not None
    assert found[1] == f"probe 'how many' measured 5, outside of its tolerance {shown}"


def test_what_the_toolkit_says_of_its_end_counts_after_the_method_only(tmp_path: Path) -> None:
    run = resilient_run()
    state("after", measured(1), deviated=True)(run)
    assert answer(run, tmp_path / "after", "after") == (
        "fail",
        "the toolkit says that the steady state deviated, and its measurement after the method says met",
        "journal.json#deviated",
    )
    state("before", measured(1))(run)
    assert answer(run, tmp_path / "before", "before") == (
        "pass",
        "1 probe within tolerance before the method",
        "journal.json#steady_states.before",
    )


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_tolerance_that_everything_meets_proves_nothing(tmp_path: Path, when: str) -> None:
    run = resilient_run()
    state(when, measured(1))(run)
    run.experiment["steady-state-hypothesis"]["probes"] = [
        PROBE | {"tolerance": {"type": "regex", "pattern": ".*"}}
    ]
    del run.rows[1:]
    check = next(
        check
        for check in judge_run(run.write(tmp_path)).checks
        if check.id == f"SYS_STEADY_STATE_{when.upper()}"
    )
    assert (check.status, check.evidence) == ("unknown", f"journal.json#steady_states.{when}")
    why = "probe 'how many': the regex '.*' matches any text"
    assert check.details == f"{why}. Next: name what must be in it"


@pytest.mark.parametrize("when", ["before", "after"])
def test_without_a_journal_nothing_is_known_of_it(tmp_path: Path, when: str) -> None:
    run = resilient_run()
    run.without.add("journal.json")
    missing = "journal.json: there is no such file"
    assert answer(run, tmp_path, when) == ("unknown", missing, f"journal.json#steady_states.{when}")


@pytest.mark.parametrize("when", ["before", "after", "during"])
def test_a_dry_experiment_measured_nothing(tmp_path: Path, when: str) -> None:
    run = resilient_run()
    state(when, [measured(1)] if when == "during" else measured(1))(run)
    run.experiment["dry"] = "probes"
    evidence = f"journal.json#steady_states.{when}"
    assert answer(run, tmp_path, when) == (
        "unknown",
        "nothing was measured: the experiment ran dry (probes)",
        evidence,
    )


GOOD, BAD = measured(1), measured(7, met=False)
MUTE = measured(7, met=False, status="failed", exception=["no route\n"])


@pytest.mark.parametrize(
    ("states", "probes", "status", "details"),
    [
        ([GOOD], 1, "pass", "met each of 1 time that it was measured during the method"),
        ([GOOD, GOOD], 1, "pass", "met each of 2 times that it was measured during the method"),
        (
            [GOOD, BAD, measured(8, met=False)],
            1,
            "fail",
            "the steady state was not met 2 of 3 times during the method, first at at 7: "
            "probe 'how many' measured 7, outside of its tolerance 0 to 1",
        ),
        (
            [MUTE, BAD],
            1,
            "fail",
            "the steady state was not met 2 of 2 times during the method, first at at 7: "
            "probe 'how many' measured 7, outside of its tolerance 0 to 1",
        ),
        (
            [MUTE, GOOD],
            1,
            "unknown",
            "the steady state was not met 1 of 2 times during the method, first at at 7: "
            "probe 'how many' did not answer: no route",
        ),
        (
            [measured(1, met=False)],
            1,
            "fail",
            "the steady state was not met 1 of 1 time during the method, first at an unknown instant",
        ),
        (
            [measured(met=False)],
            1,
            "fail",
            "the steady state was not met 1 of 1 time during the method, first at an unknown instant",
        ),
        (
            [measured(0, 7)],
            2,
            "fail",
            "the steady state was not met 1 of 1 time during the method, first at at 7: "
            "probe 'how many' measured 7, outside of its tolerance 0 to 1",
        ),
        ([GOOD, measured(0, 1)], 2, "unknown", "not every probe was asked in 1 measurement"),
        ([GOOD, GOOD], 2, "unknown", "not every probe was asked in 2 measurements"),
    ],
)
def test_the_hypothesis_held_each_time_that_it_was_measured(
    tmp_path: Path, states: list[dict[str, Any]], probes: int, status: str, details: str
) -> None:
    run = resilient_run()
    during(*states, probes=probes)(run)
    assert answer(run, tmp_path, "during") == (status, details, "journal.json#steady_states.during")


@pytest.mark.parametrize(
    ("strategy", "applies"),
    [
        ("continuously", True),
        ("during-method-only", True),
        ("default", False),
        ("before-method-only", False),
        (None, False),
    ],
)
def test_only_a_run_of_which_it_was_asked_has_the_row(
    tmp_path: Path, strategy: str | None, applies: bool
) -> None:
    run = resilient_run()
    run.experiment["runtime"] = {"hypothesis": {"strategy": strategy}}
    why = (
        "runtime.hypothesis.strategy asks for the hypothesis during the method, and none was made: "
        "see chaostoolkit.log"
    )
    expected = ("unknown", why, "journal.json#steady_states.during") if applies else None
    assert answer(run, tmp_path, "during") == expected
