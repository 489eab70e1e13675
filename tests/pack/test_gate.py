"""The gate opens only when every check that is required by name is there, and passes."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion

from chaosproof.cli.main import main
from chaosproof.compare.variants import needed_by
from chaosproof.errors import UsageError
from chaosproof.experiment.claims import claims_of
from chaosproof.judge.check import failed, passed, unknown
from chaosproof.judge.checks.registry import required_ids
from chaosproof.pack.gate.gate import decide_gate
from chaosproof.pack.gate.readiness import readiness_of
from chaosproof.pack.gate.rules import parse_rules, read_rules
from chaosproof.pack.open import open_pack
from chaosproof.pack.write_pack import write_pack
from chaosproof.runfolder.checks import Check
from tests.support.packs import NOW, true_pack, true_pair

RULES = read_rules()
ALL = RULES.required("all")
STATUSES = st.lists(
    st.sampled_from(["pass", "fail", "unknown", "absent"]), min_size=len(ALL), max_size=len(ALL)
)


def rows(statuses: Sequence[str]) -> list[Check]:
    make = {"pass": passed, "fail": failed, "unknown": unknown}
    return [make[status](id, "", "") for id, status in zip(ALL, statuses, strict=True) if status != "absent"]


ALL_PASS = rows(["pass"] * len(ALL))


def test_the_required_checks_of_the_issue_are_named() -> None:
    named = {
        *("SYS_NATS_UP", "SYS_ROUTER_RUNNING", "SYS_GATEWAY_SOCKET", "SYS_IPC_PING", "SYS_HAPPY_PATH"),
        *(
            "SYS_ERROR_SEMANTICS",
            "SYS_LATE_REPLY",
            "SYS_RECONNECT",
            "SYS_BACKPRESSURE",
            "SYS_CONCURRENT_LOAD",
        ),
        *("SYS_S1", "SYS_S2", "SYS_S3", "SYS_S4"),
    }
    assert named <= set(ALL)
    assert not [id for id in ALL if "*" in id or "?" in id]


def test_every_built_in_check_of_a_run_is_required_of_every_run() -> None:
    assert set(required_ids()) == set(RULES.every_run)
    for run in ("s1.resilient", "s4.resilient", "r6.resilient"):
        assert {f"{run}.{id}" for id in RULES.every_run} <= set(ALL)
    allowed = set(RULES.every_run) - {"SYS_STEADY_STATE_AFTER"}
    assert {f"s2.baseline.{id}" for id in allowed} == {id for id in ALL if id.startswith("s2.baseline.SYS_")}


@pytest.mark.parametrize("experiment", sorted(set(RULES.suites) - {"pack", "router-up"}))
def test_every_claim_of_an_experiment_is_required_by_name(experiment: str) -> None:
    said = json.loads(Path(f"experiments/{experiment}.json").read_text())
    claims = claims_of(said, "checks")
    wanted = {f"{experiment}.resilient.{claim.id}" for claim in claims if claim.applies_to("resilient")}
    wanted |= {f"{experiment}.baseline.{claim.id}" for claim in claims if claim.modes == ("baseline",)}
    # what is said of a variant cannot be asked of every pair
    wanted |= {
        f"{experiment}.compare.{claim.id}" for claim in claims_of(said, "compare") if not needed_by(claim)
    }
    named = {id for id in RULES.suites[experiment].checks if "." in id}
    assert named == wanted - RULES.claimed_as_perf()


def test_every_figure_that_warns_is_a_claim_or_a_figure_of_a_run() -> None:
    for rule in RULES.perf:
        experiment, mode, id = (rule.claim_id or f"{rule.run}.").split(".")
        said = json.loads(Path(f"experiments/{experiment}.json").read_text())
        assert mode == "resilient"
        assert rule.claim or id in {claim.id for claim in claims_of(said, "checks")}


def test_a_required_check_that_is_absent_failed_or_renamed_shuts_the_gate() -> None:
    assert decide_gate(ALL_PASS, RULES).status == "pass"
    for id in ALL:
        without = [check for check in ALL_PASS if check.id != id]
        for others, status in (
            ([], "fail"),
            ([passed(f"{id}_", "", "")], "fail"),
            ([passed(id.swapcase(), "", "")], "fail"),
            ([failed(id, "", "")], "fail"),
            ([unknown(id, "", "")], "unknown"),
        ):
            assert decide_gate([*without, *others], RULES).status == status, id


@settings(max_examples=40)
@given(STATUSES)
def test_the_gate_passes_exactly_when_everything_required_does(statuses: list[str]) -> None:
    verdict = decide_gate(rows(statuses), RULES)
    seen = set(statuses)
    wanted = "fail" if seen & {"fail", "absent"} else "unknown" if "unknown" in seen else "pass"
    assert verdict.status == wanted
    assert len(verdict.failing) == len(statuses) - statuses.count("pass")


@settings(max_examples=40)
@given(STATUSES)
def test_readiness_is_100_exactly_when_the_gate_passes(statuses: list[str]) -> None:
    checks = rows(statuses)
    found = readiness_of(checks, RULES, measured_at=NOW, now=NOW)
    assert (found.score == 100) == (decide_gate(checks, RULES).status == "pass")
    assert found.score == min(category.score for category in found.categories.values())
    assert len(found.missing) == sum(status != "pass" for status in statuses)


@settings(max_examples=40)
@given(STATUSES, st.integers(0, len(ALL) - 1))
def test_one_more_check_that_passes_never_lowers_readiness(statuses: list[str], place: int) -> None:
    better = [*statuses[:place], "pass", *statuses[place + 1 :]]
    before, after = (
        readiness_of(rows(some), RULES, measured_at=NOW, now=NOW).score for some in (statuses, better)
    )
    assert after >= before


def test_a_figure_warns_and_gates_only_when_asked() -> None:
    slow = failed("PERF_R1_P50", "load.p50_ms = 0.3 (at most 0.25)", "")
    others = [passed(rule.id, "", "") for rule in RULES.perf if rule.id != slow.id]
    checks = [*ALL_PASS, *others, slow]
    lax, strict = decide_gate(checks, RULES), decide_gate(checks, RULES, perf=True)
    assert (lax.status, [one.id for one in lax.warnings]) == ("pass", ["PERF_R1_P50"])
    assert (strict.status, [row.id for row in strict.failing]) == ("fail", ["PERF_R1_P50"])
    assert decide_gate([*ALL_PASS, *others], RULES, perf=True).status == "fail", (
        "an absent figure counts as failed"
    )


def test_a_profile_asks_for_its_part_only() -> None:
    s4 = [
        check
        for check in ALL_PASS
        if "S4" in check.id or "s4" in check.id or check.id in RULES.suites["pack"].checks
    ]
    assert decide_gate(s4, RULES, "s4").status == "pass"
    assert decide_gate(s4, RULES).status == "fail"
    with pytest.raises(UsageError, match="there is no profile 's9'"):
        decide_gate(s4, RULES, "s9")


@pytest.mark.parametrize(
    ("age_s", "score", "says"),
    [
        (0, 100, ""),
        (24 * 3600, 100, ""),
        (24 * 3600 + 1, 0, "24 h old, and may be 24 h"),
        (-3600, 0, "in the future"),
        (None, 0, "is not known"),
    ],
)
def test_a_pack_is_as_fresh_as_its_oldest_run(age_s: float | None, score: int, says: str) -> None:
    measured_at = None if age_s is None else NOW - age_s
    found = readiness_of(ALL_PASS, RULES, measured_at=measured_at, now=NOW)
    assert found.score == score
    assert {category.score for category in found.categories.values()} == {score}
    assert says in " ".join(found.missing)


def test_a_weakened_gate_file_in_the_pack_opens_nothing(tmp_path: Path) -> None:
    weak = RULES.text.replace("  s4: [pack, s4]", "  s4: [weak]").replace(
        "suites:\n", "suites:\n  weak: {category: evidence, checks: [s4.resilient.SYS_EVENTS]}\n", 1
    )
    weak = weak[: weak.index("\nbounds:")] + weak[weak.index("\n# How the checks") :]
    pack = true_pack(tmp_path, rules=parse_rules(weak, "weak.yaml"))
    assert [row.id for row in pack.gate.rows] == ["s4.resilient.SYS_EVENTS"]
    assert len(open_pack(pack.path).gate("s4").rows) == len(RULES.required("s4"))


def test_what_the_command_says_and_how_it_ends(
    pack: Path, capsys: pytest.CaptureFixture[str], today: None
) -> None:
    assert exit_code("gate", str(pack), "--profile", "s4", "--commit", "ccccccc") == 0
    assert "gate s4: 38 of 38 required checks pass: pass" in capsys.readouterr().out
    assert exit_code("gate", str(pack)) == 1
    out = capsys.readouterr().out
    assert "SYS_RECONNECT" in out and "absent" in out
    assert exit_code("gate", str(pack), "--profile", "s4", "--commit", "any", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["status"], said["passed"], said["required"]) == ("pass", 38, 38)
    assert exit_code("gate", str(pack), "--profile", "nope") == 64
    assert "there is no profile 'nope'" in capsys.readouterr().err


def test_a_pack_of_which_something_is_not_known_ends_with_2(tmp_path: Path, today: None) -> None:
    folders = true_pair(tmp_path / "journals", bend_resilient=lambda run: run.session.update(complete=False))
    write_pack(folders, [], tmp_path / "pack", now=NOW)
    assert exit_code("gate", str(tmp_path / "pack"), "--profile", "s4", "--commit", "any") == 2


def test_readiness_as_the_command_prints_it(pack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code("readiness", str(pack), "--profile", "s4", "--max-age", "99999d") == 0
    said = json.loads(capsys.readouterr().out)
    # the runs of the tests are of 2027, so it is a clock that is found wrong, and all is 0
    assert said["score"] == 0
    assert "a clock is wrong" in said["missing"][0]
    assert exit_code("readiness", str(pack), "--max-age", "soon") == 64
    assert "--max-age takes a number with a unit" in capsys.readouterr().err


def test_without_a_gate_file_the_sentence_says_where_one_is_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By default the rules are those of experiments/gate.yaml in the current folder."""
    (tmp_path / "experiments").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        UsageError, match=r"no experiments/gate\.yaml in .*: go to the folder that has it, or name"
    ):
        read_rules()


def test_a_users_own_gate_file(tmp_path: Path, capsys: pytest.CaptureFixture[str], today: None) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(
        """
schema_version: 1
version: "1"
every_run: [SYS_FAULT_HIT, SYS_EVENTS]
suites:
  mine: {category: shop, runs: [s4.baseline, s4.resilient], checks: [SYS_SHOP, s4.resilient.C08]}
profiles: {all: [mine]}
checks:
  SYS_SHOP: {claim: "the shop heals", comparison: s4}
perf:
  PERF_SHOP: {run: s4.resilient, figure: load.p99_ms, at_most: 1, claim: "quick"}
"""
    )
    pack = true_pack(tmp_path, rules=read_rules(file), profile="all")
    assert [row.id for row in pack.gate.rows][:2] == ["SYS_SHOP", "s4.resilient.C08"]
    asked = ("gate", str(pack.path), "--gate-file", str(file), "--commit", "any")
    assert exit_code(*asked) == 0
    assert "warning: PERF_SHOP: quick: load.p99_ms = 12" in capsys.readouterr().out
    assert exit_code(*asked, "--perf-gates") == 1


def gate_text(suite: str, *, every_run: str = "[]", profiles: str = "{all: [a]}", more: str = "") -> str:
    head = f'schema_version: 1\nversion: "1"\nevery_run: {every_run}\n'
    return f"{head}suites: {{a: {{category: a, checks: {suite}}}}}\nprofiles: {profiles}\n{more}"


TWO_KINDS = "checks: {SYS_A: {claim: a, comparison: s1, run: s1.resilient}}\n"
MISTAKES = {
    "not YAML": ("a: [", "is no gate file"),
    "a list": ("[1]", "its top"),
    "another version": ("schema_version: 2", "has schema_version 2, and this chaosproof reads 1"),
    "a key twice": ("schema_version: 1\nprofiles: {}\nprofiles: {}\n", "is there twice"),
    "a wildcard": (gate_text("[]", every_run='["SYS_*"]'), "every_run.0"),
    "a suite that is not there": (
        gate_text("[SYS_ONE_COMMIT]", profiles="{all: [b]}"),
        "names a suite 'b', which is not there",
    ),
    "a check without a rule": (gate_text("[SYS_TYPO]"), "requires SYS_TYPO, for which there is no rule"),
    "a suite that requires nothing": (gate_text("[]"), "requires nothing"),
    "a profile without a run": (gate_text("[SYS_ONE_COMMIT]"), "the profile all requires no run"),
    "runs without checks": (
        gate_text("[], runs: [s1.resilient]"),
        "the suite a requires nothing",
    ),
    "a bound of what is not required": (
        gate_text("[s1.resilient.A]", more='bounds: {s1.resilient.B: "load.errors at_most 0"}\n'),
        "bounds names s1.resilient.B, which no profile requires",
    ),
    "a hash that is none": (
        gate_text("[s1.resilient.A]", more="experiments: {s1: abc}\n"),
        "experiments.s1",
    ),
    "a rule of two kinds": (gate_text("[SYS_A]", more=TWO_KINDS), "checks.SYS_A"),
}


@pytest.mark.parametrize("what", MISTAKES)
def test_a_gate_file_with_a_mistake_is_refused_in_one_sentence(
    what: str, snapshot: SnapshotAssertion
) -> None:
    text, says = MISTAKES[what]
    with pytest.raises(UsageError) as caught:
        parse_rules(text, "mine.yaml")
    assert says in str(caught.value)
    assert str(caught.value).startswith("mine.yaml")
    assert str(caught.value) == snapshot
    assert "\n" not in str(caught.value)


def exit_code(*argv: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(argv))
    assert isinstance(ended.value.code, int)
    return ended.value.code
