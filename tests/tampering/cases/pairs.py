"""Tampering with a pair of recorded runs: what is called the baseline is none, or the two did not do the same."""

import re
from dataclasses import dataclass
from typing import Any

from tests.support.recorded_runs import Folder
from tests.tampering.case import FAIL, UNKNOWN, Table
from tests.tampering.recorded import change_fault, recount

__all__ = ["CASES", "REFUSED", "Pair", "exchange_modes"]


@dataclass(frozen=True)
class Pair:
    """A baseline and a resilient run."""

    baseline: Folder
    resilient: Folder


def _session(folder: Folder, **changes: Any) -> None:
    folder.change("session.json", lambda session: session.update(changes))


def exchange_modes(pair: Pair) -> None:
    _session(pair.baseline, mode="resilient")
    _session(pair.resilient, mode="baseline")


def _second_resilient(pair: Pair) -> None:
    """What is called the baseline had the patterns on, and held."""
    for path in pair.baseline.path.rglob("*"):
        if path.is_file() and path.parent.name != "warmup":
            path.write_bytes((pair.resilient.path / path.relative_to(pair.baseline.path)).read_bytes())
    _session(pair.baseline, mode="baseline")


def _broken_all_along(pair: Pair) -> None:
    """Half of the requests before the fault fail as well, and none from then on."""

    def change(rows: list[list[str]]) -> None:
        on_at = pair.baseline.lines("faults.jsonl")[0]["applied_at"]
        for row in rows:
            if row[6] == "app-a-0":
                row[4:6] = ["503", "UNAVAILABLE"] if float(row[2]) < on_at else ["200", "SUCCESS"]

    pair.baseline.change_rows(change)
    recount(pair.baseline)
    for name in ("app-a-0", "app-a-1"):
        pair.baseline.change_text(
            f"artifacts/{name}.prom",
            lambda text: re.sub(r"(a_downstream_requests_total\{code=\"[A-Z]+\"\}) .*", r"\1 1e6", text),
        )


def _same_values(pair: Pair) -> None:
    _session(pair.baseline, values=pair.resilient.read("session.json")["values"])


CASES: Table = {
    "CMP_NEGATIVE_CONTROL": {
        "the baseline's fault hit nothing: it broke of something else": (
            UNKNOWN,
            lambda pair: change_fault(pair.baseline, packets=0),
        ),
        "the baseline is a second resilient run": (UNKNOWN, _second_resilient),
        "the baseline was broken before its fault, and not after it": (UNKNOWN, _broken_all_along),
        "the baseline was killed": (UNKNOWN, lambda pair: _session(pair.baseline, complete=False)),
    },
    "CMP_MODES_DIFFER": {"both modes got the same values": (FAIL, _same_values)},
    "CMP_RESILIENT_PASSES": {
        "the resilient run was killed": (UNKNOWN, lambda pair: _session(pair.resilient, complete=False)),
        "the resilient run's fault hit nothing": (FAIL, lambda pair: change_fault(pair.resilient, packets=0)),
    },
}

# What was done to the baseline, so that no comparison is made at all.
REFUSED: Table = {
    "compare": {
        "another seed": (FAIL, lambda pair: _session(pair.baseline, seed=8)),
        "another experiment": (FAIL, lambda pair: _session(pair.baseline, experiment_sha256="0" * 64)),
        "another load": (
            FAIL,
            lambda pair: pair.baseline.change("load-plan.json", lambda plan: plan.update(rate_rps=400.0)),
        ),
        "a fault on another instance": (FAIL, lambda pair: change_fault(pair.baseline, instance="app-a-1")),
        "a longer fault": (FAIL, lambda pair: change_fault(pair.baseline, planned_s=6.0)),
    }
}
