"""Tampering with the session around a run: it did not hold, did not end, or the files are not of this run."""

import shutil
from collections.abc import Callable
from typing import Any

from tests.support.recorded_runs import Folder, honest
from tests.tampering.case import FAIL, UNKNOWN, Table
from tests.tampering.recorded import instants_moved

__all__ = ["CASES"]


def _of_other(folder: Folder, *names: str) -> None:
    other = honest("baseline", folder.path.parent / "other")
    for name in names:
        shutil.copyfile(other.path / name, folder.path / name)


def _session(**said: Any) -> Callable[[Folder], None]:
    return lambda folder: folder.change("session.json", lambda session: session.update(said))


def _journal(**said: Any) -> Callable[[Folder], None]:
    return lambda folder: folder.change("journal.json", lambda journal: journal.update(said))


def _state(**said: Any) -> Callable[[Folder], None]:
    return lambda folder: folder.change("session.json", lambda s: s["states"]["app-b-1"].update(said))


def _dead_and_unlisted(folder: Folder) -> None:
    def unlist(session: Any) -> None:
        session["states"]["app-b-1"].update(deaths=1, alive=False)
        session["instances"] = [each for each in session["instances"] if each["name"] != "app-b-1"]

    folder.change("session.json", unlist)


def _experiment(folder: Folder, change: Callable[[Any], object]) -> None:
    """The experiment, in the journal and in the copy of its file."""
    folder.change("journal.json", lambda journal: change(journal["experiment"]))


def _met(folder: Folder, when: str, met: bool | None) -> None:
    folder.change("journal.json", lambda j: j["steady_states"][when].update(steady_state_met=met))


def _probes(folder: Folder, change: Callable[[list[Any]], object]) -> None:
    folder.change("journal.json", lambda journal: change(journal["steady_states"]["after"]["probes"]))


def _ran(folder: Folder, change: Callable[[list[Any]], object]) -> None:
    folder.change("journal.json", lambda journal: change(journal["run"]))


def _probe_raises(folder: Folder) -> None:
    said = {
        "status": "failed",
        "tolerance_met": False,
        "output": None,
        "exception": ["ActivityFailed: boom\n"],
    }
    _probes(folder, lambda probes: probes[-1].update(said))
    _met(folder, "after", False)


def _no_checks(folder: Folder) -> None:
    def change(experiment: Any) -> None:
        del experiment["steady-state-hypothesis"]
        experiment["extensions"][0].update(checks=[], compare=[])

    _experiment(folder, change)
    folder.change(
        "journal.json", lambda journal: journal.update(steady_states={"before": None, "after": None})
    )


def _rollback_fails(folder: Folder) -> None:
    said = {"status": "failed", "exception": ["ActivityFailed: the table chaosproof is still there\n"]}
    folder.change("journal.json", lambda journal: journal["rollbacks"][0].update(said))


def _clock_back(folder: Folder) -> None:
    """The load keeps its own time; all others read the clock, which was set in the middle of the fault."""
    at = folder.lines("faults.jsonl")[0]["applied_at"] + 0.5
    for name in ("faults.jsonl", "readiness.ndjson", "events.ndjson"):
        folder.write_lines(name, [instants_moved(row, at, -60.0) for row in folder.lines(name)])
    folder.write("session.json", instants_moved(folder.read("session.json"), at, -60.0))
    folder.write("journal.json", instants_moved(folder.read("journal.json"), at, -60.0))


def _clock_forward(folder: Folder) -> None:
    """The clock was set in the middle of the fault; what was written one after the other still comes in order."""
    at = folder.lines("faults.jsonl")[0]["applied_at"] + 0.5
    for name in ("faults.jsonl", "readiness.ndjson", "events.ndjson"):
        folder.write_lines(name, [instants_moved(row, at, +60.0) for row in folder.lines(name)])
    folder.write("journal.json", instants_moved(folder.read("journal.json"), at, +60.0))
    session = instants_moved(folder.read("session.json"), at, +60.0)
    folder.write("session.json", session | {"clock_moved_s": 60.0})


def _event_gone(folder: Folder) -> None:
    lines = (folder.path / "events.ndjson").read_text().splitlines(keepends=True)
    del lines[20]
    (folder.path / "events.ndjson").write_text("".join(lines))


def _claim_loosened(folder: Folder) -> None:
    def change(experiment: Any) -> None:
        experiment["extensions"][0]["checks"][0]["at_most"] = 0.9

    _experiment(folder, change)


def _claims_gone(folder: Folder) -> None:
    _experiment(folder, lambda experiment: experiment["extensions"][0].update(checks=[]))


def _no_log(folder: Folder) -> None:
    folder.drop("events.ndjson")
    folder.change("session.json", lambda session: session.pop("events"))


def _exited(folder: Folder) -> None:
    at = folder.lines("readiness.ndjson")[-1]["at"] + 0.1
    exited = {"at": at, "instance": "app-b-0", "event": "exited", "detail": "exit code 139"}
    folder.change_lines("readiness.ndjson", lambda rows: rows.append(exited))


def _sibling(folder: Folder) -> None:
    artifacts = folder.path / "artifacts"
    shutil.copyfile(artifacts / "app-b-0.metrics", artifacts / "app-b-1.metrics")


def _struck_off(folder: Folder) -> None:
    folder.drop("artifacts/app-b-2.metrics")
    folder.change("session.json", lambda session: session["expected_artifacts"].remove("app-b-2.metrics"))


def _never_seen(folder: Folder) -> None:
    def change(rows: list[Any]) -> None:
        rows[:] = [row for row in rows if row["instance"] != "app-b-1"]

    folder.change_lines("readiness.ndjson", change)


def _sealed(mutate: Callable[[Folder], object]) -> Callable[[Folder], None]:
    """A lie about what only the log of events knows, with the log chained anew."""

    def careful(folder: Folder) -> None:
        mutate(folder)
        folder.seal()

    return careful


CASES: Table = {
    "SYS_STEADY_STATE_BEFORE": {
        "the steady state was not met before": (FAIL, lambda f: _met(f, "before", False)),
        "the steady state was never measured before": (UNKNOWN, lambda f: _met(f, "before", None)),
    },
    "SYS_STEADY_STATE_AFTER": {
        "the steady state was not met after": (FAIL, lambda f: _met(f, "after", False)),
        "a probe raises": (UNKNOWN, _probe_raises),
        "a probe is left out": (UNKNOWN, lambda f: _probes(f, lambda probes: probes.pop())),
        "no probe was asked, and all is well": (UNKNOWN, lambda f: _probes(f, lambda p: p.clear())),
        "the experiment has no checks": (UNKNOWN, _no_checks),
        "the experiment ran dry": (UNKNOWN, lambda f: _experiment(f, lambda e: e.update(dry="actions"))),
    },
    "SYS_ACTIVITIES": {
        "an activity never ended": (FAIL, lambda f: _ran(f, lambda runs: runs[4].update(status="aborted"))),
        "an activity never ran": (UNKNOWN, lambda f: _ran(f, lambda runs: runs.pop(3))),
        "nothing ran": (UNKNOWN, lambda f: _ran(f, lambda runs: runs.clear())),
    },
    "SYS_ROLLBACKS": {
        "a rollback fails": (FAIL, _rollback_fails),
        "no rollback ran": (UNKNOWN, _journal(rollbacks=[])),
    },
    "SYS_ARTIFACTS": {
        "an artifact is missing": (FAIL, lambda f: f.drop("artifacts/app-b-2.metrics")),
        "an artifact is empty": (FAIL, lambda f: f.empty("artifacts/app-a-1.log")),
        "metrics are of another run": (FAIL, lambda f: _of_other(f, "artifacts/app-b-0.metrics")),
        "a log is of another run": (FAIL, lambda f: _of_other(f, "artifacts/app-a-0.log")),
        "load.json is of another run": (FAIL, lambda f: _of_other(f, "artifacts/load.json")),
        "metrics are a sibling's": (FAIL, _sibling),
        "Prometheus' samples are of another run": (FAIL, lambda f: _of_other(f, "series.json")),
        "no artifact was expected": (UNKNOWN, _session(expected_artifacts=[])),
        "a missing artifact is struck off the list": (FAIL, _struck_off),
    },
    "SYS_SESSION_COMPLETE": {
        "the control is missing: no session.json": (UNKNOWN, lambda f: f.drop("session.json")),
        "the control crashes before its end": (UNKNOWN, _session(complete=False, ended_at=None)),
        "the run was interrupted": (UNKNOWN, _session(complete=False, interrupted="SIGTERM")),
        "a part of the run could not be saved": (UNKNOWN, _session(not_saved="series: disk full")),
        "session.json is cut in the middle": (UNKNOWN, lambda f: f.halve("session.json")),
        "the journal is gone": (UNKNOWN, lambda f: f.drop("journal.json")),
        "the journal is cut in the middle": (UNKNOWN, lambda f: f.halve("journal.json")),
        "the toolkit aborted": (UNKNOWN, _journal(status="aborted")),
        "the clock is moved back by a minute in the fault": (FAIL, _clock_back),
        "the clock is set forward during the run": (FAIL, _clock_forward),
        "a claim is loosened in the journal alone": (FAIL, _claim_loosened),
        "the claims are taken out of the journal": (FAIL, _claims_gone),
    },
    "SYS_LOAD_ACCOUNTED": {
        "session.json is of another run": (FAIL, lambda f: _of_other(f, "session.json")),
    },
    "SYS_FAULT_HIT": {
        "the journal is of another run": (FAIL, lambda f: _of_other(f, "journal.json")),
    },
    "SYS_EVENTS": {
        "the log of events is gone": (FAIL, lambda f: f.drop("events.ndjson")),
        "the log of events is gone, and the session names none": (UNKNOWN, _no_log),
        "an event is taken out of the log": (FAIL, _event_gone),
        "the session names another seed": (FAIL, _sealed(_session(seed=8))),
        "the session names another target": (FAIL, _sealed(_session(target="kubernetes"))),
        "an instance was ready that nobody saw start": (FAIL, _sealed(_never_seen)),
    },
    "SYS_INSTANCES": {
        "an instance died": (FAIL, _state(deaths=1, alive=False)),
        "an instance is gone at the end": (FAIL, _state(alive=False)),
        "how the instances ended is not known": (UNKNOWN, _session(states={})),
        "who exited was never written": (UNKNOWN, lambda f: f.drop("readiness.ndjson")),
        "an instance exited and nobody counted it": (FAIL, _exited),
        "a dead instance is taken out of the list of instances": (FAIL, _dead_and_unlisted),
    },
}
