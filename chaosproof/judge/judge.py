"""The verdict of one run, from the files of its folder alone. Judging a folder again gives the same answer.

Try it: chaosproof judge journals/checkout/resilient/20261121T193005Z
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from chaosproof.errors import UsageError
from chaosproof.experiment.claims import Claim, claims_of
from chaosproof.experiment.codes import vouched_codes
from chaosproof.judge.check import counts, failed, worst
from chaosproof.judge.checks.base import Material
from chaosproof.judge.checks.registry import answers, builtin_checks, required_ids
from chaosproof.judge.claims import CLAIM_STEPS, judge_claims
from chaosproof.judge.figures.request_stats import RequestStats, fold_requests
from chaosproof.judge.figures.series_figures import series_figures
from chaosproof.judge.figures.summary import fault_span, figures_of
from chaosproof.judge.figures.timeline import peak_of, timeline_of
from chaosproof.judge.journal_review import journal_review
from chaosproof.judge.next_steps import MARK, add_next_step, filled_in
from chaosproof.judge.nothing_claimed import nothing_claimed
from chaosproof.judge.removed_instance import removed_instance
from chaosproof.runfolder.checks import Check, Status
from chaosproof.runfolder.manifest import MANIFEST, changed_since
from chaosproof.runfolder.paths import WARMUP
from chaosproof.runfolder.requests import REQUESTS
from chaosproof.runfolder.run_folder import RAW_FILES, SCHEMA_VERSION, RunFolder, read_run

__all__ = ["Verdict", "judge_run"]

_UNDECIDED_STEP = "let it run to its end: {again}"
_SKIPPED_STEP = "see by chaosproof doctor what this machine can do, and where it can: {again}"
_MANIFEST_STEP = "take the folder from where it was written; what was changed since proves nothing"


@dataclass(frozen=True)
class Verdict:
    """What judging a folder found. `summary` is summary.json, `timeline` timeline.json; `figures` is what claims
    may name, which is more.
    """

    run: RunFolder
    summary: Mapping[str, Any]
    checks: tuple[Check, ...]
    claims: tuple[Claim, ...]
    figures: Mapping[str, Any]
    timeline: Mapping[str, Any]
    fold: RequestStats

    @property
    def status(self) -> Status:
        return worst([self.summary["verdict"]])


def judge_run(run_dir: Path | str) -> Verdict:
    """Read the folder and judge it; writes nothing.

    Raises UsageError when there is no such folder or it holds nothing of a run, and ChaosproofError when a
    newer version wrote it. Whatever else is wrong with the files is a check that fails or does not know.
    """
    folder = Path(run_dir)
    if not folder.is_dir():
        raise UsageError(
            f"there is no folder {folder}: name the folder of a run, journals/EXPERIMENT/MODE/STAMP"
        )
    if not any((folder / name).exists() for name in RAW_FILES):
        raise UsageError(
            f"{folder} is not the folder of a run: it has none of {', '.join(RAW_FILES[:2])}, ..."
        )
    run = read_run(folder)
    fold = fold_requests(folder / REQUESTS, closed=run.load_plan.closed, fault=fault_span(run))
    warmup = fold_requests(folder / WARMUP / REQUESTS, closed=False, fault=None)
    measured = figures_of(run, fold)
    timeline = timeline_of(run, fold)
    shown = {**measured.as_json(), "peak": peak_of(timeline)}
    figures = {
        **shown,
        "activities": _outputs(run),
        "series": series_figures(run.series),
        "variables": run.variables,
    }
    mode = run.session.mode or ""
    claims = tuple(c for c in claims_of(run.experiment, "checks") if c.mistake or c.applies_to(mode))
    material = Material(run, fold, warmup, measured)
    builtin = answers(material)
    builtin = (*builtin, *journal_review(run, material.reviewed, builtin))
    own = judge_claims(claims, figures, run.variables, vouched_codes(run.experiment), _lasted_ms(run))
    why = "the run did not end" if run.unfinished else removed_instance(run)
    if why:
        builtin = tuple(_undecided(c, why) if c.status == "fail" else c for c in builtin)
        own = tuple(_undecided(c, why) for c in own)
    checks = tuple(
        add_next_step(check, filled_in(_UNDECIDED_STEP if why else _step_of(check), run))
        for check in (*builtin, *nothing_claimed(run, claims), *own, *_manifest_check(folder))
    )
    summary = {
        "schema_version": SCHEMA_VERSION,
        "experiment": run.session.experiment,
        "mode": run.session.mode,
        "target": run.session.target,
        **_verdict(checks),
        **shown,
    }
    return Verdict(run, summary, checks, claims, figures, timeline, fold)


def _verdict(checks: tuple[Check, ...]) -> dict[str, Any]:
    """The worst of all checks; and no pass without each of the built-in ones."""
    statuses = [c.status for c in checks]
    present = {c.id for c in checks}
    if not present.issuperset(required_ids()):
        statuses.append("unknown")
    verdict = worst(statuses)
    return {"verdict": verdict, "gate_pass": verdict == "pass", "checks": counts(checks)}


def _step_of(check: Check) -> str:
    if check.skipped:
        return _SKIPPED_STEP
    steps = {builtin.id: builtin.next_step for builtin in builtin_checks()}
    return steps.get(check.id) or CLAIM_STEPS[check.status]


def _undecided(check: Check, why: str) -> Check:
    """What looks broken or whole in a run that was not what it was to be proves nothing."""
    return replace(check, status="unknown", details=f"{why}, so this is not known: {check.details}")


def _manifest_check(folder: Path) -> tuple[Check, ...]:
    """Only a mismatch is a check, so that the first judging and every later one give the same table."""
    changed = changed_since(folder)
    return (failed("SYS_MANIFEST", f"{changed}{MARK}{_MANIFEST_STEP}", MANIFEST),) if changed else ()


def _lasted_ms(run: RunFolder) -> float | None:
    started_at, ended_at = run.session.started_at, run.session.ended_at
    return None if started_at is None or ended_at is None else (ended_at - started_at) * 1000


def _outputs(run: RunFolder) -> dict[str, Any]:
    """What each activity of the method returned, by its name; of several with one name, the list of what they did:
    which of them a claim means, it says by position (`activities.NAME.0`).
    """
    outputs: dict[str, list[Any]] = {}
    for entry in run.journal.run:
        if entry.activity:
            outputs.setdefault(entry.name, []).append(entry.output)
    return {name: several if len(several) > 1 else several[0] for name, several in outputs.items()}
