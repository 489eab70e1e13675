"""The gate asks of every run whether it is of this release, and of every claim whether it is the one that was meant."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chaosproof.cli.main import main
from chaosproof.experiment.claims import claims_of
from chaosproof.pack.gate.bound_claims import bound_text
from chaosproof.pack.gate.gate import GateVerdict
from chaosproof.pack.gate.rules import parse_rules, read_rules
from chaosproof.pack.judged import JudgedRun
from chaosproof.pack.open import OpenedPack, open_pack
from chaosproof.runfolder.journal import Journal
from tests.support.packs import NOW

RULES = read_rules()
COMMIT = "c" * 40
HOUR_S = 3600.0


@pytest.fixture(scope="module")
def opened(honest: Path) -> OpenedPack:
    return open_pack(honest, rules=RULES)


def asked(opened: OpenedPack, **options: Any) -> GateVerdict:
    return opened.gate("s4", **{"now": NOW, "commit": COMMIT, **options})


def with_run(opened: OpenedPack, change: Callable[[JudgedRun], JudgedRun], mode: str = "") -> OpenedPack:
    """The pack with its runs, or those in `mode`, changed."""
    pack = opened.verification.pack
    assert pack is not None
    runs = tuple(change(run) if mode in ("", run.mode) else run for run in pack.judged.runs)
    changed = replace(pack, judged=replace(pack.judged, runs=runs))
    return replace(opened, verification=replace(opened.verification, pack=changed))


def with_session(opened: OpenedPack, mode: str, **changes: Any) -> OpenedPack:
    return with_run(
        opened,
        lambda run: replace(run, run=replace(run.run, session=replace(run.run.session, **changes))),
        mode,
    )


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({}, ""),
        ({"commit": "ccccccc"}, ""),
        ({"commit": ""}, ""),
        ({"now": NOW + 23 * HOUR_S}, ""),
        (
            {"now": NOW + 25 * HOUR_S},
            "is 25 h old, and may be 24 h: run it again, or allow more by --max-age",
        ),
        ({"now": NOW + 25 * HOUR_S, "max_age_s": 26 * HOUR_S}, ""),
        ({"now": NOW - HOUR_S}, "min in the future: a clock is wrong"),
        ({"commit": "d" * 40}, f"are of commit {COMMIT}, and {'d' * 40} is to be released"),
    ],
)
def test_every_run_is_of_the_commit_that_is_released_and_not_of_long_ago(
    opened: OpenedPack, options: dict[str, Any], problem: str
) -> None:
    verdict = asked(opened, **options)
    assert verdict.status == ("fail" if problem else "pass")
    assert problem in " ".join(verdict.problems)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"ended_at": NOW - 25 * HOUR_S}, "h old, and may be 24 h"),
        ({"ended_at": NOW + 25 * HOUR_S}, "in the future: a clock is wrong"),
        ({"ended_at": None}, "does not tell when it ended: run it again"),
        ({"commit": None}, "s4.baseline 20270115T080000Z is of no commit (outside of git), and"),
    ],
)
def test_a_single_run_that_is_not_of_the_release_is_enough(
    opened: OpenedPack, changes: dict[str, Any], problem: str
) -> None:
    verdict = asked(with_session(opened, "baseline", **changes))
    assert verdict.status == "fail"
    assert problem in " ".join(verdict.problems)


def test_a_run_of_tomorrow_spoils_the_readiness_though_the_oldest_is_of_today(opened: OpenedPack) -> None:
    assert opened.readiness("s4", now=NOW).score == 100
    assert with_session(opened, "baseline", ended_at=NOW + HOUR_S).readiness("s4", now=NOW).score == 0


def emptied(run: JudgedRun) -> JudgedRun:
    claim = replace(run.claims["S4_USERS"], figures=("load.requests",), bound="at_least", value=0)
    return replace(run, claims={**run.claims, "S4_USERS": claim})


def loosened(run: JudgedRun) -> JudgedRun:
    variables = {**run.run.variables, "tolerated_error_ratio": 0.5}
    return replace(run, run=replace(run.run, session=replace(run.run.session, variables=variables)))


def emptied_comparison(run: JudgedRun) -> JudgedRun:
    journal = json.loads(json.dumps(run.run.journal.source))
    for claim in journal["experiment"]["extensions"][0]["compare"]:
        if claim["id"] == "S4_SPARED":
            del claim["in_order"]
            claim.update(figure="resilient.load.requests", at_least=0)
    return replace(run, run=replace(run.run, journal=Journal.from_json(journal)))


@pytest.mark.parametrize(
    ("change", "id", "claim"),
    [
        (emptied, "s4.resilient.S4_USERS", "load.requests at_least 0"),
        (loosened, "s4.resilient.S4_USERS", "load.error_ratio at_most 0.5"),
        (emptied_comparison, "s4.compare.S4_SPARED", "resilient.load.requests at_least 0"),
    ],
)
def test_a_claim_that_was_emptied_or_loosened_under_its_old_id_is_missed(
    opened: OpenedPack, change: Callable[[JudgedRun], JudgedRun], id: str, claim: str
) -> None:
    verdict = asked(with_run(opened, change, "resilient"))
    row = next(row for row in verdict.rows if row.id == id)
    assert (verdict.status, row.status) == ("fail", "fail")
    assert f"claims {claim!r}, and the gate file binds it to" in row.details
    assert "change it under `bounds` of the gate file" in row.details


def test_an_experiment_can_be_bound_by_its_hash(opened: OpenedPack) -> None:
    text = f"{RULES.text}\nexperiments: {{s4: {'f' * 64}}}\n"
    verdict = replace(opened, rules=parse_rules(text, "mine.yaml")).gate("s4")
    assert verdict.status == "fail"
    hint = verdict.problems[0].partition('write s4: "')[2].partition('"')[0]
    bound = parse_rules(text.replace("f" * 64, hint), "mine.yaml")
    assert replace(opened, rules=bound).gate("s4").status == "pass"


@pytest.mark.parametrize("commit", ["HEAD", "abc", "C" * 40])
def test_what_is_no_commit_is_refused(honest: Path, commit: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["gate", str(honest), "--commit", commit])
    assert ended.value.code == 64
    assert "--commit takes the hash of a commit" in capsys.readouterr().err


@pytest.mark.parametrize(
    "id", [id for id in RULES.required("all") if id.count(".") > 1 and ".SYS_" not in id]
)
def test_our_gate_file_binds_every_claim_to_what_its_experiment_claims(id: str) -> None:
    experiment, mode, name = id.split(".", 2)
    content = json.loads(Path(f"experiments/{experiment}.json").read_text())
    variables = {
        key: value["default"] if isinstance(value, dict) else value
        for key, value in content["configuration"].items()
    }
    section = "compare" if mode == "compare" else "checks"
    (claim,) = (claim for claim in claims_of(content, section) if claim.id == name)
    bound = RULES.bounds[id].replace("${requests}", str(variables.get("requests")))
    assert bound == bound_text(claim, variables), "change experiments/gate.yaml with the experiment"
