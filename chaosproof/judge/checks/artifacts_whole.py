"""The built-in check of what the instances said of themselves: all of it is there, and it is of this run."""

import re
from datetime import datetime

from chaosproof.experiment.experiment import read_experiment
from chaosproof.json_access import as_object, at, number, numeral, text, whole
from chaosproof.judge.check import unknown
from chaosproof.judge.checks.base import BuiltinCheck, Material
from chaosproof.judge.cross_checks import result_objects
from chaosproof.judge.figures.request_stats import RequestStats
from chaosproof.judge.findings import Findings
from chaosproof.judge.load_rules.counters import counters_object, series_objects
from chaosproof.runfolder.checks import Check
from chaosproof.runfolder.paths import ARTIFACTS
from chaosproof.runfolder.run_folder import RunFolder

# a process' start time is known to about two seconds, and pods have clocks of their own
_CLOCK_SLACK_S = 5.0
_STARTED = re.compile(r"^process_start_time_seconds(?:\{[^}]*\})?\s+(\S+)", re.MULTILINE)
_EXAMINED_BYTES = 4 << 20


def _answer(material: Material) -> Check:
    """Every file that the session expected is there, not empty, and tells of this run where it tells of a
    time.
    """
    run, fold, id, evidence = material.run, material.stats, CHECK.id, ARTIFACTS
    expected = run.session.expected_artifacts
    if not expected:
        return unknown(id, "session.json names no expected artifacts", "session.json#expected_artifacts")
    findings = Findings(id, evidence)
    findings.wrong.extend(
        f"the experiment names {name}, and the session does not expect it"
        for name in read_experiment(run.experiment).artifacts
        if name not in expected
    )
    fingerprints: dict[str, str] = {}
    for name in expected:
        size = run.artifacts.get(name)
        if size is None:
            findings.wrong.append(f"{name or '(no name)'} is missing")
        elif size == 0:
            findings.wrong.append(f"{name} is empty")
        else:
            content = _head(run, name)
            if content is None:
                findings.unclear.append(f"{name} cannot be read")
                continue
            findings.wrong.extend(_foreign(run, fold, name, content))
            if _STARTED.search(content):
                twin = fingerprints.setdefault(content, name)
                if twin != name:
                    findings.wrong.append(f"{name} is a copy of {twin}")
    findings.wrong.extend(_foreign_series(run))
    findings.wrong.extend(series_objects(run))
    wrong, unclear = counters_object(run, fold, material.warmup)
    findings.wrong.extend(wrong)
    findings.unclear.extend(unclear)
    return findings.check(f"all {len(expected)} artifacts are there and not empty")


def _foreign_series(run: RunFolder) -> list[str]:
    """Whether what Prometheus recorded is of another time than the session."""
    instants = [instant for samples in run.series.series for instant, _ in samples.points]
    ends = {min(instants), max(instants)} if instants else set()
    return [
        f"series.json has samples of {instant:.0f}, outside of the session"
        for instant in ends
        if not _within_session(run, instant)
    ]


def _head(run: RunFolder, name: str) -> str | None:
    try:
        with (run.path / "artifacts" / name).open("rb") as file:
            return file.read(_EXAMINED_BYTES).decode("utf-8", "replace")
    except OSError:
        return None


def _foreign(run: RunFolder, fold: RequestStats, name: str, content: str) -> list[str]:
    """What in an artifact tells of another run than this one."""
    objections: list[str] = []
    stated_at: float | None = None
    if name == "load.json":
        result = as_object(content)
        counted = whole(at(result, "DurationHistogram", "Count"))
        stated_at = _epoch(text(result.get("StartTime")))
        if counted is None:
            objections.append(f"{name} is no load result")
        elif counted != fold.rows:
            objections.append(f"{name} counts {counted} requests, and there are {fold.rows} rows")
        else:
            objections.extend(result_objects(fold, result))
    elif run.session.deployed:
        # it ran before the session began, and was not to be started anew for it
        return objections
    elif started := _STARTED.search(content):
        stated_at = numeral(started.group(1))
    elif name.endswith(".log"):
        # a log of JSON lines says in each when it was written
        stated_at = number(as_object(content.partition("\n")[0]).get("at"))
    if stated_at is not None and not _within_session(run, stated_at):
        objections.append(f"{name} tells of a start at {stated_at:.0f}, outside of the session")
    return objections


def _within_session(run: RunFolder, instant: float) -> bool:
    started_at, ended_at = run.session.started_at, run.session.ended_at
    if started_at is not None and instant < started_at - _CLOCK_SLACK_S:
        return False
    return ended_at is None or instant <= ended_at + _CLOCK_SLACK_S


def _epoch(rfc3339: str) -> float | None:
    try:
        started = datetime.fromisoformat(rfc3339)
    except ValueError:
        return None
    return started.timestamp() if started.tzinfo is not None else None


CHECK = BuiltinCheck(
    id="SYS_ARTIFACTS",
    position=110,
    title="Is every expected artifact there, not empty, and of this run?",
    next_step="mend what keeps it from being written (a full disk, an instance without metrics), then: {again}",
    answer=_answer,
)
