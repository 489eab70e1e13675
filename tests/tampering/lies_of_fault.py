"""Liars about the fault: it never was, hit nothing, was another one, or stayed."""

from collections.abc import Iterator
from typing import Any

from tests.support.recorded_runs import Folder, honest
from tests.tampering.liar import Liar, tell_fault

__all__ = ["lies_of_fault"]

_RESET = "all connections from one app-a to app-b are reset"


def lies_of_fault() -> Iterator[Liar]:
    hit, ended, canary = "SYS_FAULT_HIT", "SYS_FAULT_ENDED", "SYS_FAULT_CANARY"
    yield Liar("the fault hits no packet", "fail", hit, lambda f: tell_fault(f, packets=0))
    yield Liar("packets are put into the ledger that the journal never saw", "fail", hit, _more_packets)
    yield Liar(
        "how many packets were hit is not known", "unknown", hit, lambda f: tell_fault(f, packets=None)
    )
    yield Liar("the fault is on the wrong instance", "fail", hit, lambda f: tell_fault(f, instance="app-a-1"))
    yield Liar("the wrong instance is named right in the ledger alone", "fail", hit, _renamed)
    yield Liar("the fault action raises", "fail", "SYS_ACTIVITIES", _action_raises)
    yield Liar("the fault action raises, and nothing was recorded", "fail", hit, _action_raises)
    yield Liar("the ledger is gone", "fail", hit, lambda f: f.drop("faults.jsonl"))
    yield Liar("the ledger is empty", "fail", hit, lambda f: f.empty("faults.jsonl"))
    yield Liar("the ledger is cut in the middle", "fail", hit, lambda f: f.halve("faults.jsonl"))
    yield Liar("the ledger is of another run", "fail", hit, _other_ledger)
    yield Liar("the fault is on when no request is due", "fail", hit, lambda f: _shift(f, 60))
    yield Liar("the fault is shorter than asked", "fail", hit, lambda f: tell_fault(f, planned_s=1.0))
    yield Liar("the fault is on another port", "fail", hit, _other_port)
    yield Liar(
        "the fault has an error", "fail", hit, lambda f: tell_fault(f, error="nft: Operation not permitted")
    )
    yield Liar("the fault ends late", "fail", ended, lambda f: _end(f, +0.8))
    yield Liar("the fault ends early, and nobody healed it", "fail", ended, lambda f: _end(f, -0.8))
    yield Liar("the end of the fault was not seen", "fail", ended, lambda f: tell_fault(f, ended_at=None))
    yield Liar(
        "the fault has no deadline", "fail", ended, lambda f: tell_fault(f, planned_s=None, expires_at=None)
    )
    yield Liar("the reset was a blackhole", "fail", canary, lambda f: _saw(f, during="timeout"))
    yield Liar("the canary got through", "fail", canary, lambda f: _saw(f, during="open"))
    yield Liar("it was already broken before the fault", "fail", canary, lambda f: _saw(f, before="refused"))
    yield Liar("it stayed broken after the fault", "fail", canary, lambda f: _saw(f, after="refused"))
    yield Liar(
        "no canary was sent", "unknown", canary, lambda f: _saw(f, before="none", during="none", after="none")
    )


def _fault(folder: Folder) -> Any:
    return folder.lines("faults.jsonl")[0]


def _more_packets(folder: Folder) -> None:
    tell_fault(folder, packets=0)
    folder.bend_lines("faults.jsonl", lambda rows: rows[0].update(packets=69))


def _renamed(folder: Folder) -> None:
    tell_fault(folder, instance="app-a-1")
    folder.bend_lines("faults.jsonl", lambda rows: rows[0].update(instance="app-a-0"))


def _action_raises(folder: Folder) -> None:
    def change(journal: Any) -> None:
        reset = next(entry for entry in journal["run"] if entry["activity"]["name"] == _RESET)
        said = "chaoslib.exceptions.ActivityFailed: chaosproof.errors.ChaosproofError: nft is not there\n"
        reset.update(status="failed", output=None, exception=["Traceback:\n", said])
        for entry in journal["run"]:
            if entry["activity"]["provider"]["func"] == "wait_until_ended":
                entry["output"] = []

    folder.bend("journal.json", change)
    folder.empty("faults.jsonl")
    folder.bend_lines("events.ndjson", _forget_the_fault)


def _forget_the_fault(rows: list[Any]) -> None:
    rows[:] = [row for row in rows if row["what"] not in ("fault_on", "fault_off")]
    for row in rows:
        if row["what"] == "activity_ended" and row["data"].get("name") == _RESET:
            row["data"]["status"] = "failed"


def _other_ledger(folder: Folder) -> None:
    other = honest("baseline", folder.path.parent / "other")
    (folder.path / "faults.jsonl").write_bytes((other.path / "faults.jsonl").read_bytes())


def _shift(folder: Folder, by_s: float) -> None:
    keys = ("planned_at", "applied_at", "expires_at", "ended_at")
    tell_fault(folder, **{key: _fault(folder)[key] + by_s for key in keys})


def _other_port(folder: Folder) -> None:
    tell_fault(folder, selector=_fault(folder)["selector"] | {"port": 50052})


def _end(folder: Folder, by_s: float) -> None:
    tell_fault(folder, ended_at=_fault(folder)["applied_at"] + _fault(folder)["planned_s"] + by_s)


def _saw(folder: Folder, **canary: str) -> None:
    tell_fault(folder, canary=_fault(folder)["canary"] | canary)
