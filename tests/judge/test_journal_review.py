"""What the rules of a review find in a run's own journal joins its checks, and what an experiment says proves the
effect of somebody else's action is held against it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from chaosproof.judge.judge import judge_run
from chaosproof.runfolder.checks import Check
from tests.support.runs import DURATION_S, FAULT_AT, LOAD_AT, RATE_RPS, Run, activity, ran, resilient_run

KILL = activity("kill a pod", "chaosk8s.pod.actions", "terminate_pods", label_selector="app=shop")
GONE = {**activity("a pod is gone", "probes.shop", "pods"), "tolerance": 1}


def iso(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).isoformat()


def killed(shows: Any, output: Any = ("shop-1",), at_s: float = FAULT_AT, *probes: tuple[float, Any]) -> Run:
    """A run whose fault is by a driver of the toolkit, which writes no row of faults.jsonl."""
    run = resilient_run()
    run.without.add("faults.jsonl")
    run.faults.clear()
    entry = {**ran(KILL, output), "start": iso(at_s), "end": iso(at_s + 0.2)}
    asked = [{**ran(GONE, value), "start": iso(at), "end": iso(at + 0.1)} for at, value in probes]
    run.experiment["method"][1:] = [KILL, *[GONE] * len(asked)]
    run.journal["run"][1:] = [entry, *asked]
    if shows is not None:
        run.experiment["extensions"][0]["evidence"] = [{"activity": KILL["name"], "shows": shows}]
    return run


def checks_of(run: Run, folder: Path) -> dict[str, Check]:
    return {check.id: check for check in judge_run(run.write(folder)).checks}


@pytest.mark.parametrize(
    ("run", "status", "words"),
    [
        (lambda: killed(None), "unknown", '"evidence": [{"activity": "kill a pod", "shows": "output is not empty"}]'),
        (lambda: killed("output is not empty"), "pass", "'kill a pod' acted: its output is not empty"),
        (
            lambda: killed("output is not empty", []),
            "unknown",
            "what shall prove 'kill a pod', that its output is not empty, was not seen: the action returned []. Next: "
            "see why the action had no effect",
        ),
        (
            lambda: killed({"probe": "a pod is gone"}, None, FAULT_AT, (FAULT_AT - 1, 2), (FAULT_AT + 1, 1)),
            "pass",
            "'kill a pod' acted: the probe 'a pod is gone' is within its tolerance",
        ),
        (
            lambda: killed({"probe": "a pod is gone"}, None, FAULT_AT, (FAULT_AT - 1, 1), (FAULT_AT + 1, 1)),
            "unknown",
            "that the probe 'a pod is gone' is within its tolerance, was there before the action already",
        ),
        (
            lambda: killed("output is not empty", ["shop-1"], LOAD_AT - 1),
            "unknown",
            "the load was not on when 'kill a pod' began. Next: let it begin while the load is on",
        ),
        (
            lambda: killed("output is not empty", ["shop-1"], FAULT_AT + 3600),
            "unknown",
            "the load was not on when 'kill a pod' began",
        ),
    ],
    ids=["nothing", "output", "empty", "probe", "true before", "before the load", "after the load"],
)  # fmt: skip
def test_a_fault_of_somebody_elses_is_proved_by_what_the_experiment_says(
    run: Any, status: str, words: str, tmp_path: Path
) -> None:
    """Nothing else vouches for it."""
    checks = checks_of(run(), tmp_path)
    assert checks["SYS_FAULT_HIT"].status == status
    assert words in checks["SYS_FAULT_HIT"].details
    if status == "pass":
        assert {id for id, check in checks.items() if check.status != "pass"} == set()
        nothing_more = "no fault of ours was on; of 'kill a pod' nothing here is known but that it acted"
        assert {checks[id].details for id in ("SYS_FAULT_ENDED", "SYS_FAULT_CANARY")} == {nothing_more}


@pytest.mark.parametrize(("behind_s", "status"), [(1.15, "pass"), (1.05, "unknown"), (0.05, "unknown")])
def test_the_load_goes_on_behind_an_action_of_others(tmp_path: Path, behind_s: float, status: str) -> None:
    """For a second of requests, and for half of the 0.2 s that it takes itself."""
    run = killed("output is not empty", ["shop-1"], LOAD_AT + DURATION_S - 1 / RATE_RPS - behind_s)
    found = checks_of(run, tmp_path)["SYS_FAULT_HIT"]
    assert found.status == status
    sentence = f"of 'kill a pod': the load went on for {behind_s:.2f} s behind it, and what it does to requests takes"
    assert (sentence in found.details) is (status == "unknown")


def test_all_evidence_of_an_action_has_to_be_seen(tmp_path: Path) -> None:
    run = killed("output is not empty")
    run.experiment["extensions"][0]["evidence"].append(
        {"activity": "kill a pod", "shows": {"probe": "a pod is gone"}}
    )
    found = checks_of(run, tmp_path)["SYS_FAULT_HIT"]
    assert (found.status, "there is no probe 'a pod is gone' in the method" in found.details) == (
        "unknown",
        True,
    )


def test_evidence_proves_one_action_and_no_other(tmp_path: Path) -> None:
    run = killed("output is not empty")
    other = {**KILL, "name": "kill another"}
    run.experiment["method"].append(other)
    run.journal["run"].append(ran(other, ["shop-2"]))
    found = checks_of(run, tmp_path)["SYS_FAULT_HIT"]
    assert found.status == "unknown"
    assert found.details.startswith("of 'kill another' (python chaosk8s.pod.actions.terminate_pods) nothing")


@pytest.mark.parametrize("fault", [True, False])
def test_a_fault_of_ours_beside_it_is_held_to_its_own_record(tmp_path: Path, fault: bool) -> None:
    run = resilient_run()
    run.experiment["method"].append(KILL)
    run.journal["run"].append({**ran(KILL, ["shop-1"]), "start": iso(FAULT_AT), "end": iso(FAULT_AT + 1)})
    run.experiment["extensions"][0]["evidence"] = [{"activity": KILL["name"], "shows": "output is not empty"}]
    if not fault:
        run.faults[0]["packets"] = 0
    assert checks_of(run, tmp_path)["SYS_FAULT_HIT"].status == ("pass" if fault else "fail")


def test_a_finding_that_no_other_check_has_is_a_row(tmp_path: Path) -> None:
    """A file is there whether or not the service runs."""
    run = resilient_run()
    (probe,) = run.experiment["steady-state-hypothesis"]["probes"]
    exists = {"type": "python", "module": "os.path", "func": "exists", "arguments": {"path": "/run/shop.pid"}}
    probe.update(tolerance=True, provider=exists)
    for when in ("before", "after"):
        run.journal["steady_states"][when]["probes"][0].update(activity=probe, output=True)
    found = checks_of(run, tmp_path)["SYS_REVIEW"]
    assert (found.status, found.evidence) == (
        "unknown",
        "journal.json#experiment.steady-state-hypothesis.probes.0",
    )
    assert found.details == (
        f"only-a-file: the probe {probe['name']!r} of the hypothesis asks whether /run/shop.pid is there: a file "
        "outlives the process that wrote it. Next: ask the service itself: send it a request, or signal 0 to the "
        "process that the file names"
    )


def test_a_finding_that_a_check_has_already_is_no_second_row(tmp_path: Path) -> None:
    """A probe of the method that missed its tolerance is one mistake, and SYS_ACTIVITIES has it."""
    run = resilient_run()
    probe = {**activity("orders", "shop.probes", "orders"), "tolerance": 3}
    run.experiment["method"].append(probe)
    run.journal["run"].append(ran(probe, 2))
    checks = checks_of(run, tmp_path)
    assert checks["SYS_ACTIVITIES"].status == "fail"
    assert "SYS_REVIEW" not in checks


def test_a_true_run_has_no_row_of_it(tmp_path: Path) -> None:
    assert "SYS_REVIEW" not in checks_of(resilient_run(), tmp_path)


def test_the_journal_is_held_to_the_variables_of_the_run(tmp_path: Path) -> None:
    """They may have been others than in the file, by `--var`."""
    run = resilient_run()
    run.experiment["configuration"]["orders_min"] = {"type": "env", "key": "ORDERS_MIN", "default": 3}
    run.session["variables"]["orders_min"] = 2
    probe = {**activity("orders", "shop.probes", "orders"), "tolerance": "${orders_min}"}
    run.experiment["method"].append(probe)
    run.journal["run"].append(ran(probe, 2))
    checks = checks_of(run, tmp_path)
    assert checks["SYS_ACTIVITIES"].status == "pass"
    assert "SYS_REVIEW" not in checks


@pytest.mark.parametrize(
    "tolerance",
    [
        {"type": "regex", "pattern": "a{99999999999999999999}"},
        {"type": "regex", "pattern": "(" * 3000},
        {"type": "jsonpath", "path": "$." + "a." * 3000 + "b"},
    ],
    ids=["repetitions", "brackets", "path"],
)
def test_a_tolerance_that_python_itself_refuses_is_not_met(tolerance: Any, tmp_path: Path) -> None:
    """And no crash."""
    run = killed({"probe": "a pod is gone"}, None, FAULT_AT, (FAULT_AT + 1, "aaa"))
    probe = {**GONE, "tolerance": tolerance}
    run.experiment["method"][-1] = run.journal["run"][-1]["activity"] = probe
    checks = checks_of(run, tmp_path)
    assert (checks["SYS_FAULT_HIT"].status, checks["SYS_ACTIVITIES"].status) == ("unknown", "fail")
    assert "rule-failed" not in str(checks)


def only_loaded() -> Run:
    """A run in which nothing was tried: its method has a load, which says what it will do, and a wait."""
    run = resilient_run()
    run.without.add("faults.jsonl")
    run.faults.clear()
    for entries in (run.experiment["method"], run.journal["run"]):
        del entries[1]
    return run


def test_a_load_proves_no_fault(tmp_path: Path) -> None:
    """What it returned says that it began, and nothing of a fault."""
    run = only_loaded()
    run.experiment["extensions"][0]["evidence"] = [
        {"activity": "measured load", "shows": "output is not empty"}
    ]
    found = checks_of(run, tmp_path)["SYS_FAULT_HIT"]
    assert (found.status, "no action but its load" in found.details) == ("unknown", True)


def test_evidence_of_what_is_no_fault_proves_no_fault(tmp_path: Path) -> None:
    """The experiment says itself that its one action but the load is none."""
    run = only_loaded()
    helper = activity("warm the cache", "shop.cache", "warm")
    run.experiment["method"].append(helper)
    run.journal["run"].append({**ran(helper, ["warm"]), "start": iso(LOAD_AT - 5), "end": iso(LOAD_AT - 4)})
    run.experiment["extensions"][0]["no_fault"] = ["warm the cache"]
    run.experiment["extensions"][0]["evidence"] = [
        {"activity": "warm the cache", "shows": "output is not empty"}
    ]
    found = checks_of(run, tmp_path)["SYS_FAULT_HIT"]
    assert (found.status, "no action but its load" in found.details) == ("unknown", True)


def test_what_could_prove_nothing_proves_nothing_after_the_run_either(tmp_path: Path) -> None:
    run = killed({"probe": "a pod is gone"}, None, FAULT_AT, (FAULT_AT + 1, 7))
    run.experiment["method"][-1] = run.journal["run"][-1]["activity"] = {**GONE, "tolerance": [0, 1e308]}
    found = checks_of(run, tmp_path)["SYS_FAULT_HIT"]
    assert (found.status, "cannot be outside of its tolerance" in found.details) == ("unknown", True)


def test_a_probe_of_the_name_of_an_action_may_be_asked_before_the_load(tmp_path: Path) -> None:
    """It is the action that has to be under it."""
    run = killed("output is not empty")
    probe = activity(KILL["name"], "probes.shop", "pods")
    run.experiment["method"].insert(0, probe)
    run.journal["run"].insert(0, {**ran(probe, 2), "start": iso(LOAD_AT - 3), "end": iso(LOAD_AT - 2)})
    assert checks_of(run, tmp_path)["SYS_FAULT_HIT"].status == "pass"


@pytest.mark.parametrize("evidence", [True, False])
def test_an_action_by_reference_is_an_action(tmp_path: Path, evidence: bool) -> None:
    """Beside a fault of ours it would else go without any proof; with evidence it has one."""
    run = resilient_run()
    run.experiment["rollbacks"].append(KILL)
    run.journal["rollbacks"].append(ran(KILL, ["shop-2"]))
    run.experiment["method"].append({"ref": KILL["name"]})
    run.journal["run"].append({**ran(KILL, ["shop-1"]), "start": iso(FAULT_AT), "end": iso(FAULT_AT + 1)})
    if evidence:
        run.experiment["extensions"][0]["evidence"] = [
            {"activity": KILL["name"], "shows": "output is not empty"}
        ]
    assert checks_of(run, tmp_path)["SYS_FAULT_HIT"].status == ("pass" if evidence else "unknown")
