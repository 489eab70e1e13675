"""What the rows of a pack follow from: instances that were seen to be ready, probes that were answered, figures."""

from collections.abc import Callable
from pathlib import Path

import pytest

from chaosproof.evidence.check import Check
from chaosproof.evidence.pack.judged import Judged, JudgedRun, judge_runs
from chaosproof.evidence.pack.router_checks import answered, ready
from chaosproof.evidence.pack.rows import counts_in_verdict, rows_of
from chaosproof.evidence.pack.rules import Rule, parse_rules
from chaosproof.evidence.pack.sources import one_commit
from chaosproof.evidence.pack.write import write_pack
from tests.evidence.runs import T0, Run, activity, ran, resilient_run

from .packs import NOW, true_pair, write_run

READY = Rule("SYS_NATS_UP", "NATS was up", "ready", "nats", ("r1.resilient", "r2.resilient"))
ASK = Rule("SYS_IPC_PING", "a frame was answered", "probe", "probes.router.ask", ("r1.resilient",))
GATE = """
schema_version: 1
version: "1"
every_run: []
suites: {a: {category: a, checks: [SYS_ONE_COMMIT]}}
profiles: {all: [a]}
checks:
  SYS_UP: {claim: "NATS was up", ready: nats, of: [r1.resilient, r2.resilient]}
  SYS_PING: {claim: "a frame was answered", probe: probes.router.ask, of: [r1.resilient]}
  SYS_ALL: {claim: "all is well", run: r1.resilient}
perf:
  PERF_P99: {claim_id: r1.resilient.C08}
  PERF_ERRORS: {run: r1.resilient, figure: load.errors, at_least: 3, claim: "three errors at least"}
  PERF_ELSEWHERE: {run: r6.resilient, figure: load.errors, at_most: 3, claim: "of a run that is not there"}
"""


def router_run(experiment: str = "r1") -> Run:
    """A run of a router stack, as far as its rows need it."""
    run = resilient_run()
    run.session |= {"experiment": experiment, "ready_at": T0 + 3}
    for name in ("nats", "gateway"):
        run.session["instances"].append({"name": f"{name}-0", "service": name, "address": "10.0.0.9"})
        run.session["states"][f"{name}-0"] = dict(run.session["states"]["app-a-0"])
        run.readiness.append({"at": T0 + 2, "instance": f"{name}-0", "event": "ready", "detail": ""})
    run.readiness.sort(key=lambda row: row["at"])
    probe = activity("a request is answered", "probes.router", "ask") | {"tolerance": "ok"}
    run.experiment["steady-state-hypothesis"]["probes"].append(probe)
    for moment in ("before", "after"):
        run.journal["steady_states"][moment]["probes"].append(ran(probe, "ok") | {"tolerance_met": True})
    return run


def judged(folder: Path, *runs: Run) -> tuple[JudgedRun, ...]:
    places = []
    for run in runs:
        written = write_run(folder / "runs", run, "20270115T080000Z")
        places.append(written.relative_to(folder).as_posix())
    return judge_runs(folder, places, {}).runs


def asked(rule: Rule, folder: Path, *runs: Run) -> Check:
    return (ready if rule.kind == "ready" else answered)(rule, judged(folder, *runs))


def last_probe(run: Run, moment: str) -> dict[str, object]:
    found: dict[str, object] = run.journal["steady_states"][moment]["probes"][-1]
    return found


def test_an_instance_that_was_seen_to_be_ready_was_up(tmp_path: Path) -> None:
    check = asked(READY, tmp_path, router_run("r1"), router_run("r2"))
    assert (check.status, check.details) == ("pass", "NATS was up, in r1.resilient, r2.resilient")
    assert check.evidence == "runs/r2/resilient/20270115T080000Z/readiness.ndjson"


LATE: dict[str, tuple[Callable[[Run], object], str, str]] = {
    "ready after the run began": (
        lambda run: [row.update(at=T0 + 4) for row in run.readiness if row["instance"] == "nats-0"],
        "fail",
        "r1.resilient: nats-0 was not seen to be ready before the run began",
    ),
    "never ready": (lambda run: run.readiness.clear(), "fail", "nats-0 was not seen to be ready"),
    "another one ready": (
        lambda run: [row.update(instance="nats-1") for row in run.readiness if row["instance"] == "nats-0"],
        "fail",
        "nats-0 was not seen to be ready",
    ),
    "started only": (
        lambda run: [row.update(event="started") for row in run.readiness if row["instance"] == "nats-0"],
        "fail",
        "nats-0 was not seen to be ready",
    ),
    "no such service": (
        lambda run: [one.update(service="no") for one in run.session["instances"] if one["name"] == "nats-0"],
        "unknown",
        "r1.resilient knows no instance of nats that was waited for",
    ),
    "never waited for": (
        lambda run: run.session.update(ready_at=None),
        "unknown",
        "knows no instance of nats",
    ),
}


@pytest.mark.parametrize("what", LATE)
def test_an_instance_that_was_not_is_told_with_its_run(tmp_path: Path, what: str) -> None:
    bend, status, says = LATE[what]
    run = router_run("r1")
    bend(run)
    check = asked(READY, tmp_path, run, router_run("r2"))
    assert check.status == status
    assert says in check.details
    assert check.evidence == "runs/r1/resilient/20270115T080000Z/readiness.ndjson"


def test_a_probe_that_was_answered_before_and_after_is(tmp_path: Path) -> None:
    check = asked(ASK, tmp_path, router_run())
    assert (check.status, check.details) == ("pass", "a frame was answered, in r1.resilient")
    assert check.evidence == "runs/r1/resilient/20270115T080000Z/journal.json#steady_states"


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_probe_that_was_not_answered_is_told_with_the_moment(tmp_path: Path, moment: str) -> None:
    for place, change in enumerate(({"tolerance_met": False}, {"status": "failed"}, {"tolerance_met": None})):
        run = router_run()
        last_probe(run, moment).update(change)
        check = asked(ASK, tmp_path / str(place), run)
        assert check.status == "fail"
        assert f"probes.router.ask was not answered {moment} the method" in check.details
    run = router_run()
    run.journal["steady_states"][moment]["probes"].pop()
    check = asked(ASK, tmp_path / "none", run)
    assert check.status == "unknown"
    assert f"probes.router.ask was not asked {moment} the method" in check.details


def test_the_rows_that_rules_lead_to(tmp_path: Path) -> None:
    found = judged(tmp_path, router_run())
    rows = {row.id: row for row in rows_of(Judged(found, ()), parse_rules(GATE, "gate"), {}, {})}
    assert rows["SYS_UP"].status == rows["SYS_PING"].status == "pass"
    assert rows["PERF_P99"].details.startswith("few requests fail: load.error_ratio = 0.001")
    assert "r1.resilient.C08" not in rows, "a claim has one row"
    assert (rows["PERF_ERRORS"].status, rows["PERF_ERRORS"].details) == (
        "fail",
        "three errors at least: load.errors = 2 (at least 3)",
    )
    assert "PERF_ELSEWHERE" not in rows
    assert rows["SYS_ALL"].status == "pass"
    count = sum(id.startswith("r1.resilient.") for id in rows)
    assert rows["SYS_ALL"].details == f"all is well: all {count} checks of r1.resilient pass"


def test_a_figure_does_not_count_in_what_is_made_of_its_run(tmp_path: Path) -> None:
    run = router_run()
    run.session["variables"]["error_ratio_max"] = 0.0001
    rows = {
        row.id: row for row in rows_of(Judged(judged(tmp_path, run), ()), parse_rules(GATE, "gate"), {}, {})
    }
    assert (rows["PERF_P99"].status, rows["SYS_ALL"].status) == ("fail", "pass")
    strict = GATE.replace("  PERF_P99: {claim_id: r1.resilient.C08}\n", "")
    rows = {
        row.id: row
        for row in rows_of(Judged(judged(tmp_path / "b", run), ()), parse_rules(strict, "gate"), {}, {})
    }
    assert rows["SYS_ALL"].status == "fail"
    assert rows["SYS_ALL"].details.startswith("all is well: C08: few requests fail: load.error_ratio = 0.001")


@pytest.mark.parametrize(
    ("id", "counts"),
    [
        ("SYS_S4", True),
        ("s4.resilient.PERF_X", True),
        ("s4.compare.C05", True),
        ("PERF_R1_P50", False),
        ("INFO_s4.baseline.C08", False),
    ],
)
def test_the_beginning_of_an_id_says_whether_it_counts(id: str, counts: bool) -> None:
    assert counts_in_verdict(id) is counts


@pytest.mark.parametrize(
    ("changes", "status", "says"),
    [
        ({}, "pass", f"all 2 runs are of commit {'c' * 40}"),
        ({"commit": None}, "pass", "all 2 runs are of one version"),
        ({"versions": {"chaosproof": "9"}}, "fail", "the runs are of more than one version: 9 (s4.baseline"),
    ],
)
def test_runs_are_of_one_state_of_the_code(
    tmp_path: Path, changes: dict[str, object], status: str, says: str
) -> None:
    first, second = router_run("r1"), router_run("r2")
    for run in (first, second):
        run.session.update({key: value for key, value in changes.items() if key == "commit"})
    runs = judged(tmp_path, first, second)
    if "versions" in changes:
        path = runs[0].run.path / "session.json"
        path.write_text(path.read_text().replace('"chaosproof": "0.1.0"', '"chaosproof": "9"'))
        runs = judge_runs(tmp_path, [run.place for run in runs], {}).runs
        says = says.replace("s4.baseline", "r1.resilient")
    check = one_commit(runs)
    assert (check.status, says in check.details) == (status, True)


def test_a_variant_is_compared_and_its_own_verdict_only_informs(tmp_path: Path) -> None:
    def with_variant(run: Run) -> None:
        run.experiment["extensions"][0]["variants"] = {"pool1": {"of": "resilient", "differs": "one channel"}}
        run.session["values"] = {
            "pool": 4 if run.session["mode"] == "resilient" else 1,
            "on": run.session["mode"],
        }

    def pool1(run: Run) -> None:
        with_variant(run)
        run.session |= {"mode": "pool1", "values": {"pool": 2, "on": "resilient"}}
        run.session["variables"] |= {"mode": "pool1"}
        run.journal["steady_states"]["after"] |= {"steady_state_met": False}
        run.journal["steady_states"]["after"]["probes"][0]["tolerance_met"] = False

    folders = true_pair(tmp_path / "journals", with_variant, with_variant)
    variant = resilient_run()
    pool1(variant)
    folders.append(write_run(tmp_path / "journals", variant, "20270115T080200Z"))
    pack = write_pack(folders, [], tmp_path / "pack", now=NOW, profile="s4")
    rows = {row.id: row.status for row in pack.checks}
    assert rows["s4.compare.CMP_VARIANT_POOL1"] == "pass"
    assert rows["INFO_s4.pool1.SYS_STEADY_STATE_AFTER"] == "fail"
    assert rows["s4.pool1.SYS_FAULT_HIT"] == "pass"
    assert (pack.gate.status, pack.status) == ("pass", "pass")
    (comparison,) = pack.judged.comparisons
    assert comparison.document["variants"]["pool1"]["run"] == "runs/s4/pool1/20270115T080200Z"
