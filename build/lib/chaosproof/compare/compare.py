"""Baseline against resilient: the same fault must break the system without its patterns and spare it with
them.

The baseline is the negative control. A baseline that holds proves that the fault did not bite, so the
comparison is `unknown`, however well the resilient run did; so is one whose baseline did not run as it
should. Several pairs of runs are compared together; each must hold by itself, and the claims by the interval over
all of them.

Try it: chaosproof compare checkout
"""

import contextlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chaosproof.compare.checks import builtin_claim, every_pair, pair_checks, step_of, worst_of_pairs
from chaosproof.compare.claims import JudgedClaim, judge_by_intervals
from chaosproof.compare.copies import refuse_copies
from chaosproof.compare.effects import Effects, effects_table, hit_instance
from chaosproof.compare.same_settings import refuse_different, refuse_wrong_modes
from chaosproof.compare.variants import named, needed_by, variant_checks
from chaosproof.errors import UsageError
from chaosproof.experiment.claims import Claim
from chaosproof.experiment.codes import vouched_codes
from chaosproof.experiment.experiment import read_experiment
from chaosproof.experiment.modes import MODES
from chaosproof.json_access import at
from chaosproof.judge.check import worst
from chaosproof.judge.judge import Verdict, judge_run
from chaosproof.judge.next_steps import add_next_step, filled_in
from chaosproof.runfolder.checks import Check, Status
from chaosproof.runfolder.run_folder import SCHEMA_VERSION, read_run
from chaosproof.stats.intervals import CONFIDENCE
from chaosproof.stats.sequential import decide

__all__ = [
    "Comparison",
    "compare_pairs",
    "compare_runs",
    "latest_run",
    "latest_variants",
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
    Raises as `compare_runs` does, also when the pairs differ from each other, or a run is there twice.
    """
    if not pairs:
        raise UsageError("there is no pair of runs to compare")
    first = pairs[0]
    for number, (baseline, resilient) in enumerate(pairs, start=1):
        refuse_wrong_modes(baseline, resilient)
        refuse_different(baseline, resilient)
        if number > 1:
            refuse_different(first[0], baseline, ("the first pair", f"pair {number}"))
    refuse_copies(pairs)
    _, newest = pairs[-1]
    experiment = read_experiment(newest.run.experiment or pairs[-1][0].run.experiment)
    effects = Effects(pairs, planned is not None and len(pairs) < planned, variants)
    claims, not_judged = _askable(experiment.compare, effects)
    judged = judge_by_intervals(claims, effects, newest.run.variables, vouched_codes(newest.run.experiment))
    run_with = [*variants, *({} for _ in pairs[len(variants) :])]
    builtin = [
        (*pair_checks(pair), *variant_checks(pair, runs, experiment.variants))
        for pair, runs in zip(pairs, run_with, strict=True)
    ]
    statuses = tuple(
        worst([*(c.status for c in own), *(claim.by_pair[n] for claim in judged)])
        for n, own in enumerate(builtin)
    )
    checks = tuple(
        add_next_step(check, filled_in(step_of(check.id), newest.run))
        for check in (
            *worst_of_pairs(builtin),
            *([every_pair(statuses)] if len(pairs) > 1 else []),
            *(claim.check for claim in judged),
        )
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
    folders: list[Path] = []
    for variant in read_experiment(run.experiment).variants:
        with contextlib.suppress(UsageError):
            folder = latest_run(journals_root, experiment, variant.name)
            if read_run(folder).session.experiment_sha256 == run.session.experiment_sha256:
                folders.append(folder)
    return folders


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


def _check_json(check: Check, judged: Sequence[JudgedClaim]) -> dict[str, Any]:
    own = next((item for item in judged if item.claim.id == check.id), None)
    return {
        "id": check.id,
        "status": check.status,
        "claim": own.claim.claim if own else builtin_claim(check.id),
        "details": check.details,
        "evidence": check.evidence,
        "interval": own.interval.as_json() if own and own.interval else None,
    }


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
