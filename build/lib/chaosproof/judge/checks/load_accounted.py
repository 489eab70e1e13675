"""SYS_LOAD_ACCOUNTED: every request of the load has exactly one row, and all who counted counted the same."""

import math

from chaosproof.judge.absent_load import no_load, row_problems
from chaosproof.judge.checks.base import BuiltinCheck, Material
from chaosproof.judge.cross_checks import journal_objects_to_load, progress_objects
from chaosproof.judge.figures.request_stats import NOBODY, RequestStats
from chaosproof.judge.findings import Findings
from chaosproof.runfolder.checks import Check
from chaosproof.runfolder.requests import REQUESTS
from chaosproof.runfolder.run_folder import RunFolder

_CLOCK_SLACK_S = 1.0


def _answer(material: Material) -> Check:
    """Every request has exactly one row, the rows are of this run, and agree with all else that counted them: the load
    itself while it ran and when it ended, and the journal.
    """
    run, stats, id, evidence = material.run, material.stats, CHECK.id, REQUESTS
    if absent := no_load(id, material):
        return absent
    findings = Findings(id, evidence)
    if stats.problems:
        findings.unclear.append(f"requests.csv.gz: {row_problems(stats)}")
    if stats.bad_rows:
        findings.wrong.append(f"{stats.bad_rows} rows cannot be right, the first is {stats.first_bad_row!r}")
    if stats.doubles:
        findings.wrong.append(f"{stats.doubles} requests have more than one row")
    gaps = stats.seq_max + 1 - stats.distinct
    if gaps:
        findings.wrong.append(f"{gaps} requests before the last one have no row")
    _compare_with_done(run, stats, findings)
    _compare_with_progress(run, stats, findings)
    findings.wrong.extend(journal_objects_to_load(run))
    _compare_with_session(run, stats, findings)
    return findings.check(
        f"all {stats.rows} requests have exactly one row, and whoever else counted them counts the same"
    )


def _compare_with_done(run: RunFolder, stats: RequestStats, findings: Findings) -> None:
    done = run.load_done
    if not done.given:
        findings.unclear.append(run.missing("load-done.json"))
        return
    if done.complete is not True:
        findings.wrong.append(f"the load ended early: {done.stopped_by or 'it does not say why'}")
    for key, stated, counted in (
        ("recorded", done.recorded, stats.rows),
        ("ok", done.ok, stats.ok),
        ("errors", done.errors, stats.rows - stats.ok),
    ):
        if stated is None:
            findings.unclear.append(f"load-done.json does not say {key}")
        elif stated != counted:
            findings.wrong.append(f"load-done.json says {key} {stated}, and the rows {counted}")
    planned = done.planned
    if planned is None:
        findings.unclear.append("load-done.json does not say how many requests were planned")
        return
    if not run.load_plan.closed and planned != stats.distinct:
        findings.wrong.append(f"{planned} requests were planned, and {stats.distinct} have a row")
    if stats.distinct > planned:
        findings.wrong.append(f"{stats.distinct} requests have a row, more than the {planned} planned")
    if not planned:
        findings.wrong.append("no request was planned")
    expected = _planned_by_plan(run)
    if expected is not None and not expected[0] <= planned <= expected[1]:
        findings.wrong.append(
            "the plan's rate and duration make "
            f"{expected[0]:.0f} to {expected[1]:.0f} requests, not {planned}"
        )


def _compare_with_progress(run: RunFolder, stats: RequestStats, findings: Findings) -> None:
    if "load-progress.ndjson" in run.problems or not run.progress:
        findings.unclear.append(
            f"what the load said while it ran is not known; {run.missing('load-progress.ndjson')}"
        )
    findings.wrong.extend(progress_objects(run, stats))


def _planned_by_plan(run: RunFolder) -> tuple[float, float] | None:
    """Between which numbers the count of requests lies that the plan's rate and duration make."""
    plan = run.load_plan
    if plan.rate_rps is None or plan.duration_s is None or plan.arrivals not in ("constant", "poisson"):
        return None
    mean = plan.rate_rps * plan.duration_s
    if plan.arrivals == "constant":
        # every request of a constant rate is known beforehand, but for what the last digit of a float may be
        return math.floor(mean + 1e-6), math.ceil(mean - 1e-6)
    # six standard deviations: once in 500 million honest Poisson loads
    slack = 6 * math.sqrt(max(mean, 0))
    return mean - slack, mean + slack


def _compare_with_session(run: RunFolder, stats: RequestStats, findings: Findings) -> None:
    if stats.first_due_at is None or stats.last_due_at is None:
        return
    known = run.session.names | {event.instance for event in run.readiness}
    named = {name for window in stats.cells.values() for name in window if name != NOBODY}
    # what is deployed already may be reached through services that the session knows nothing of
    if known and not run.session.deployed and (strangers := sorted(named - known)):
        findings.wrong.append(
            f"{', '.join(strangers[:3])} answered requests, and no such instance was ever started"
        )
    started_at, ended_at = run.session.started_at, run.session.ended_at
    if started_at is not None and stats.first_due_at < started_at - _CLOCK_SLACK_S:
        findings.wrong.append(
            f"requests were due {started_at - stats.first_due_at:.0f} s before the session started"
        )
    if ended_at is not None and stats.last_due_at > ended_at + _CLOCK_SLACK_S:
        findings.wrong.append(
            f"requests were due {stats.last_due_at - ended_at:.0f} s after the session ended"
        )


CHECK = BuiltinCheck(
    id="SYS_LOAD_ACCOUNTED",
    position=60,
    title="Does every request have exactly one row, and does all that counted them agree?",
    next_step="believe neither; do the run anew: {again}",
    answer=_answer,
)
