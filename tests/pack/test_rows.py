"""What the rows of a pack follow from: instances that were seen to be ready, probes that were answered, figures."""

from collections.abc import Callable
from pathlib import Path

import pytest

from chaosproof import __version__
from chaosproof.compare.compare import compare_pairs
from chaosproof.judge.check import failed, passed
from chaosproof.judge.judge import judge_run
from chaosproof.pack.files import hash_file
from chaosproof.pack.gate.gate import decide_gate
from chaosproof.pack.gate.moment_checks import answered, ready
from chaosproof.pack.gate.readiness import readiness_of
from chaosproof.pack.gate.rules import Rule, parse_rules
from chaosproof.pack.judged import Judged, JudgedRun, judge_runs
from chaosproof.pack.rows import counts_in_verdict, rows_of
from chaosproof.pack.sources import information, one_commit, runs_unchanged
from chaosproof.pack.verify import verify_pack
from chaosproof.pack.write_pack import write_pack
from chaosproof.report.write import write_comparison
from chaosproof.runfolder.checks import Check
from tests.support.packs import NOW, true_pair, write_run
from tests.support.runs import T0, Run, activity, baseline_run, ran, resilient_run

READY = Rule("SYS_NATS_UP", "NATS was up", "ready", "nats", ("r1.resilient", "r2.resilient"))
ASK = Rule("SYS_IPC_PING", "a frame was answered", "probe", "chaosproof.probes.router.ask", ("r1.resilient",))
GATE = """
schema_version: 1
version: "1"
every_run: []
suites: {a: {category: a, checks: [SYS_ONE_COMMIT, SYS_ALL]}}
profiles: {all: [a]}
checks:
  SYS_UP: {claim: "NATS was up", ready: nats, of: [r1.resilient, r2.resilient]}
  SYS_PING: {claim: "a frame was answered", probe: chaosproof.probes.router.ask, of: [r1.resilient]}
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
    probe = activity("a request is answered", "chaosproof.probes.router", "ask") | {"tolerance": "ok"}
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
        assert f"chaosproof.probes.router.ask was not answered {moment} the method" in check.details
    run = router_run()
    run.journal["steady_states"][moment]["probes"].pop()
    check = asked(ASK, tmp_path / "none", run)
    assert check.status == "unknown"
    assert f"chaosproof.probes.router.ask was not asked {moment} the method" in check.details


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
        path.write_text(path.read_text().replace(f'"chaosproof": "{__version__}"', '"chaosproof": "9"'))
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


def information_of(runs: tuple[JudgedRun, ...]) -> dict[str, tuple[str, str, str]]:
    return {row.id: (row.status, row.details, row.evidence) for row in information(runs)}


def test_what_a_reader_wants_to_know_is_told(tmp_path: Path) -> None:
    first, second = router_run("r1"), router_run("r2")
    second.session["dirty"] = True
    said = information_of(judged(tmp_path, first, second))
    place = "runs/r1/resilient/20270115T080000Z"
    commit = "c" * 40
    assert said == {
        "INFO_COMMIT": (
            "pass",
            f"{commit} as committed; {commit} with changes that no commit has",
            f"{place}/session.json#commit",
        ),
        "INFO_MACHINE": ("pass", "here, kernel 6.1", f"{place}/session.json#kernel"),
        "INFO_JUDGED_AGAIN": (
            "pass",
            "judged again, all checks of the runs read the same",
            f"{place}/checks.tsv",
        ),
    }


def test_what_is_not_said_or_reads_otherwise_is_told(tmp_path: Path) -> None:
    first, second = router_run("r1"), router_run("r2")
    for run in (first, second):
        run.session |= {"kernel": "", "commit": None}
    found = judged(tmp_path, first, second)
    table = found[1].run.path / "checks.tsv"
    table.write_text(table.read_text().replace("pass", "fail"))
    said = information_of(judge_runs(tmp_path, [run.place for run in found], {}).runs)
    assert said["INFO_COMMIT"][:2] == ("pass", "outside of git")
    assert said["INFO_MACHINE"][:2] == ("unknown", "not every run says its kernel")
    assert said["INFO_JUDGED_AGAIN"] == (
        "unknown",
        "judged again, the checks read otherwise: r2/resilient/20270115T080000Z",
        "runs/r2/resilient/20270115T080000Z/checks.tsv",
    )


def test_a_file_of_a_run_that_is_gone_or_new_is_named(tmp_path: Path) -> None:
    found = judged(tmp_path, router_run("r1"))
    folder, place = found[0].run.path, found[0].place
    hashes = {
        f"{place}/{p.relative_to(folder).as_posix()}": hash_file(p) for p in folder.rglob("*") if p.is_file()
    }
    manifests = {place: (folder / "MANIFEST.sha256").read_text()}
    assert runs_unchanged(found, hashes, manifests).status == "pass"
    changed = {**hashes, f"{place}/new.txt": "0" * 64, f"{place}/series.json": "0" * 64}
    del changed[f"{place}/report.html"]
    check = runs_unchanged(found, changed, manifests)
    assert check.status == "fail"
    assert check.details == "; ".join(
        f"{place}/{what}"
        for what in (
            "new.txt is new since the run was judged",
            "report.html is gone",
            "series.json is changed since the run was judged",
        )
    )


def test_a_figure_may_name_a_variable_of_the_run(tmp_path: Path) -> None:
    named = GATE.replace("figure: load.errors, at_least: 3", 'figure: "load.${of_it}", at_most: 10')
    run = router_run()
    run.session["variables"]["of_it"] = "errors"
    rows = {
        row.id: row for row in rows_of(Judged(judged(tmp_path, run), ()), parse_rules(named, "gate"), {}, {})
    }
    assert (rows["PERF_ERRORS"].status, "load.errors = " in rows["PERF_ERRORS"].details) == (
        "pass",
        True,
    )


def test_a_series_that_was_ended_early_is_judged_as_one(tmp_path: Path) -> None:
    folders = true_pair(tmp_path / "journals")
    again = [
        write_run(tmp_path / "journals", baseline_run().apart(1), "20270115T090000Z"),
        write_run(tmp_path / "journals", resilient_run().apart(1), "20270115T090100Z"),
    ]
    pairs = [(judge_run(folders[0]), judge_run(folders[1])), (judge_run(again[0]), judge_run(again[1]))]
    write_comparison(tmp_path / "compare", compare_pairs(pairs, planned=9))
    pack = write_pack([], [tmp_path / "compare"], tmp_path / "pack", now=NOW, profile="s4")
    assert pack.meta.planned == {"s4": 9}
    (comparison,) = pack.judged.comparisons
    assert comparison.document["sequential"]["planned"] == 9
    assert [pair["resilient"] for pair in comparison.document["pairs"]] == [
        f"runs/s4/resilient/{folder.name}" for folder in (folders[1], again[1])
    ]
    assert verify_pack(pack.path).differences == ()


def test_readiness_in_all_its_words() -> None:
    rules = parse_rules(
        GATE.replace("suites: {", "suites: {b: {category: b, runs: [], checks: [SYS_UP, SYS_PING]}, ")
        .replace("{all: [a]}", "{all: [a, b]}")
        .replace("[SYS_ONE_COMMIT, SYS_ALL]", "[SYS_ONE_COMMIT]"),
        "gate",
    )
    checks = [passed("SYS_ONE_COMMIT", "", ""), failed("SYS_UP", "", "")]
    said = readiness_of(checks, rules, measured_at=NOW - 90, now=NOW, max_age_s=3600).as_json()
    assert said == {
        "schema_version": 1,
        "profile": "all",
        "score": 0,
        "categories": {
            "a": {"score": 100, "required": 1, "passed": 1, "missing": []},
            "b": {"score": 0, "required": 2, "passed": 0, "missing": ["SYS_UP: fail", "SYS_PING: absent"]},
        },
        "missing": ["SYS_UP: fail", "SYS_PING: absent"],
        "age_s": 90.0,
        "max_age_s": 3600,
        "formula": "category: floor(100 x required checks that pass / required checks); all: the lowest category",
    }
    for measured_at, words in (
        (None, "when the runs were made is not known"),
        (NOW + 70, "the oldest run ended 70 s"),
    ):
        found = readiness_of(checks, rules, measured_at=measured_at, now=NOW)
        assert found.problems[0].startswith(words)
        assert {one.score for one in found.categories.values()} == {0}


def test_the_gate_in_all_its_words() -> None:
    rules = parse_rules(GATE.replace("[SYS_ONE_COMMIT, SYS_ALL]", "[SYS_UP, SYS_PING, SYS_ALL]"), "gate")
    slow = failed("PERF_P99", "slow", "y")
    checks = [passed("SYS_UP", "up", "a#b"), failed("SYS_PING", "no", "c"), slow]
    verdict = decide_gate(checks, rules, problems=["a file is gone"])
    assert verdict.as_json() == {
        "profile": "all",
        "version": "1",
        "status": "fail",
        "required": 3,
        "passed": 1,
        "amiss": [
            {"id": "SYS_PING", "status": "fail", "details": "no", "evidence": "c"},
            {
                "id": "SYS_ALL",
                "status": "absent",
                "details": "required, and the pack does not have it",
                "evidence": "checks.tsv",
            },
        ],
        "warnings": [{"id": "PERF_P99", "status": "fail", "details": "slow"}],
        "problems": ["a file is gone"],
    }
    every = [passed(id, "", "") for id in ("SYS_UP", "SYS_PING", "SYS_ALL")]
    assert decide_gate(every, rules).status == "pass"
    assert decide_gate(every, rules, problems=["a file is gone"]).status == "fail"
