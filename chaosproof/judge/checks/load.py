"""The built-in checks of the measured load: it was as strong as planned, and every request of it is accounted
for.
"""

import math

from chaosproof.json_access import number
from chaosproof.judge.check import passed, unknown
from chaosproof.judge.cross_checks import journal_objects_to_load, progress_objects
from chaosproof.judge.figures.request_stats import NOBODY, RequestStats
from chaosproof.judge.figures.summary import Figures
from chaosproof.judge.findings import Findings
from chaosproof.runfolder.checks import Check
from chaosproof.runfolder.run_folder import RunFolder

__all__ = ["RATE_RATIO_MIN", "load_accounted", "load_expected", "load_rate"]

RATE_RATIO_MIN = 0.95
# what the generator itself needs between an answer and the next request, where nothing else paces it
_TURN_S = 20e-6
_CLOCK_SLACK_S = 1.0


def load_expected(run: RunFolder, fold: RequestStats) -> bool:
    """A load is expected when the method calls `actions.load`, or any trace of one is there."""
    return bool(run.calls("actions.load") or run.load_plan.given or run.load_done.given or fold.rows)


def load_rate(run: RunFolder, fold: RequestStats, figures: Figures) -> Check:
    """At least 95 % of the planned rate was sent, over the whole of the planned duration.

    In the closed model a slow system slows the load down, which is a finding and no fault of the load: there
    the check also holds when the connections were busy for 95 % of the time.
    """
    id, evidence = "SYS_LOAD_RATE", "requests.csv.gz"
    if absent := _no_load(id, run, fold):
        return absent
    planned_rps, duration_s = run.load_plan.rate_rps, run.load_plan.duration_s
    uncapped = run.load_plan.uncapped
    if uncapped:
        planned_rps = math.inf
    if not planned_rps or not duration_s or planned_rps < 0 or duration_s < 0:
        return unknown(
            id, f"the planned rate or duration is not known; {run.missing('load-plan.json')}", evidence
        )
    achieved_rps = number(figures.load["rate_rps"])
    if achieved_rps is None or fold.first_due_at is None or fold.last_due_at is None:
        return unknown(id, f"no request is recorded; {_row_problems(fold)}", evidence)
    findings = Findings(id, evidence)
    ratio = achieved_rps / planned_rps
    busy = _busy_ratio(run, fold, duration_s, _TURN_S if uncapped else 0.0)
    if ratio < RATE_RATIO_MIN and busy < RATE_RATIO_MIN:
        findings.wrong.append(
            f"{achieved_rps:.1f} requests/s without a cap: the connections were busy {busy:.0%} of the time only"
            if uncapped
            else f"{achieved_rps:.1f} of {planned_rps:g} requests/s were sent ({ratio:.1%})"
        )
    span_s = fold.last_due_at - fold.first_due_at
    expected_span_s = RATE_RATIO_MIN * duration_s - 2 / planned_rps
    if span_s < expected_span_s and not run.load_plan.closed:
        findings.wrong.append(f"requests were due over {span_s:.1f} s of the planned {duration_s:g} s")
    for key, planned in (("rate_rps", planned_rps), ("duration_s", duration_s)):
        requested = number(run.variables.get(key))
        if requested is not None and requested != planned:
            findings.wrong.append(
                f"the experiment asked for {key} {requested:g}, and the load planned {planned:g}"
            )
    if ratio < RATE_RATIO_MIN:
        cap = "no cap" if uncapped else f"{planned_rps:g}"
        return findings.check(
            f"{achieved_rps:.1f} requests/s of {cap}: the connections were busy {busy:.0%} of the time, "
            "so the system set the pace (closed model)"
        )
    return findings.check(f"{achieved_rps:.1f} of {planned_rps:g} requests/s were sent ({ratio:.1%})")


def load_accounted(run: RunFolder, fold: RequestStats) -> Check:
    """Every request has exactly one row, the rows are of this run, and agree with all else that counted them: the load
    itself while it ran and when it ended, and the journal.
    """
    id, evidence = "SYS_LOAD_ACCOUNTED", "requests.csv.gz"
    if absent := _no_load(id, run, fold):
        return absent
    findings = Findings(id, evidence)
    if fold.problems:
        findings.unclear.append(f"requests.csv.gz: {_row_problems(fold)}")
    if fold.bad_rows:
        findings.wrong.append(f"{fold.bad_rows} rows cannot be right, the first is {fold.first_bad_row!r}")
    if fold.doubles:
        findings.wrong.append(f"{fold.doubles} requests have more than one row")
    gaps = fold.seq_max + 1 - fold.distinct
    if gaps:
        findings.wrong.append(f"{gaps} requests before the last one have no row")
    _compare_with_done(run, fold, findings)
    _compare_with_progress(run, fold, findings)
    findings.wrong.extend(journal_objects_to_load(run))
    _compare_with_session(run, fold, findings)
    return findings.check(
        f"all {fold.rows} requests have exactly one row, and whoever else counted them counts the same"
    )


def _compare_with_done(run: RunFolder, fold: RequestStats, findings: Findings) -> None:
    done = run.load_done
    if not done.given:
        findings.unclear.append(run.missing("load-done.json"))
        return
    if done.complete is not True:
        findings.wrong.append(f"the load ended early: {done.stopped_by or 'it does not say why'}")
    ok = sum(cell.ok for window in fold.cells.values() for cell in window.values())
    for key, stated, counted in (
        ("recorded", done.recorded, fold.rows),
        ("ok", done.ok, ok),
        ("errors", done.errors, fold.rows - ok),
    ):
        if stated is None:
            findings.unclear.append(f"load-done.json does not say {key}")
        elif stated != counted:
            findings.wrong.append(f"load-done.json says {key} {stated}, and the rows {counted}")
    planned = done.planned
    if planned is None:
        findings.unclear.append("load-done.json does not say how many requests were planned")
        return
    if not run.load_plan.closed and planned != fold.distinct:
        findings.wrong.append(f"{planned} requests were planned, and {fold.distinct} have a row")
    if fold.distinct > planned:
        findings.wrong.append(f"{fold.distinct} requests have a row, more than the {planned} planned")
    if not planned:
        findings.wrong.append("no request was planned")
    expected = _planned_by_plan(run)
    if expected is not None and not expected[0] <= planned <= expected[1]:
        findings.wrong.append(
            "the plan's rate and duration make "
            f"{expected[0]:.0f} to {expected[1]:.0f} requests, not {planned}"
        )


def _compare_with_progress(run: RunFolder, fold: RequestStats, findings: Findings) -> None:
    if "load-progress.ndjson" in run.problems or not run.progress:
        findings.unclear.append(
            f"what the load said while it ran is not known; {run.missing('load-progress.ndjson')}"
        )
    findings.wrong.extend(progress_objects(run, fold))


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


def _compare_with_session(run: RunFolder, fold: RequestStats, findings: Findings) -> None:
    if fold.first_due_at is None or fold.last_due_at is None:
        return
    known = run.session.names | {event.instance for event in run.readiness}
    named = {name for window in fold.cells.values() for name in window if name != NOBODY}
    # what is deployed already may be reached through services that the session knows nothing of
    if known and not run.session.deployed and (strangers := sorted(named - known)):
        findings.wrong.append(
            f"{', '.join(strangers[:3])} answered requests, and no such instance was ever started"
        )
    started_at, ended_at = run.session.started_at, run.session.ended_at
    if started_at is not None and fold.first_due_at < started_at - _CLOCK_SLACK_S:
        findings.wrong.append(
            f"requests were due {started_at - fold.first_due_at:.0f} s before the session started"
        )
    if ended_at is not None and fold.last_due_at > ended_at + _CLOCK_SLACK_S:
        findings.wrong.append(
            f"requests were due {fold.last_due_at - ended_at:.0f} s after the session ended"
        )


def _no_load(id: str, run: RunFolder, fold: RequestStats) -> Check | None:
    """The answer for an experiment without a load, or for one of which it is not known; None when there is
    one.
    """
    if load_expected(run, fold):
        return None
    if not run.experiment:
        return unknown(
            id, f"whether there was a load is not known; {run.missing('journal.json')}", "journal.json"
        )
    return passed(
        id, "the method calls nothing of actions.load, and no load was recorded", "journal.json#experiment"
    )


def _busy_ratio(run: RunFolder, fold: RequestStats, duration_s: float, turn_s: float) -> float:
    """How much of the time the closed model's connections were waiting for an answer, or taking up to `turn_s` from
    one request to the next; 0 in the open model.
    """
    connections = run.load_plan.connections
    if not run.load_plan.closed or not connections or fold.last_done_at is None or fold.first_due_at is None:
        return 0.0
    used_s = fold.busy_s + turn_s * fold.rows
    return min(1.0, used_s / (connections * max(duration_s, fold.last_done_at - fold.first_due_at)))


def _row_problems(fold: RequestStats) -> str:
    return ", ".join(fold.problems) or "it has no rows"
