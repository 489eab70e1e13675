"""Baseline against resilient: the same fault must break the system without its patterns and spare it with
them.

The baseline is the negative control. A baseline that holds proves that the fault did not bite, so the
comparison is `unknown`, however well the resilient run did; so is one whose baseline did not run as it
should. Several pairs of runs are compared together; each must hold by itself, and the claims by the interval over
all of them.

Try it: chaosproof compare s4
"""

import contextlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chaosproof.errors import ChaosproofError, UsageError
from chaosproof.evidence.atomic import write_whole
from chaosproof.evidence.check import Check, Status, failed, passed, unknown, worst
from chaosproof.evidence.claims import Claim, claims_of
from chaosproof.evidence.compare_claims import JudgedClaim, judge_by_intervals
from chaosproof.evidence.compare_variants import named, needed_by, ran_amiss, variant_checks
from chaosproof.evidence.effects import Effects, effects_table, hit_instance
from chaosproof.evidence.interval import CONFIDENCE
from chaosproof.evidence.judge import Verdict, judge_run
from chaosproof.evidence.junit import junit_xml
from chaosproof.evidence.modes import MODES, variants_of
from chaosproof.evidence.report.page import comparison_page
from chaosproof.evidence.run_folder import SCHEMA_VERSION, read_run
from chaosproof.evidence.same_settings import (
    modes_differ,
    refuse_different,
    refuse_wrong_modes,
    same_settings,
)
from chaosproof.evidence.sequential import decide
from chaosproof.evidence.shape import at
from chaosproof.evidence.tables import checks_tsv

__all__ = [
    "Comparison",
    "compare_pairs",
    "compare_runs",
    "latest_run",
    "latest_variants",
    "write_comparison",
]

_STAMP = re.compile(r"\d{8}T\d{6}Z.*")

Pair = tuple[Verdict, Verdict]


@dataclass(frozen=True)
class Comparison:
    """`document` is compare.json; `checks` are what its verdict is folded from; `pair_statuses` say of each pair
    what it shows by itself, for `sequential.decide`.
    """

    document: Mapping[str, Any]
    checks: tuple[Check, ...]
    pairs: tuple[Pair, ...] = field(repr=False)
    pair_statuses: tuple[Status, ...] = ()

    @property
    def status(self) -> Status:
        return worst([self.document["verdict"]])

    @property
    def page(self) -> str:
        """Its report.html, with the plots of the newest pair."""
        return comparison_page(self.document, self.checks, [run.files for run in self.pairs[-1]])


def compare_runs(
    baseline_dir: Path | str, resilient_dir: Path | str, *variant_dirs: Path | str
) -> Comparison:
    """Judge the folders and hold one against the other; writes nothing. `variant_dirs` are runs of the experiment's
    variants.

    Raises UsageError when the runs are not of the two modes, in this order, and of variants, and ChaosproofError when
    they were not done with the same settings: two runs that differ in more than the mode cannot be compared.
    """
    pair = (judge_run(baseline_dir), judge_run(resilient_dir))
    return compare_pairs([pair], [named([judge_run(folder) for folder in variant_dirs], pair[1])])


def compare_pairs(
    pairs: Sequence[Pair], variants: Sequence[Mapping[str, Verdict]] = (), *, planned: int | None = None
) -> Comparison:
    """The same for one or more pairs of judged runs `(baseline, resilient)`, in the order in which they were made.

    `variants` has for each pair what was run with it, by the variant's name; a claim about one that was not run with
    all of them is not judged, and the document says so under `not_judged`. `planned` is how many pairs there were to
    be: when it is more than there are, the series was ended early, and the intervals are those that stay valid then.
    Raises as `compare_runs` does, also when the pairs differ from each other.
    """
    if not pairs:
        raise UsageError("there is no pair of runs to compare")
    first = pairs[0]
    for number, (baseline, resilient) in enumerate(pairs, start=1):
        refuse_wrong_modes(baseline, resilient)
        refuse_different(baseline, resilient)
        if number > 1:
            refuse_different(first[0], baseline, ("the first pair", f"pair {number}"))
    _, newest = pairs[-1]
    experiment = newest.run.experiment or pairs[-1][0].run.experiment
    effects = Effects(pairs, planned is not None and len(pairs) < planned, variants)
    claims, not_judged = _askable(claims_of(experiment, "compare"), effects)
    judged = judge_by_intervals(claims, effects, newest.run.variables)
    run_with = [*variants, *({} for _ in pairs[len(variants) :])]
    builtin = [
        (*_builtin(pair), *variant_checks(pair, runs, variants_of(experiment)))
        for pair, runs in zip(pairs, run_with, strict=True)
    ]
    statuses = tuple(
        worst([*(c.status for c in own), *(claim.by_pair[n] for claim in judged)])
        for n, own in enumerate(builtin)
    )
    checks = (
        *_worst_of_pairs(builtin),
        *([_every_pair(statuses)] if len(pairs) > 1 else []),
        *(claim.check for claim in judged),
    )
    document = {
        "schema_version": SCHEMA_VERSION,
        "experiment": newest.summary["experiment"],
        "verdict": worst(c.status for c in checks),
        "checks": [_check_json(c, judged) for c in checks],
        "baseline": {**pairs[-1][0].summary, "run": str(pairs[-1][0].run.path)},
        "resilient": {**newest.summary, "run": str(newest.run.path)},
        "variants": {
            name: {**verdict.summary, "run": str(verdict.run.path)} for name, verdict in run_with[-1].items()
        },
        "not_judged": not_judged,
        "headline": _headline(*pairs[-1]),
        "confidence": CONFIDENCE,
        "effects": effects_table(effects, hit_instance(newest)),
        "pairs": [
            {
                **{mode: str(verdict.run.path) for mode, verdict in zip(MODES, pair, strict=True)},
                **{name: str(verdict.run.path) for name, verdict in runs.items()},
                "status": status,
            }
            for pair, runs, status in zip(pairs, run_with, statuses, strict=True)
        ],
        "sequential": None
        if planned is None
        else {**decide(statuses, planned).as_json(), "planned": planned},
    }
    return Comparison(document, checks, tuple(pairs), statuses)


def write_comparison(out_dir: Path | str, comparison: Comparison) -> None:
    """Write compare.json, checks.tsv, junit.xml and report.html into `out_dir`.

    Raises ChaosproofError when it cannot.
    """
    folder = Path(out_dir)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ChaosproofError(f"cannot make the folder {folder}: {error.strerror}") from error
    suite = f"{comparison.document['experiment']}.compare"
    write_whole(folder / "checks.tsv", checks_tsv(comparison.checks))
    write_whole(folder / "junit.xml", junit_xml(suite, comparison.checks))
    write_whole(folder / "compare.json", json.dumps(comparison.document, indent=2) + "\n")
    write_whole(folder / "report.html", comparison.page)


def latest_run(journals_root: Path | str, experiment: str, mode: str) -> Path:
    """The newest run of `experiment` in `mode`, by its stamp. Raises UsageError when there is none.

    A run that did not end is a run too: an older one that did must not stand in for it.
    """
    folder = Path(journals_root) / experiment / mode
    try:
        stamps = sorted(p for p in folder.iterdir() if p.is_dir() and _STAMP.fullmatch(p.name))
    except OSError:
        stamps = []
    if not stamps:
        raise UsageError(
            f"there is no run of {experiment} in mode {mode} under {folder}: "
            f"do one with `chaos run experiments/{experiment}.json --var mode={mode}`"
        )
    return stamps[-1]


def latest_variants(journals_root: Path | str, experiment: str, of: Path) -> list[Path]:
    """The newest run of each variant that the experiment of the run folder `of` has; none where the newest was made by
    another version of the experiment, or there is none at all.
    """
    run = read_run(of)
    found: list[Path] = []
    for variant in variants_of(run.experiment):
        with contextlib.suppress(UsageError):
            folder = latest_run(journals_root, experiment, variant.name)
            if read_run(folder).session.get("experiment_sha256") == run.session.get("experiment_sha256"):
                found.append(folder)
    return found


_BUILTIN_CLAIMS = {
    "CMP_SAME_SETTINGS": "both runs did the same, but for the mode",
    "CMP_NEGATIVE_CONTROL": "the fault breaks the system that has no protection",
    "CMP_RESILIENT_PASSES": "the system with its protection holds",
    "CMP_MODES_DIFFER": "the modes are two, not one under two names",
    "CMP_EVERY_PAIR": "every pair of runs shows it",
}


def _builtin(pair: Pair) -> tuple[Check, ...]:
    """The checks of every comparison, of one pair."""
    differ = modes_differ(*pair)
    return (
        same_settings(*pair),
        _negative_control(pair[0]),
        _resilient_passes(pair[1]),
        *([differ] if differ else []),
    )


def _worst_of_pairs(builtin: Sequence[Sequence[Check]]) -> list[Check]:
    """One check for each id, of the first pair in which it is at its worst."""
    found: dict[str, list[tuple[int, Check]]] = {}
    for number, own in enumerate(builtin, start=1):
        for check in own:
            found.setdefault(check.id, []).append((number, check))
    merged: list[Check] = []
    for answers in found.values():
        status = worst(check.status for _, check in answers)
        number, check = next(answer for answer in answers if answer[1].status == status)
        which = "" if len(builtin) == 1 else f"pair {number}: " if status != "pass" else "in every pair: "
        merged.append(Check(check.id, status, which + check.details, check.evidence))
    return merged


def _every_pair(statuses: Sequence[Status]) -> Check:
    id, evidence = "CMP_EVERY_PAIR", "compare.json#pairs"
    status = worst(statuses)
    if status == "pass":
        return passed(id, f"each of the {len(statuses)} pairs holds by itself", evidence)
    amiss = [n for n, one in enumerate(statuses, start=1) if one == status]
    which = f"pair {amiss[0]}" if len(amiss) == 1 else f"pairs {', '.join(map(str, amiss))}"
    make = failed if status == "fail" else unknown
    return make(id, f"{which} of {len(statuses)}: {status}", evidence)


def _askable(claims: Sequence[Claim], effects: Effects) -> tuple[tuple[Claim, ...], list[dict[str, Any]]]:
    """The claims that these runs can be asked about, and of the others which variant they need."""
    missing = {claim.id: sorted(needed_by(claim) - {*effects.modes}) for claim in claims}
    return (
        tuple(claim for claim in claims if not missing[claim.id]),
        [
            {"id": claim.id, "claim": claim.claim, "needs": missing[claim.id]}
            for claim in claims
            if missing[claim.id]
        ],
    )


def _builtin_claim(id: str) -> str:
    if id.startswith("CMP_VARIANT_"):
        return f"the variant {id.removeprefix('CMP_VARIANT_').lower()} is what it says, and ran as it should"
    return _BUILTIN_CLAIMS.get(id, "")


def _check_json(check: Check, judged: Sequence[JudgedClaim]) -> dict[str, Any]:
    own = next((one for one in judged if one.claim.id == check.id), None)
    return {
        "id": check.id,
        "status": check.status,
        "claim": own.claim.claim if own else _builtin_claim(check.id),
        "details": check.details,
        "evidence": check.evidence,
        "interval": own.interval.as_json() if own and own.interval else None,
    }


def _negative_control(baseline: Verdict) -> Check:
    """The baseline ran as it should, and broke for the reason that it is there to show."""
    id, evidence = "CMP_NEGATIVE_CONTROL", "compare.json#baseline.verdict"
    claims = {c.id: c for c in baseline.claims}
    if amiss := ran_amiss(baseline):
        return unknown(
            id,
            f"the baseline did not run as it should: {amiss.id} is {amiss.status}: {amiss.details}",
            evidence,
        )
    # a claim about the baseline alone says how it breaks: where that is not so, this is another breakage
    otherwise = [
        c
        for c in baseline.checks
        if c.id in claims and claims[c.id].modes == ("baseline",) and c.status != "pass"
    ]
    if otherwise:
        return unknown(id, f"the baseline did not break as believed: {otherwise[0].details}", evidence)
    broken = [
        c for c in baseline.checks if c.status == "fail" and not (c.id in claims and claims[c.id].mistake)
    ]
    if not broken:
        return unknown(
            id,
            f"the baseline holds too (its verdict is {baseline.status}): the fault did not bite, "
            "so nothing is proved of the resilient run",
            evidence,
        )
    return passed(id, f"the baseline broke: {broken[0].details}", evidence)


def _resilient_passes(resilient: Verdict) -> Check:
    id, evidence = "CMP_RESILIENT_PASSES", "compare.json#resilient.verdict"
    if resilient.status == "pass":
        return passed(id, f"all {len(resilient.checks)} checks of the resilient run pass", evidence)
    worst_check = next(c for status in ("fail", "unknown") for c in resilient.checks if c.status == status)
    return Check(id, resilient.status, f"{worst_check.id}: {worst_check.details}", evidence)


def _headline(baseline: Verdict, resilient: Verdict) -> dict[str, Any]:
    """The few figures a person wants, each for both modes: `{NAME: {"baseline": x, "resilient": y}}`."""
    return {
        name: {mode: read(verdict) for mode, verdict in zip(MODES, (baseline, resilient), strict=True)}
        for name, read in _HEADLINE.items()
    }


def _unavailable_on_hit(verdict: Verdict) -> int | None:
    """UNAVAILABLE answers of the instance that was hit; None without a fault or a request to it."""
    codes = at(verdict.summary, "per_instance", hit_instance(verdict), "codes")
    return codes.get("UNAVAILABLE", 0) if isinstance(codes, Mapping) else None


_HEADLINE: Mapping[str, Callable[[Verdict], Any]] = {
    "verdict": lambda v: v.status,
    "requests": lambda v: at(v.summary, "load", "requests"),
    "unavailable_on_hit_instance": _unavailable_on_hit,
    "errors": lambda v: at(v.summary, "load", "errors"),
    "error_ratio": lambda v: at(v.summary, "load", "error_ratio"),
    "p50_ms": lambda v: at(v.summary, "load", "p50_ms"),
    "p99_ms": lambda v: at(v.summary, "load", "p99_ms"),
    "max_ms": lambda v: at(v.summary, "load", "max_ms"),
    "recovery_s": lambda v: v.summary.get("recovery_s"),
    "ready_s": lambda v: at(v.summary, "recovery", "ready_s"),
}
