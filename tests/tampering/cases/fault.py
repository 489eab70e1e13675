"""Tampering with the fault: it never was, hit nothing, was another one, or stayed."""

from typing import Any

from tests.support.recorded_runs import Folder, honest
from tests.tampering.case import FAIL, UNKNOWN, Table
from tests.tampering.recorded import change_fault

__all__ = ["CASES"]

_RESET = "all connections from one app-a to app-b are reset"


def _fault(folder: Folder) -> Any:
    return folder.lines("faults.jsonl")[0]


def _more_packets(folder: Folder) -> None:
    change_fault(folder, packets=0)
    folder.change_lines("faults.jsonl", lambda rows: rows[0].update(packets=69))


def _renamed(folder: Folder) -> None:
    change_fault(folder, instance="app-a-1")
    folder.change_lines("faults.jsonl", lambda rows: rows[0].update(instance="app-a-0"))


def _action_raises(folder: Folder) -> None:
    def change(journal: Any) -> None:
        reset = next(entry for entry in journal["run"] if entry["activity"]["name"] == _RESET)
        said = "chaoslib.exceptions.ActivityFailed: chaosproof.errors.ChaosproofError: nft is not there\n"
        reset.update(status="failed", output=None, exception=["Traceback:\n", said])
        for entry in journal["run"]:
            if entry["activity"]["provider"]["func"] == "wait_until_ended":
                entry["output"] = []

    folder.change("journal.json", change)
    folder.empty("faults.jsonl")
    folder.change_lines("events.ndjson", _forget_the_fault)


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
    change_fault(folder, **{key: _fault(folder)[key] + by_s for key in keys})


def _other_port(folder: Folder) -> None:
    change_fault(folder, selector=_fault(folder)["selector"] | {"port": 50052})


def _end(folder: Folder, by_s: float) -> None:
    change_fault(folder, ended_at=_fault(folder)["applied_at"] + _fault(folder)["planned_s"] + by_s)


def _saw(folder: Folder, **canary: str) -> None:
    change_fault(folder, canary=_fault(folder)["canary"] | canary)


def _by_a_queue(folder: Folder, **changes: Any) -> None:
    """The fault was one whose packets go through a queue, as a rate is."""
    expects = {"proof": "packets", "effect": "held back"}
    change_fault(folder, **{"schema_version": 2, "expects": expects, **changes})


def _rarely(folder: Folder, percent: float) -> None:
    """It was one that hits a packet by chance, and that no kernel counts."""
    expects = {"proof": "packets", "effect": "corrupted", "chance": "corrupt_percent"}
    change_fault(folder, schema_version=2, expects=expects, magnitude={"corrupt_percent": percent})


def _healed(folder: Folder, *, in_journal: bool) -> None:
    """The fault was on for half a second, then something ended it."""
    _end(folder, 0.5 - _fault(folder)["planned_s"])
    change_fault(folder, ended_by="heal", healed=True)
    if in_journal:
        healed = {"healed": 1, "faults": [_fault(folder)]}
        folder.change("journal.json", lambda journal: journal["rollbacks"][0].update(output=healed))


def _in_nobodys_way(folder: Folder) -> None:
    """Every request that was answered before the fault and under it, was answered by the other instance."""

    def change(rows: list[list[str]]) -> None:
        for row in rows:
            if row[6] == "app-a-0":
                row[6] = "app-a-1"

    folder.change_rows(change)


def _on_a_service_that_nobody_calls(folder: Folder) -> None:
    """The hit instance is of a service of its own, which answered nothing; what it was sent may be health checks."""

    def change(session: Any) -> None:
        hit = next(each for each in session["instances"] if each["name"] == "app-a-0")
        hit["service"] = "unused"

    folder.change("session.json", change)
    change_fault(folder, direction="ingress", spoke_with={})
    _in_nobodys_way(folder)


def _beside_somebody_elses(folder: Folder) -> None:
    """A look of the session met the fault of another process on the hit instance."""
    entry = {
        "instance": "app-a-0",
        "entry": "the fault 1a2b3c4d (drop on egress) of another chaosproof process",
        "fault": "1a2b3c4d",
        "when": "as reset on app-a-0 had ended",
    }

    def change(rows: list[Any]) -> None:
        place = next(n for n, row in enumerate(rows) if row["what"] == "fault_off")
        rows.insert(place + 1, {**rows[place], "what": "foreign_entry", "data": entry})

    folder.change_lines("events.ndjson", change)


def _told_otherwise(folder: Folder, what: str, **changes: Any) -> None:
    """The log of events tells of another fault than the ledger."""
    folder.change_lines(
        "events.ndjson", lambda rows: [r["data"].update(changes) for r in rows if r["what"] == what]
    )
    folder.seal()


CASES: Table = {
    "SYS_EVENTS": {
        "the log of events has the fault on another instance": (
            FAIL,
            lambda f: _told_otherwise(f, "fault_on", instance="app-a-1"),
        ),
        "the log of events has a fault of another kind": (
            FAIL,
            lambda f: _told_otherwise(f, "fault_on", kind="drop"),
        ),
        "the log of events has fewer packets hit": (
            FAIL,
            lambda f: _told_otherwise(f, "fault_off", packets=0),
        ),
        "the log of events has another end of the fault": (
            FAIL,
            lambda f: _told_otherwise(f, "fault_off", ended_by="heal"),
        ),
    },
    "SYS_FAULT_HIT": {
        "the fault was in nobody's way": (UNKNOWN, _in_nobodys_way),
        "the fault was on a service that nobody calls": (UNKNOWN, _on_a_service_that_nobody_calls),
        "somebody else's fault was on the same instance": (UNKNOWN, _beside_somebody_elses),
        "the fault hits no packet": (FAIL, lambda f: change_fault(f, packets=0)),
        "packets are put into the ledger that the journal never saw": (FAIL, _more_packets),
        "how many packets were hit is not known": (UNKNOWN, lambda f: change_fault(f, packets=None)),
        "the rate was too wide to hold anything back": (FAIL, lambda f: _by_a_queue(f, affected=0)),
        "what the queue held back is not known": (UNKNOWN, _by_a_queue),
        "the corruption was so rare that it may have hit nothing": (UNKNOWN, lambda f: _rarely(f, 0.1)),
        "the fault is on the wrong instance": (FAIL, lambda f: change_fault(f, instance="app-a-1")),
        "the wrong instance is named right in the ledger alone": (FAIL, _renamed),
        "the fault action raises, and nothing was recorded": (FAIL, _action_raises),
        "the ledger is gone": (FAIL, lambda f: f.drop("faults.jsonl")),
        "the ledger is empty": (FAIL, lambda f: f.empty("faults.jsonl")),
        "the ledger is cut in the middle": (FAIL, lambda f: f.halve("faults.jsonl")),
        "the ledger is of another run": (FAIL, _other_ledger),
        "the fault is on when no request is due": (FAIL, lambda f: _shift(f, 60)),
        "the fault is shorter than asked": (FAIL, lambda f: change_fault(f, planned_s=1.0)),
        "the fault is on another port": (FAIL, _other_port),
        "the fault has an error": (FAIL, lambda f: change_fault(f, error="nft: Operation not permitted")),
    },
    "SYS_ACTIVITIES": {
        "the fault action raises": (FAIL, _action_raises),
    },
    "SYS_FAULT_ENDED": {
        "the fault ends late": (FAIL, lambda f: _end(f, +0.8)),
        "the fault ends early, and nobody healed it": (FAIL, lambda f: _end(f, -0.8)),
        "the fault was healed at once": (UNKNOWN, lambda f: _healed(f, in_journal=True)),
        "the fault says healed, and no activity healed it": (FAIL, lambda f: _healed(f, in_journal=False)),
        "the end of the fault was not seen": (FAIL, lambda f: change_fault(f, ended_at=None)),
        "the fault has no deadline": (FAIL, lambda f: change_fault(f, planned_s=None, expires_at=None)),
    },
    "SYS_FAULT_CANARY": {
        "the reset was a blackhole": (FAIL, lambda f: _saw(f, during="timeout")),
        "the canary got through": (FAIL, lambda f: _saw(f, during="open")),
        "it was already broken before the fault": (FAIL, lambda f: _saw(f, before="refused")),
        "it stayed broken after the fault": (FAIL, lambda f: _saw(f, after="refused")),
        "no canary was sent": (UNKNOWN, lambda f: _saw(f, before="none", during="none", after="none")),
    },
}
