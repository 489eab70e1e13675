"""Tampering with what the activities did: they ended without raising, and did not do what they were for."""

from collections.abc import Callable
from typing import Any

from tests.support.recorded_runs import Folder
from tests.tampering.case import FAIL, Table

__all__ = ["CASES"]


def _returned(section: str, kind: str, output: Any, **more: Any) -> Callable[[Folder], None]:
    """The last activity of the section called a provider of `kind`, and returned `output`."""

    def change(journal: Any) -> None:
        entry = journal[section][-1]
        entry["activity"].update(provider={"type": kind}, **more)
        entry["output"] = output

    return lambda folder: folder.change("journal.json", change)


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
    "SYS_ROLLBACKS": {
        "a rollback's process ended with status 1": (FAIL, _returned("rollbacks", "process", _STATUS_1)),
    },
}
