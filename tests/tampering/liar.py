"""A liar: one way to fake or spoil a run, and what the verdict must say of it."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.support.recorded_runs import Folder

__all__ = ["Liar", "instants_moved", "recount", "tell_fault"]


@dataclass(frozen=True)
class Liar:
    """`name` says what is done, `check` must see it and say `expected`; `mode` is the run that is bent by `spoil`."""

    name: str
    expected: str
    check: str
    spoil: Callable[[Folder], object]
    mode: str = "resilient"


def recount(folder: Folder) -> None:
    """Make everything that counts requests, but the instances themselves, agree with the rows."""
    rows = folder.rows()
    ok = sum(1 for row in rows if row[4].startswith("2") and len(row[4]) == 3)
    counts = {"recorded": len(rows), "ok": ok, "errors": len(rows) - ok}
    codes = dict(Counter(row[5] for row in rows))
    folder.bend("load-done.json", lambda d: d.update(counts | {"planned": len(rows)}))
    ended = {
        "due": len(rows),
        "sent": len(rows),
        "done": len(rows),
        "ok": ok,
        "errors": len(rows) - ok,
        "codes": codes,
    }
    folder.bend_lines("load-progress.ndjson", lambda lines: lines[-1].update(ended))
    latencies_s = [float(row[3]) - float(row[1]) for row in rows]

    def result(document: Any) -> None:
        document["DurationHistogram"].update(Count=len(rows), Max=max(latencies_s), Sum=sum(latencies_s))
        document.update(Codes=codes, RetCodes=dict(Counter(row[4] for row in rows)))

    folder.bend("artifacts/load.json", result)

    def journal(document: Any) -> None:
        for entry in document["run"]:
            if isinstance(entry["output"], dict) and "recorded" in entry["output"]:
                entry["output"].update(counts | {"planned": len(rows)})

    folder.bend("journal.json", journal)
    folder.bend_lines(
        "events.ndjson",
        lambda lines: [row["data"].update(counts) for row in lines if row["what"] == "load_ended"],
    )


def tell_fault(folder: Folder, **said: Any) -> None:
    """Tell the same of the fault everywhere: in the ledger, in the journal and in the log of events."""
    folder.bend_lines("faults.jsonl", lambda rows: rows[0].update(said))

    def journal(document: Any) -> None:
        for entry in document["run"]:
            told = entry["output"] if isinstance(entry["output"], list) else [entry["output"]]
            for output in told:
                if isinstance(output, dict) and "applied_at" in output:
                    output.update({key: value for key, value in said.items() if key in output})

    folder.bend("journal.json", journal)

    def events(rows: list[Any]) -> None:
        for row in rows:
            if row["what"] in ("fault_on", "fault_off"):
                row["data"].update({key: value for key, value in said.items() if key in row["data"]})
        if "ended_at" in said and said["ended_at"] is None:
            rows[:] = [row for row in rows if row["what"] != "fault_off"]

    folder.bend_lines("events.ndjson", events)


def instants_moved(value: Any, after: float, by_s: float) -> Any:
    """A document with every instant later than `after` moved, as a clock that is set during a run would write it."""
    if isinstance(value, dict):
        return {key: instants_moved(one, after, by_s) for key, one in value.items()}
    if isinstance(value, list):
        return [instants_moved(one, after, by_s) for one in value]
    if isinstance(value, float) and after < value < after + 3600:
        return value + by_s
    return value
