"""Changes to a recorded run that keep its files in step with each other."""

import math
from collections import Counter
from typing import Any

from tests.support.recorded_runs import Folder

__all__ = ["change_fault", "instants_moved", "recount"]


def recount(folder: Folder) -> None:
    """Make everything that counts requests, but the instances themselves, agree with the rows."""
    rows = folder.rows()
    ok = sum(1 for row in rows if row[4].startswith("2") and len(row[4]) == 3)
    counts = {"recorded": len(rows), "ok": ok, "errors": len(rows) - ok}
    codes = dict(Counter(row[5] for row in rows))
    folder.change("load-done.json", lambda d: d.update(counts | {"planned": len(rows)}))
    ended = {
        "due": len(rows),
        "sent": len(rows),
        "done": len(rows),
        "ok": ok,
        "errors": len(rows) - ok,
        "codes": codes,
    }
    folder.change_lines("load-progress.ndjson", lambda lines: lines[-1].update(ended))
    latencies_s = [float(row[3]) - float(row[1]) for row in rows]

    def result(document: Any) -> None:
        document["DurationHistogram"].update(Count=len(rows), Max=max(latencies_s), Sum=sum(latencies_s))
        ordered = sorted(latencies_s)
        document["DurationHistogram"].update(Min=ordered[0], Avg=sum(latencies_s) / len(rows))
        for entry in document["DurationHistogram"]["Percentiles"]:
            entry["Value"] = ordered[math.ceil(entry["Percentile"] / 100 * len(rows)) - 1]
        document.update(Codes=codes, RetCodes=dict(Counter(row[4] for row in rows)))

    folder.change("artifacts/load.json", result)

    def journal(document: Any) -> None:
        for entry in document["run"]:
            if isinstance(entry["output"], dict) and "recorded" in entry["output"]:
                entry["output"].update(counts | {"planned": len(rows)})

    folder.change("journal.json", journal)
    folder.change_lines(
        "events.ndjson",
        lambda lines: [row["data"].update(counts) for row in lines if row["what"] == "load_ended"],
    )


def change_fault(folder: Folder, **changes: Any) -> None:
    """Change what the ledger, the journal and the log of events have of the fault."""
    folder.change_lines("faults.jsonl", lambda rows: rows[0].update(changes))

    def journal(document: Any) -> None:
        for entry in document["run"]:
            outputs = entry["output"] if isinstance(entry["output"], list) else [entry["output"]]
            for output in outputs:
                if isinstance(output, dict) and "applied_at" in output:
                    output.update({key: value for key, value in changes.items() if key in output})

    folder.change("journal.json", journal)

    def events(rows: list[Any]) -> None:
        for row in rows:
            if row["what"] in ("fault_on", "fault_off"):
                row["data"].update({key: value for key, value in changes.items() if key in row["data"]})
        if "ended_at" in changes and changes["ended_at"] is None:
            rows[:] = [row for row in rows if row["what"] != "fault_off"]

    folder.change_lines("events.ndjson", events)


def instants_moved(value: Any, after: float, by_s: float) -> Any:
    """A document with every instant later than `after` moved, as a clock that is set during a run would write it."""
    if isinstance(value, dict):
        return {key: instants_moved(item, after, by_s) for key, item in value.items()}
    if isinstance(value, list):
        return [instants_moved(item, after, by_s) for item in value]
    if isinstance(value, float) and after < value < after + 3600:
        return value + by_s
    return value
