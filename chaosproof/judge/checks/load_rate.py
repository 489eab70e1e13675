"""SYS_LOAD_RATE: the load was as strong as planned, over the whole of the planned duration."""

import math

from chaosproof.json_access import number
from chaosproof.judge.absent_load import no_load, row_problems
from chaosproof.judge.check import unknown
from chaosproof.judge.checks.base import BuiltinCheck, Material
from chaosproof.judge.figures.request_stats import RequestStats
from chaosproof.judge.findings import Findings
from chaosproof.judge.load_rules.held_up import held_up, stood_still
from chaosproof.judge.next_steps import MARK
from chaosproof.runfolder.checks import Check
from chaosproof.runfolder.requests import REQUESTS
from chaosproof.runfolder.run_folder import RunFolder

RATE_RATIO_MIN = 0.95
# what the generator itself needs between an answer and the next request, where nothing else paces it
_TURN_S = 20e-6


_NOT_BEGUN_STEP = "see in chaostoolkit.log of the run why the load did not begin, and let it be started again"


def _answer(material: Material) -> Check:
    """At least 95 % of the planned rate was sent, over the whole of the planned duration.

    In the closed model a slow system slows the load down, which is a finding and no fault of the load: there
    the check also holds when the connections were busy for 95 % of the time.
    """
    run, stats, id, evidence = material.run, material.stats, CHECK.id, REQUESTS
    if absent := no_load(id, material):
        return absent
    planned_rps, duration_s = run.load_plan.rate_rps, run.load_plan.duration_s
    uncapped = run.load_plan.uncapped
    step = "" if run.unfinished else f"{MARK}{_NOT_BEGUN_STEP}"
    if uncapped:
        planned_rps = math.inf
    if not planned_rps or not duration_s or planned_rps < 0 or duration_s < 0:
        return unknown(
            id,
            f"the planned rate or duration is not known; {run.missing('load-plan.json')}{step}",
            evidence,
        )
    achieved_rps = number(material.figures.load["rate_rps"])
    if achieved_rps is None or stats.first_due_at is None or stats.last_due_at is None:
        return unknown(id, f"no request is recorded; {row_problems(stats)}{step}", evidence)
    findings = Findings(id, evidence)
    ratio = achieved_rps / planned_rps
    busy = _busy_ratio(run, stats, duration_s, _TURN_S if uncapped else 0.0)
    if ratio < RATE_RATIO_MIN and busy < RATE_RATIO_MIN:
        findings.wrong.append(
            f"{achieved_rps:.1f} requests/s without a cap: the connections were busy {busy:.0%} of the time only"
            if uncapped
            else f"{achieved_rps:.1f} of {planned_rps:g} requests/s were sent ({ratio:.1%})"
        )
    span_s = stats.last_due_at - stats.first_due_at
    expected_span_s = RATE_RATIO_MIN * duration_s - 2 / planned_rps
    if span_s < expected_span_s and not run.load_plan.closed:
        findings.wrong.append(f"requests were due over {span_s:.1f} s of the planned {duration_s:g} s")
    for key, planned in (("rate_rps", planned_rps), ("duration_s", duration_s)):
        requested = number(run.variables.get(key))
        if requested is not None and requested != planned:
            findings.wrong.append(
                f"the experiment asked for {key} {requested:g}, and the load planned {planned:g}"
            )
    findings.unclear.extend(filter(None, (held_up(run, stats), stood_still(run))))
    if ratio < RATE_RATIO_MIN:
        cap = "no cap" if uncapped else f"{planned_rps:g}"
        return findings.check(
            f"{achieved_rps:.1f} requests/s of {cap}: the connections were busy {busy:.0%} of the time, "
            "so the system set the pace (closed model)"
        )
    return findings.check(f"{achieved_rps:.1f} of {planned_rps:g} requests/s were sent ({ratio:.1%})")


def _busy_ratio(run: RunFolder, stats: RequestStats, duration_s: float, turn_s: float) -> float:
    """How much of the time the closed model's connections were waiting for an answer, or taking up to `turn_s` from
    one request to the next; 0 in the open model.
    """
    connections = run.load_plan.connections
    if (
        not run.load_plan.closed
        or not connections
        or stats.last_done_at is None
        or stats.first_due_at is None
    ):
        return 0.0
    used_s = stats.busy_s + turn_s * stats.rows
    return min(1.0, used_s / (connections * max(duration_s, stats.last_done_at - stats.first_due_at)))


CHECK = BuiltinCheck(
    id="SYS_LOAD_RATE",
    position=50,
    title="Was at least 95 % of the planned rate sent, over the whole planned duration?",
    next_step=(
        "ask for less than rate_rps={rate_rps} or more than {connections} connections, "
        "with nothing else on the machine, then: {again}"
    ),
    answer=_answer,
)
