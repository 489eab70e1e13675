"""The rows of a pack's checks.tsv, from its judged runs and the rules alone.

The name of a row says what it means that it does not pass: `PERF_` warns, `INFO_` informs, everything else counts.
`EXPERIMENT.MODE.ID` is a check of a run, of several runs in that mode the worst; `EXPERIMENT.compare.ID` one of the
comparison. What the fault may break in a baseline, or in a variant, is `INFO_EXPERIMENT.MODE.ID`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from chaosproof.judge.check import passed, unknown, worst
from chaosproof.judge.claims import judge_claims
from chaosproof.judge.nothing_claimed import NOTHING_CLAIMED
from chaosproof.pack.gate.moment_checks import answered, ready
from chaosproof.pack.gate.rules import PerfRule, Rule, Rules
from chaosproof.pack.judged import RUNS, Judged, JudgedComparison, JudgedRun
from chaosproof.pack.sources import information, one_commit, runs_unchanged
from chaosproof.runfolder.checks import Check

__all__ = ["counts_in_verdict", "rows_of"]

_COMPARISON_FILES = ("compare.json", "checks.tsv", "junit.xml")


def counts_in_verdict(id: str) -> bool:
    """Whether a row that does not pass spoils the pack's verdict."""
    return not id.startswith(("PERF_", "INFO_"))


def rows_of(
    judged: Judged, rules: Rules, hashes: Mapping[str, str], manifests: Mapping[str, str]
) -> tuple[Check, ...]:
    """Every row, in the order of the file. `hashes` are those of the pack's files by name, `manifests` the text of
    each run's MANIFEST.sha256 by the run's place.
    """
    by_run: dict[str, list[JudgedRun]] = {}
    for run in judged.runs:
        by_run.setdefault(run.name, []).append(run)
    per_run = {name: _of_runs(runs) for name, runs in by_run.items()}
    comparisons = {comparison.experiment: comparison for comparison in judged.comparisons}
    perf_ids = rules.claimed_as_perf()
    rows = [
        one_commit(judged.runs),
        runs_unchanged(judged.runs, hashes, manifests),
        *(row for rule in rules.checks for row in _by_rule(rule, by_run, per_run, comparisons, perf_ids)),
        *(row for rule in rules.perf for row in _perf(rule, by_run, per_run)),
    ]
    for name, checks in per_run.items():
        rows += [
            _named(name, check, by_run[name], rules)
            for check in checks
            if f"{name}.{check.id}" not in perf_ids
        ]
    for comparison in judged.comparisons:
        name = f"{comparison.experiment}.compare"
        rows += [
            replace(check, id=f"{name}.{check.id}", evidence=_compare_place(comparison, check))
            for check in comparison.checks
        ]
    rows += information(judged.runs)
    return tuple(rows)


def _of_runs(runs: Sequence[JudgedRun]) -> list[Check]:
    """One check for each id that any of the runs has, the worst; one that a run lacks is not known of it."""
    ids = list(dict.fromkeys(check.id for run in runs for check in run.checks))
    # present only where something is amiss
    ids.sort(key=lambda id: id == "SYS_MANIFEST")
    return [_worst(id, runs) for id in ids]


def _worst(id: str, runs: Sequence[JudgedRun]) -> Check:
    missing = unknown(id, "this run does not have the check", "checks.tsv")
    answers = [(run, next((check for check in run.checks if check.id == id), missing)) for run in runs]
    if id == "SYS_MANIFEST":
        answers = [(run, check) for run, check in answers if check is not missing]
    run, check = _first_of_the_worst(answers)
    details = check.details if len(runs) == 1 else f"of {len(runs)} runs, {run.stamp}: {check.details}"
    return replace(check, details=details)


def _first_of_the_worst(answers: Sequence[tuple[JudgedRun, Check]]) -> tuple[JudgedRun, Check]:
    """The first run whose check has the worst status, and that check with its evidence as a place in the pack."""
    status = worst(check.status for _, check in answers)
    run, check = next(answer for answer in answers if answer[1].status == status)
    return run, replace(check, evidence=f"{run.place}/{check.evidence}")


def _named(name: str, check: Check, runs: Sequence[JudgedRun], rules: Rules) -> Check:
    """A run's check as a row of the pack."""
    expected = not name.endswith(".resilient") and _may_fail(name, check.id, runs, rules)
    return replace(check, id=f"INFO_{name}.{check.id}" if expected else f"{name}.{check.id}")


def _may_fail(name: str, id: str, runs: Sequence[JudgedRun], rules: Rules) -> bool:
    """Whether the run is there to miss this: what is allowed, or a claim that is not about this mode alone."""
    if id in (*rules.baseline_may_fail, NOTHING_CLAIMED):
        return True
    claims = [run.claims[id] for run in runs if id in run.claims]
    return bool(claims) and all(
        not claim.mistake and claim.modes != (name.rpartition(".")[2],) for claim in claims
    )


def _compare_place(comparison: JudgedComparison, check: Check) -> str:
    file, mark, place = check.evidence.partition("#")
    if file in _COMPARISON_FILES:
        return f"{comparison.place}/{file}{mark}{place}"
    if not comparison.document:
        return f"{RUNS}/{comparison.experiment}"
    return f"{comparison.document['resilient']['run']}/{file}{mark}{place}"


def _by_rule(
    rule: Rule,
    by_run: Mapping[str, Sequence[JudgedRun]],
    per_run: Mapping[str, Sequence[Check]],
    comparisons: Mapping[str, JudgedComparison],
    perf_ids: frozenset[str],
) -> Iterator[Check]:
    """The row of a rule; none where the pack has nothing that it could follow from."""
    if rule.kind == "comparison":
        if comparison := comparisons.get(rule.subject):
            yield _of_comparison(rule, comparison)
    elif rule.kind == "run":
        if checks := per_run.get(rule.subject):
            counted = [check for check in checks if f"{rule.subject}.{check.id}" not in perf_ids]
            place = f"{by_run[rule.subject][-1].place}/journal.json"
            yield _folded(rule, counted, place, f"of {rule.subject}")
    elif runs := [run for name in rule.of for run in by_run.get(name, ())]:
        yield (ready if rule.kind == "ready" else answered)(rule, runs)


def _of_comparison(rule: Rule, comparison: JudgedComparison) -> Check:
    if comparison.problem:
        return unknown(rule.id, f"{rule.claim}: {comparison.problem}", f"{RUNS}/{comparison.experiment}")
    check = _folded(rule, comparison.checks, f"{comparison.place}/compare.json#verdict", "of the comparison")
    # the comparison's own word is asked as well: it may know more than its checks
    return replace(check, status=worst([check.status, comparison.status]))


def _folded(rule: Rule, checks: Sequence[Check], place: str, of: str) -> Check:
    status = worst(check.status for check in checks)
    if status == "pass":
        return passed(rule.id, f"{rule.claim}: all {len(checks)} checks {of} pass", place)
    failing = [check for check in checks if check.status == status]
    if not failing:
        return Check(rule.id, status, f"{rule.claim}: no check {of}", place)
    more = f" (and {len(failing) - 1} more)" if len(failing) > 1 else ""
    return Check(rule.id, status, f"{rule.claim}: {failing[0].id}{more}: {failing[0].details}", place)


def _perf(
    rule: PerfRule, by_run: Mapping[str, Sequence[JudgedRun]], per_run: Mapping[str, Sequence[Check]]
) -> Iterator[Check]:
    if rule.claim is None:
        name, _, id = rule.claim_id.rpartition(".")
        yield from (replace(check, id=rule.id) for check in per_run.get(name, ()) if check.id == id)
        return
    if runs := by_run.get(rule.run):
        measured = [(run, judge_claims([rule.claim], run.figures, run.run.variables)[0]) for run in runs]
        yield replace(_first_of_the_worst(measured)[1], id=rule.id)
