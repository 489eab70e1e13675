"""Baseline against resilient: the same fault must break the system without its patterns and spare it with
them.

The baseline is the negative control. A baseline that holds proves that the fault did not bite, so the
comparison is `unknown`, however well the resilient run did; so is one whose baseline did not run as it
should.

Try it: chaosproof compare s4
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaosproof.errors import ChaosproofError, UsageError
from chaosproof.evidence.atomic import write_whole
from chaosproof.evidence.check import Check, Status, passed, unknown, worst
from chaosproof.evidence.claims import MODES, claims_of, judge_claims
from chaosproof.evidence.figures import acted
from chaosproof.evidence.judge import Verdict, judge_run
from chaosproof.evidence.junit import junit_xml
from chaosproof.evidence.run_folder import SCHEMA_VERSION
from chaosproof.evidence.shape import at, number, text
from chaosproof.evidence.tables import checks_tsv

__all__ = ["Comparison", "compare_runs", "compare_verdicts", "latest_run", "write_comparison"]

_STAMP = re.compile(r"\d{8}T\d{6}Z.*")
_STEADY_AFTER = "SYS_STEADY_STATE_AFTER"

# what may differ between two runs of one experiment: where it ran, never what was done
_PLAN_KEYS = ("rate_rps", "duration_s", "connections", "model", "arrivals", "timeout_s", "seed", "stages")
_FAULT_KEYS = ("kind", "instance", "planned_s", "direction")
_SELECTOR_KEYS = ("protocol", "port", "port_side")
_CODE_KEYS = ("commit", "dirty", "kernel", "hostname")


@dataclass(frozen=True)
class Comparison:
    """`document` is compare.json; `checks` are what its verdict is folded from."""

    document: Mapping[str, Any]
    checks: tuple[Check, ...]

    @property
    def status(self) -> Status:
        return worst([self.document["verdict"]])


def compare_runs(baseline_dir: Path | str, resilient_dir: Path | str) -> Comparison:
    """Judge both folders and hold one against the other; writes nothing.

    Raises UsageError when the runs are not of the two modes, in this order, and ChaosproofError when they
    were not done with the same settings: two runs that differ in more than the mode cannot be compared.
    """
    return compare_verdicts(judge_run(baseline_dir), judge_run(resilient_dir))


def compare_verdicts(baseline: Verdict, resilient: Verdict) -> Comparison:
    """The same, for runs that were judged already."""
    _refuse_wrong_modes(baseline, resilient)
    if difference := next(_differences(baseline, resilient), ""):
        raise ChaosproofError(
            f"{baseline.run.path} and {resilient.run.path} cannot be compared: {difference}; "
            "run both modes with the same settings"
        )
    claims = claims_of(resilient.run.experiment or baseline.run.experiment, "compare")
    checks = (
        _same_settings(baseline, resilient),
        _negative_control(baseline),
        _resilient_passes(resilient),
        *judge_claims(
            claims,
            {"baseline": baseline.figures, "resilient": resilient.figures},
            resilient.run.variables,
        ),
    )
    words = {c.id: c.claim for c in claims}
    document = {
        "schema_version": SCHEMA_VERSION,
        "experiment": resilient.summary["experiment"],
        "verdict": worst(c.status for c in checks),
        "checks": [
            {
                "id": c.id,
                "status": c.status,
                "claim": words.get(c.id, _BUILTIN_CLAIMS.get(c.id, "")),
                "details": c.details,
                "evidence": c.evidence,
            }
            for c in checks
        ],
        "baseline": {**baseline.summary, "run": str(baseline.run.path)},
        "resilient": {**resilient.summary, "run": str(resilient.run.path)},
        "headline": _headline(baseline, resilient),
    }
    return Comparison(document, checks)


def write_comparison(out_dir: Path | str, comparison: Comparison) -> None:
    """Write compare.json, checks.tsv and junit.xml into `out_dir`. Raises ChaosproofError when it cannot."""
    folder = Path(out_dir)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ChaosproofError(f"cannot make the folder {folder}: {error.strerror}") from error
    suite = f"{comparison.document['experiment']}.compare"
    write_whole(folder / "checks.tsv", checks_tsv(comparison.checks))
    write_whole(folder / "junit.xml", junit_xml(suite, comparison.checks))
    write_whole(folder / "compare.json", json.dumps(comparison.document, indent=2) + "\n")


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


_BUILTIN_CLAIMS = {
    "CMP_SAME_SETTINGS": "both runs did the same, but for the mode",
    "CMP_NEGATIVE_CONTROL": "the fault breaks the system that has no protection",
    "CMP_RESILIENT_PASSES": "the system with its protection holds",
}


def _refuse_wrong_modes(baseline: Verdict, resilient: Verdict) -> None:
    for expected, verdict in zip(MODES, (baseline, resilient), strict=True):
        mode = verdict.run.session.get("mode")
        if mode != expected:
            raise UsageError(
                f"{verdict.run.path} is a run in mode {mode or 'unknown'}, not {expected}: "
                "name the baseline run first, then the resilient one"
            )


def _differences(baseline: Verdict, resilient: Verdict) -> Iterator[str]:
    """How the runs differ in what was done, one sentence each. What only one of them recorded is no
    difference.
    """
    a, b = baseline.run, resilient.run
    for key in ("experiment", "experiment_sha256", "seed", "target"):
        yield from _differs(key, a.session.get(key), b.session.get(key))
    for key in _PLAN_KEYS:
        yield from _differs(f"the load's {key}", a.load_plan.get(key), b.load_plan.get(key))
    first_a, first_b = (next(iter(acted(run.faults)), None) for run in (a, b))
    if first_a is not None and first_b is not None:
        for key in _FAULT_KEYS:
            yield from _differs(f"the fault's {key}", first_a.get(key), first_b.get(key))
        for key in _SELECTOR_KEYS:
            one, other = at(first_a, "selector", key), at(first_b, "selector", key)
            yield from _differs(f"the fault's {key}", one, other)
    for key in sorted(set(a.variables) & set(b.variables)):
        if number(a.variables[key]) is not None and not key.endswith(("_port", "_at", "pid")):
            yield from _differs(f"the variable {key}", a.variables[key], b.variables[key])


def _differs(what: str, one: Any, other: Any) -> Iterator[str]:
    if one is not None and other is not None and one != other:
        yield f"{what} is {one} in the baseline run, and {other} in the resilient one"


def _same_settings(baseline: Verdict, resilient: Verdict) -> Check:
    """Refused when they differ; here: everything that had to be equal was recorded by both."""
    id, evidence = "CMP_SAME_SETTINGS", "compare.json#baseline"
    looked_at: tuple[tuple[str, Callable[[Verdict], Any]], ...] = (
        ("experiment", lambda v: v.run.session.get("experiment")),
        ("experiment_sha256", lambda v: v.run.session.get("experiment_sha256")),
        ("seed", lambda v: v.run.session.get("seed")),
        ("load plan", lambda v: v.run.load_plan or (None if v.run.calls("actions.load") else "none")),
        ("fault", lambda v: acted(v.run.faults) or (None if _fault_is_due(v) else "none")),
    )
    absent = [
        f"the {mode} run does not say its {name}"
        for name, read in looked_at
        for mode, verdict in zip(MODES, (baseline, resilient), strict=True)
        if read(verdict) is None
    ]
    if absent:
        return unknown(id, "; ".join(absent), evidence)
    notes = [
        difference
        for key in _CODE_KEYS
        for difference in _differs(key, baseline.run.session.get(key), resilient.run.session.get(key))
    ]
    details = "experiment, seed, load and fault are equal"
    return passed(id, "; ".join([details, *(f"note that {note}" for note in notes)]), evidence)


def _fault_is_due(verdict: Verdict) -> bool:
    hit = next((c for c in verdict.checks if c.id == "SYS_FAULT_HIT"), None)
    return hit is None or hit.status != "pass"


def _negative_control(baseline: Verdict) -> Check:
    """The baseline ran as it should, and broke for the reason that it is there to show."""
    id, evidence = "CMP_NEGATIVE_CONTROL", "compare.json#baseline.verdict"
    claims = {c.id: c for c in baseline.claims}
    amiss = [
        c
        for c in baseline.checks
        if c.id not in claims and c.status != "pass" and (c.id, c.status) != (_STEADY_AFTER, "fail")
    ]
    if amiss:
        return unknown(
            id,
            f"the baseline did not run as it should: {amiss[0].id} is {amiss[0].status}: {amiss[0].details}",
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
    codes = at(verdict.summary, "per_instance", text(at(verdict.summary, "fault", "instance")), "codes")
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
