"""Tampering with what the activities did: they ended without raising, and did not do what they were for."""

from collections.abc import Callable
from typing import Any

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
    """Nothing of actions.network is called; in the place of the fault something else was, or nothing."""

    def without(activities: list[Any], entry_of: Callable[[Any], Any]) -> None:
        kept = []
        for item in activities:
            activity = entry_of(item)
            if activity["provider"].get("func") == "reset" and provider:
                activity["provider"] = provider
                item.update(output={"status": 0}) if item is not activity else None
            elif activity["provider"].get("module") == "actions.network":
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


def _no_fault_rows(rows: list[Any]) -> None:
    rows[:] = [row for row in rows if not row["what"].startswith("fault_")]


_STATUS_1 = {"status": 1, "stdout": "", "stderr": "no such device\n"}
CASES: Table = {
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
        "the method has a load and no fault": (UNKNOWN, _fault_of_others(None)),
    },
    "SYS_ROLLBACKS": {
        "a rollback's process ended with status 1": (FAIL, _returned("rollbacks", "process", _STATUS_1)),
    },
}
