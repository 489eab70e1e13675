"""Liars about the session around a run: it did not hold, did not end, or the files are not of this run."""

import shutil
from collections.abc import Callable, Iterator
from typing import Any

from tests.support.recorded_runs import Folder, honest
from tests.tampering.liar import Liar, instants_moved

__all__ = ["lies_of_session"]


def lies_of_session() -> Iterator[Liar]:
    yield from _of_steady_state()
    yield from _of_activities()
    yield from _of_artifacts()
    complete, instances = "SYS_SESSION_COMPLETE", "SYS_INSTANCES"
    yield Liar(
        "the control is missing: no session.json", "unknown", complete, lambda f: f.drop("session.json")
    )
    yield Liar(
        "the control crashes before its end", "unknown", complete, _session(complete=False, ended_at=None)
    )
    yield Liar(
        "the run was interrupted", "unknown", complete, _session(complete=False, interrupted="SIGTERM")
    )
    yield Liar(
        "a part of the run could not be saved", "unknown", complete, _session(not_saved="series: disk full")
    )
    yield Liar("session.json is cut in the middle", "unknown", complete, lambda f: f.halve("session.json"))
    yield Liar(
        "session.json is of another run", "fail", "SYS_LOAD_ACCOUNTED", lambda f: _of_other(f, "session.json")
    )
    yield Liar("the journal is gone", "unknown", complete, lambda f: f.drop("journal.json"))
    yield Liar("the journal is cut in the middle", "unknown", complete, lambda f: f.halve("journal.json"))
    yield Liar(
        "the journal is of another run", "fail", "SYS_FAULT_HIT", lambda f: _of_other(f, "journal.json")
    )
    yield Liar("the toolkit aborted", "unknown", complete, _journal(status="aborted"))
    yield Liar("the clock is moved back by a minute in the fault", "fail", complete, _clock_back)
    yield Liar("the log of events is gone", "fail", "SYS_EVENTS", lambda f: f.drop("events.ndjson"))
    yield Liar("the log of events is gone, and the session names none", "unknown", "SYS_EVENTS", _no_log)
    yield Liar("an event is taken out of the log", "fail", "SYS_EVENTS", _event_gone)
    yield Liar("a claim is loosened in the journal alone", "fail", complete, _claim_loosened)
    yield Liar("the claims are taken out of the journal", "fail", complete, _claims_gone)
    yield Liar("an instance died", "fail", instances, _state(deaths=1, alive=False))
    yield Liar("an instance is gone at the end", "fail", instances, _state(alive=False))
    yield Liar("how the instances ended is not known", "unknown", instances, _session(states={}))
    yield Liar("who exited was never written", "unknown", instances, lambda f: f.drop("readiness.ndjson"))
    yield Liar("an instance exited and nobody counted it", "fail", instances, _exited)


def _of_steady_state() -> Iterator[Liar]:
    before, after = "SYS_STEADY_STATE_BEFORE", "SYS_STEADY_STATE_AFTER"
    yield Liar("the steady state was not met before", "fail", before, lambda f: _met(f, "before", False))
    yield Liar("the steady state was not met after", "fail", after, lambda f: _met(f, "after", False))
    yield Liar(
        "the steady state was never measured before", "unknown", before, lambda f: _met(f, "before", None)
    )
    yield Liar("a probe raises", "unknown", after, _probe_raises)
    yield Liar("a probe is left out", "unknown", after, lambda f: _probes(f, lambda probes: probes.pop()))
    yield Liar(
        "no probe was asked, and all is well", "unknown", after, lambda f: _probes(f, lambda p: p.clear())
    )
    yield Liar("the experiment has no checks", "unknown", after, _no_checks)
    yield Liar(
        "the experiment ran dry",
        "unknown",
        after,
        lambda f: _experiment(f, lambda e: e.update(dry="actions")),
    )


def _of_activities() -> Iterator[Liar]:
    ran, healed = "SYS_ACTIVITIES", "SYS_ROLLBACKS"
    yield Liar(
        "an activity never ended",
        "fail",
        ran,
        lambda f: _ran(f, lambda runs: runs[4].update(status="aborted")),
    )
    yield Liar("an activity never ran", "unknown", ran, lambda f: _ran(f, lambda runs: runs.pop(3)))
    yield Liar("nothing ran", "unknown", ran, lambda f: _ran(f, lambda runs: runs.clear()))
    yield Liar("a rollback fails", "fail", healed, _rollback_fails)
    yield Liar("no rollback ran", "unknown", healed, _journal(rollbacks=[]))


def _of_artifacts() -> Iterator[Liar]:
    id = "SYS_ARTIFACTS"
    yield Liar("an artifact is missing", "fail", id, lambda f: f.drop("artifacts/app-b-2.metrics"))
    yield Liar("an artifact is empty", "fail", id, lambda f: f.empty("artifacts/app-a-1.log"))
    yield Liar("metrics are of another run", "fail", id, lambda f: _of_other(f, "artifacts/app-b-0.metrics"))
    yield Liar("a log is of another run", "fail", id, lambda f: _of_other(f, "artifacts/app-a-0.log"))
    yield Liar("load.json is of another run", "fail", id, lambda f: _of_other(f, "artifacts/load.json"))
    yield Liar("metrics are a sibling's", "fail", id, _sibling)
    yield Liar("Prometheus' samples are of another run", "fail", id, lambda f: _of_other(f, "series.json"))
    yield Liar("no artifact was expected", "unknown", id, _session(expected_artifacts=[]))
    yield Liar("a missing artifact is struck off the list", "fail", id, _struck_off)


def _of_other(folder: Folder, *names: str) -> None:
    other = honest("baseline", folder.path.parent / "other")
    for name in names:
        shutil.copyfile(other.path / name, folder.path / name)


def _session(**said: Any) -> Callable[[Folder], None]:
    return lambda folder: folder.bend("session.json", lambda session: session.update(said))


def _journal(**said: Any) -> Callable[[Folder], None]:
    return lambda folder: folder.bend("journal.json", lambda journal: journal.update(said))


def _state(**said: Any) -> Callable[[Folder], None]:
    return lambda folder: folder.bend("session.json", lambda s: s["states"]["app-b-1"].update(said))


def _experiment(folder: Folder, change: Callable[[Any], object]) -> None:
    """The experiment, in the journal and in the copy of its file."""
    folder.bend("journal.json", lambda journal: change(journal["experiment"]))


def _met(folder: Folder, when: str, met: bool | None) -> None:
    folder.bend("journal.json", lambda j: j["steady_states"][when].update(steady_state_met=met))


def _probes(folder: Folder, change: Callable[[list[Any]], object]) -> None:
    folder.bend("journal.json", lambda journal: change(journal["steady_states"]["after"]["probes"]))


def _ran(folder: Folder, change: Callable[[list[Any]], object]) -> None:
    folder.bend("journal.json", lambda journal: change(journal["run"]))


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
    folder.bend("journal.json", lambda journal: journal.update(steady_states={"before": None, "after": None}))


def _rollback_fails(folder: Folder) -> None:
    said = {"status": "failed", "exception": ["ActivityFailed: the table chaosproof is still there\n"]}
    folder.bend("journal.json", lambda journal: journal["rollbacks"][0].update(said))


def _clock_back(folder: Folder) -> None:
    """The load keeps its own time; all others read the clock, which was set in the middle of the fault."""
    at = folder.lines("faults.jsonl")[0]["applied_at"] + 0.5
    for name in ("faults.jsonl", "readiness.ndjson", "events.ndjson"):
        folder.write_lines(name, [instants_moved(row, at, -60.0) for row in folder.lines(name)])
    folder.write("session.json", instants_moved(folder.read("session.json"), at, -60.0))
    folder.write("journal.json", instants_moved(folder.read("journal.json"), at, -60.0))


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
    folder.bend("session.json", lambda session: session.pop("events"))


def _exited(folder: Folder) -> None:
    at = folder.lines("readiness.ndjson")[-1]["at"] + 0.1
    exited = {"at": at, "instance": "app-b-0", "event": "exited", "detail": "exit code 139"}
    folder.bend_lines("readiness.ndjson", lambda rows: rows.append(exited))


def _sibling(folder: Folder) -> None:
    artifacts = folder.path / "artifacts"
    shutil.copyfile(artifacts / "app-b-0.metrics", artifacts / "app-b-1.metrics")


def _struck_off(folder: Folder) -> None:
    folder.drop("artifacts/app-b-2.metrics")
    folder.bend("session.json", lambda session: session["expected_artifacts"].remove("app-b-2.metrics"))
