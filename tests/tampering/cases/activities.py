"""Tampering with what the activities did: they ended without raising, and did not do what they were for."""

import copy
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from chaosproof.experiment.method_actions import provider_module
from tests.support.recorded_runs import Folder
from tests.tampering.case import FAIL, UNKNOWN, Table

__all__ = ["CASES"]


def _returned(section: str, kind: str, output: Any, **more: Any) -> Callable[[Folder], None]:
    """The last activity of the section called a provider of `kind`, and returned `output`."""

    def change(journal: Any) -> None:
        entry = journal[section][-1]
        entry["activity"].update(provider={"type": kind}, **more)
        entry["output"] = output

    return lambda folder: folder.change("journal.json", change)


def _fault_of_others(provider: Any) -> Callable[[Folder], None]:
    """Nothing of chaosproof.actions.network is called; in the place of the fault something else was, or nothing."""

    def without(activities: list[Any], entry_of: Callable[[Any], Any]) -> None:
        kept = []
        for item in activities:
            activity = entry_of(item)
            if activity["provider"].get("func") == "reset" and provider:
                activity["provider"] = provider
                item.update(output={"status": 0}) if item is not activity else None
            elif provider_module(activity) == "chaosproof.actions.network":
                continue
            kept.append(item)
        activities[:] = kept

    def journal(document: Any) -> None:
        without(document["experiment"]["method"], lambda item: item)
        without(document["run"], lambda item: item["activity"])

    def change(folder: Folder) -> None:
        folder.change("journal.json", journal)
        folder.empty("faults.jsonl")
        folder.change_lines("events.ndjson", _no_fault_rows)

    return change


def _late(folder: Folder, behind_s: float) -> None:
    """In the place of the fault an action of others, of which its output is evidence, that began that long before the
    load's last request.
    """
    _fault_of_others({"type": "python", "module": "chaosk8s.pod.actions", "func": "terminate_pods"})(folder)
    last_due_at = max(float(row[1]) for row in folder.rows())
    began, ended = (
        datetime.fromtimestamp(last_due_at - behind_s + more_s, UTC).isoformat() for more_s in (0, 0.01)
    )

    def change(journal: Any) -> None:
        entry = next(e for e in journal["run"] if e["activity"]["provider"].get("func") == "terminate_pods")
        entry.update(start=began, end=ended, output=["app-a-0"])
        shown = {"activity": entry["activity"]["name"], "shows": "output is not empty"}
        journal["experiment"]["extensions"][0]["evidence"] = [shown]

    folder.change("journal.json", change)


def _no_fault_rows(rows: list[Any]) -> None:
    rows[:] = [row for row in rows if not row["what"].startswith("fault_")]


def _sealed(change: Callable[[Folder], None]) -> Callable[[Folder], None]:
    def both(folder: Folder) -> None:
        change(folder)
        folder.seal()

    return both


def _during(*met: bool, runtime: bool = False, deviated: bool = False) -> Callable[[Folder], None]:
    """The hypothesis was measured during the method as well, as often as there are answers."""

    def change(journal: Any) -> None:
        after = journal["steady_states"]["after"]
        states = [copy.deepcopy(after) for _ in met]
        for state, is_met in zip(states, met, strict=True):
            state["steady_state_met"] = state["probes"][-1]["tolerance_met"] = is_met
        journal["steady_states"]["during"] = states
        journal["deviated"] = deviated
        if runtime:
            journal["experiment"]["runtime"]["hypothesis"] = {"strategy": "continuously"}

    return lambda folder: folder.change("journal.json", change)


def _unmet_in_the_log(folder: Folder) -> None:
    """The log of events saw the hypothesis unmet after the method, where the journal says that it was met."""

    def change(rows: list[Any]) -> None:
        [row for row in rows if row["what"] == "hypothesis_ended"][-1]["data"]["met"] = False

    folder.change_lines("events.ndjson", change)
    folder.seal()


def _twice_in_the_log(folder: Folder) -> None:
    """The log of events saw an activity fail that the journal does not have."""

    def change(rows: list[Any]) -> None:
        (place,) = [n for n, row in enumerate(rows) if row["what"] == "method_ended"]
        failed = copy.deepcopy(next(row for row in rows if row["what"] == "activity_ended"))
        failed["data"].update(name="kill the other half", status="failed")
        rows.insert(place, {**failed, "at": rows[place]["at"]})

    folder.change_lines("events.ndjson", change)
    folder.seal()


_STATUS_1 = {"status": 1, "stdout": "", "stderr": "no such device\n"}
CASES: Table = {
    "SYS_STEADY_STATE_DURING": {
        "the steady state was not met once while the method ran": (FAIL, _during(True, False, True)),
        "measured during the method, and no measurement was kept": (UNKNOWN, _during(runtime=True)),
    },
    "SYS_STEADY_STATE_AFTER": {
        "the toolkit saw the system deviate, and the measurement says met": (FAIL, _during(deviated=True)),
    },
    "SYS_EVENTS": {
        "the journal has a measurement of the hypothesis that the log has not": (
            FAIL,
            _sealed(_during(True)),
        ),
        "the log saw the hypothesis unmet, and the journal met": (FAIL, _unmet_in_the_log),
        "the log saw an activity that the journal has not": (FAIL, _twice_in_the_log),
    },
    "SYS_ACTIVITIES": {
        "a process of the method ended with status 1": (FAIL, _returned("run", "process", _STATUS_1)),
        "an HTTP action was answered with 500": (FAIL, _returned("run", "http", {"status": 500})),
        "a probe of the method missed its own tolerance": (
            FAIL,
            _returned("run", "python", 7, tolerance=[0, 5]),
        ),
    },
    "SYS_FAULT_HIT": {
        "the only fault is a process that did nothing": (
            UNKNOWN,
            _fault_of_others({"type": "process", "path": "true"}),
        ),
        "the only fault is a function of somebody else's": (
            UNKNOWN,
            _fault_of_others({"type": "python", "module": "chaosk8s.pod.actions", "func": "terminate_pods"}),
        ),
        "an action of others with evidence began 50 ms before the load's end": (
            UNKNOWN,
            lambda f: _late(f, 0.05),
        ),
        "the method has a load and no fault": (UNKNOWN, _fault_of_others(None)),
    },
    "SYS_ROLLBACKS": {
        "a rollback's process ended with status 1": (FAIL, _returned("rollbacks", "process", _STATUS_1)),
    },
}
