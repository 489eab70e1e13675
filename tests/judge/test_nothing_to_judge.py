"""What is answered where there is nothing to judge: no load, no fault, no claim, no machine that could."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chaosproof.experiment.claims import claims_of
from chaosproof.judge.absent_fault import no_fault
from chaosproof.judge.absent_load import no_load
from chaosproof.judge.capability import missing_capability
from chaosproof.judge.checks.base import Material
from chaosproof.judge.figures.request_stats import RequestStats
from chaosproof.judge.figures.summary import figures_of
from chaosproof.judge.journal_review import reviewed_run
from chaosproof.judge.next_steps import add_next_step, answer_of, filled_in
from chaosproof.judge.nothing_claimed import nothing_claimed
from chaosproof.runfolder.checks import Check
from chaosproof.runfolder.run_folder import RunFolder, read_run
from tests.support.runs import Run, activity, disturbed, ran, resilient_run

Bend = Callable[[Run], object]
KILL = {"type": "action", "name": "kill it", "provider": {"type": "process", "path": "true"}}
DISTURB = activity("slow", "chaosproof.actions.app", "disturb", service="app-b")


def read(run: Run, folder: Path) -> RunFolder:
    del run.rows[1:]
    return read_run(run.write(folder))


def fault_answer(run: Run, folder: Path) -> Check | None:
    found = read(run, folder)
    return no_fault("X", found, reviewed_run(found))


def method(*others: dict[str, Any]) -> Bend:
    """No fault was recorded, and these stand in the place of its action."""

    def bend(run: Run) -> None:
        run.without.add("faults.jsonl")
        run.faults.clear()
        run.experiment["method"][1:2] = others
        run.journal["run"][1:2] = [ran(other) for other in others]

    return bend


def planned_and_unseen(run: Run) -> None:
    run.faults.clear()


def lacking(run: Run) -> None:
    planned_and_unseen(run)
    run.journal["run"][1].update(status="failed", exception=["x\n", "a.CapabilityError: no sch_netem \n"])


def silent(run: Run) -> None:
    planned_and_unseen(run)
    run.journal["run"].clear()


def denied(run: Run) -> None:
    method(KILL)(run)
    run.experiment["extensions"][0]["no_fault"] = True


def torn(run: Run) -> None:
    method()(run)
    run.without.clear()
    run.raw["faults.jsonl"] = b'{"id": '


def nobody(run: Run) -> None:
    method()(run)
    run.without.add("journal.json")


METHOD = "journal.json#experiment"
NOT_OURS = (
    "of 'kill it' (process true) nothing recorded whether it hit anything: a row of faults.jsonl would prove it, and "
    "only actions of this project write one. Next: use one of chaosproof.actions.network, "
    "chaosproof.actions.process, chaosproof.actions.nats; "
    'or say in the extension what shows it: "evidence": [{"activity": "kill it", "shows": "output is not empty"}]; '
    'or, for what is not the fault, write "no_fault": ["kill it"] into the extension'
)


@pytest.mark.parametrize(
    ("bend", "expected"),
    [
        (lambda r: None, None),
        (
            nobody,
            Check(
                "X",
                "unknown",
                "whether a fault was planned is not known; journal.json: there is no such file",
                "journal.json",
            ),
        ),
        (
            lacking,
            Check(
                "X",
                "unknown",
                "this machine cannot do the fault: no sch_netem",
                "journal.json#run",
                skipped=True,
            ),
        ),
        (silent, Check("X", "unknown", "no activity of the method ran, so no fault did", "journal.json#run")),
        (
            planned_and_unseen,
            Check("X", "fail", "the method plans a fault (reset), and none was recorded", "faults.jsonl"),
        ),
        (denied, Check("X", "pass", 'the experiment says that it has no fault ("no_fault": true)', METHOD)),
        (method(KILL), Check("X", "unknown", NOT_OURS, METHOD)),
        (
            method(DISTURB),
            Check(
                "X",
                "unknown",
                "nobody saw the disturbance of app-b work. Next: add chaosproof.actions.app.wait_until_ended for "
                "it after the load",
                METHOD,
            ),
        ),
        (
            method(activity("slow", "chaosproof.actions.app", "disturb")),
            Check(
                "X",
                "unknown",
                "nobody saw the disturbance of a service work. Next: add chaosproof.actions.app.wait_until_ended for "
                "it after the load",
                METHOD,
            ),
        ),
        (
            method(),
            Check(
                "X",
                "unknown",
                "the method has no action but its load, so nothing was tried. Next: add a fault, such as "
                'chaosproof.actions.network.reset, or write "no_fault": true into the extension if there is to be none',
                METHOD,
            ),
        ),
        (
            lambda r: (method(DISTURB)(r), disturbed(r, 5.0, 1.0)),
            Check(
                "X",
                "pass",
                "no fault planned: the method calls nothing of chaosproof.actions.network, "
                "chaosproof.actions.process, chaosproof.actions.nats",
                METHOD,
            ),
        ),
    ],
)
def test_without_a_fault_it_is_said_why_there_is_none(
    tmp_path: Path, bend: Bend, expected: Check | None
) -> None:
    run = resilient_run()
    bend(run)
    assert fault_answer(run, tmp_path) == expected


def test_a_name_is_written_as_it_is_to_be_written_into_the_extension(tmp_path: Path) -> None:
    run = resilient_run()
    method(KILL | {"name": "töte"}, KILL)(run)
    found = fault_answer(run, tmp_path)
    assert found is not None
    assert found.details.startswith("of 'töte' (process true), 'kill it' (process true) nothing recorded")
    assert found.details.endswith('write "no_fault": ["töte", "kill it"] into the extension')


def test_a_ledger_that_cannot_be_read_is_said_to_be_so(tmp_path: Path) -> None:
    run = resilient_run()
    torn(run)
    found = fault_answer(run, tmp_path)
    assert found is not None
    assert (found.status, found.evidence) == ("unknown", "faults.jsonl")
    assert found.details.startswith("faults.jsonl: ")


def loadless(run: Run) -> None:
    run.experiment["method"][:] = run.experiment["method"][1:2]
    run.journal["run"][:] = run.journal["run"][1:2]
    run.without |= {"load-plan.json", "load-done.json"}


@pytest.mark.parametrize(
    ("bend", "rows", "expected"),
    [
        (lambda r: None, 0, None),
        (
            loadless,
            0,
            Check(
                "X",
                "pass",
                "the method calls nothing of chaosproof.actions.load, and no load was recorded",
                "journal.json#experiment",
            ),
        ),
        (loadless, 1, None),
        (lambda r: (loadless(r), r.without.discard("load-plan.json")), 0, None),
        (lambda r: (loadless(r), r.without.discard("load-done.json")), 0, None),
        (
            lambda r: (loadless(r), r.without.add("journal.json")),
            0,
            Check(
                "X",
                "unknown",
                "whether there was a load is not known; journal.json: there is no such file",
                "journal.json",
            ),
        ),
    ],
)
def test_without_a_load_it_is_said_why_there_is_none(
    tmp_path: Path, bend: Bend, rows: int, expected: Check | None
) -> None:
    run = resilient_run()
    bend(run)
    found, stats = read(run, tmp_path), RequestStats(rows=rows)
    assert no_load("X", Material(found, stats, RequestStats(), figures_of(found, RequestStats()))) == expected


@pytest.mark.parametrize(
    ("exceptions", "missing"),
    [
        ([["CapabilityError: no tc\n"]], "no tc"),
        ([["x.CapabilityError: no tc \n"], ["CapabilityError: no nft"]], "no tc"),
        ([["NoCapabilityError: no tc"], ["CapabilityError:no nft"]], ""),
        ([[], ["other: x", "CapabilityError: no nft", "CapabilityError: no tc"]], "no nft"),
    ],
)
def test_the_first_activity_that_lacked_something_says_what(
    tmp_path: Path, exceptions: list[list[str]], missing: str
) -> None:
    run = resilient_run()
    for entry, exception in zip(run.journal["run"], exceptions, strict=False):
        entry.update(status="failed", exception=exception)
    run.journal["run"][2].update(exception=["CapabilityError: nobody failed for this"])
    assert missing_capability(read(run, tmp_path)) == missing


CLAIM = {"id": "C1", "claim": "x", "figure": "load.ok", "at_least": 1}
ORDER = {"id": "C2", "claim": "x", "in_order": ["resilient.load.ok", "baseline.load.ok"]}


def claims(run: Run, checks: list[Any], compare: list[Any], mode: str) -> None:
    run.experiment["extensions"][0].update(checks=checks, compare=compare)
    run.session["mode"] = mode


NONE = "the experiment claims nothing. Next: add a claim to `checks` of its extension"
NOT_HERE = (
    "none of the 2 claims of the experiment applies in mode pool. Next: run it in a mode that one names, or widen its "
    "`modes`"
)


@pytest.mark.parametrize(
    ("checks", "compare", "mode", "details"),
    [
        ([CLAIM], [], "pool", ""),
        ([], [], "pool", NONE),
        (
            [CLAIM | {"modes": ["baseline"]}, CLAIM | {"modes": ["resilient"], "id": "C3"}],
            [],
            "pool",
            NOT_HERE,
        ),
        ([], [ORDER], "resilient", ""),
        ([], [ORDER], "baseline", ""),
        ([], [ORDER], "pool", NONE),
        ([], [ORDER | {"in_order": ["resilient.load.ok"]}], "resilient", ""),
        ([], [CLAIM | {"figure": "resilient.load.ok"}], "baseline", ""),
        ([], [], "baseline", NONE),
    ],
)
def test_a_run_of_which_nothing_is_claimed_has_a_row_that_says_so(
    tmp_path: Path, checks: list[Any], compare: list[Any], mode: str, details: str
) -> None:
    run = resilient_run()
    claims(run, checks, compare, mode)
    found = read(run, tmp_path)
    own = [claim for claim in claims_of(found.experiment, "checks") if claim.applies_to(mode)]
    row = Check("SYS_CLAIMS", "unknown", details, "journal.json#experiment.extensions")
    assert list(nothing_claimed(found, own)) == ([row] if details else [])


@pytest.mark.parametrize("name", ["experiment.json", "experiment.yaml"])
def test_a_key_that_stands_twice_makes_it_unclear_what_was_claimed(tmp_path: Path, name: str) -> None:
    found = read(resilient_run(), tmp_path)
    assert list(nothing_claimed(found, claims_of(found.experiment, "checks"))) == []
    text = '{"title": "a", "title": "b"}' if name.endswith("json") else "title: a\ntitle: b\n"
    (tmp_path / name).write_text(text)
    (row,) = nothing_claimed(found, claims_of(found.experiment, "checks"))
    assert (row.id, row.status, row.evidence) == ("SYS_CLAIMS", "unknown", "experiment.json")
    assert row.details.startswith("it is not clear what was claimed: ") and "title" in row.details


ALL = "{again}|{file}|{rate_rps}|{connections}|{instance}"


@pytest.mark.parametrize(
    ("bend", "step"),
    [
        (
            lambda r: None,
            "chaos run experiments/s4.json --var mode=resilient|experiments/s4.json|50|20|app-a-0",
        ),
        (
            lambda r: (r.session.pop("experiment_file"), r.session.update(mode="")),
            "chaos run experiments/s4.json|experiments/s4.json|50|20|app-a-0",
        ),
        (
            lambda r: (r.session.pop("experiment_file"), r.session.pop("experiment"), r.session.pop("mode")),
            "chaos run experiments/EXPERIMENT.json|experiments/EXPERIMENT.json|50|20|app-a-0",
        ),
        (
            lambda r: (r.plan.update(rate_rps=0.5, connections=None), r.session["variables"].clear()),
            "chaos run experiments/s4.json --var mode=resilient|experiments/s4.json|0.5|unknown|the instance",
        ),
        (
            lambda r: r.plan.update(rate_rps=None),
            "chaos run experiments/s4.json --var mode=resilient|experiments/s4.json|no cap|20|app-a-0",
        ),
    ],
)
def test_a_step_has_the_options_that_the_run_was_given(tmp_path: Path, bend: Bend, step: str) -> None:
    run = resilient_run()
    bend(run)
    assert filled_in(ALL, read(run, tmp_path)) == step


def test_a_step_is_put_behind_an_answer_once() -> None:
    broken = Check("X", "fail", "it broke...", "x")
    stepped = add_next_step(broken, "mend it")
    assert stepped == Check("X", "fail", "it broke. Next: mend it", "x")
    assert add_next_step(stepped, "or not") == stepped
    assert add_next_step(broken, "") == broken
    assert answer_of(stepped) == "it broke"
    assert answer_of(Check("X", "fail", "a. Next: b. Next: c", "x")) == "a"
