"""Tampering with the measured load: too little of it, other than it was, or answered by somebody else."""

import re
from typing import Any

from tests.support.recorded_runs import Folder, honest
from tests.tampering.case import FAIL, UNKNOWN, Table
from tests.tampering.recorded import recount

__all__ = ["CASES"]

_FILES = ("requests.csv.gz", "load-plan.json", "load-done.json", "load-progress.ndjson")


def _renumbered(folder: Folder) -> None:
    def change(rows: list[list[str]]) -> None:
        rows.sort(key=lambda row: int(row[0]))
        del rows[700]
        for seq, row in enumerate(rows):
            row[0] = str(seq)

    folder.change_rows(change)
    recount(folder)


def _added(folder: Folder) -> None:
    folder.change_rows(lambda rows: rows.append([str(len(rows)), *rows[-1][1:]]))
    recount(folder)


def _replaced(folder: Folder) -> None:
    folder.change_rows(lambda rows: rows.__setitem__(4, rows[3]))


def _painted(folder: Folder) -> None:
    folder.change_rows(lambda rows: [row.__setitem__(slice(4, 6), ["200", "SUCCESS"]) for row in rows])


def _painted_all(folder: Folder) -> None:
    _painted(folder)
    recount(folder)


def _without_failed(folder: Folder) -> None:
    def change(rows: list[list[str]]) -> None:
        rows[:] = [row for row in rows if row[4] == "200"]
        for seq, row in enumerate(rows):
            row[0] = str(seq)

    folder.change_rows(change)
    recount(folder)


def _made_fast(folder: Folder) -> None:
    def change(rows: list[list[str]]) -> None:
        for row in rows:
            if float(row[3]) - float(row[1]) > 0.012:
                row[3] = f"{float(row[2]) + 0.005:.6f}"

    folder.change_rows(change)


def _elsewhere(folder: Folder) -> None:
    folder.change_rows(lambda rows: [row.__setitem__(6, "app-a-1") for row in rows])
    recount(folder)


def _cached(folder: Folder) -> None:
    """What app-a-0 counted is what reached it: a tenth of what the client got."""

    def fewer(text: str) -> str:
        pattern = r'(a_downstream_requests_total\{code="SUCCESS"\} )([0-9.]+)'
        return re.sub(pattern, lambda m: f"{m[1]}{float(m[2]) // 10}", text)

    folder.change_text("artifacts/app-a-0.prom", fewer)


def _stranger(folder: Folder) -> None:
    folder.change_rows(lambda rows: [row.__setitem__(6, "cache-0") for row in rows[::2]])
    recount(folder)


def _halved(folder: Folder) -> None:
    def change(rows: list[list[str]]) -> None:
        rows[:] = sorted(rows, key=lambda row: int(row[0]))[::2]
        for seq, row in enumerate(rows):
            row[0] = str(seq)

    folder.change_rows(change)
    recount(folder)


def _planned_half(folder: Folder) -> None:
    _halved(folder)
    folder.change("load-plan.json", lambda plan: plan.update(rate_rps=plan["rate_rps"] / 2))
    folder.change("journal.json", lambda journal: journal["run"][0]["output"].update(rate_rps=50.0))


def _stopped(folder: Folder) -> None:
    _cut(folder)
    folder.change("load-done.json", lambda done: done.update(complete=False, stopped_by="SIGTERM"))


def _stopped_quietly(folder: Folder) -> None:
    _cut(folder)
    recount(folder)


def _cut(folder: Folder) -> None:
    def change(rows: list[list[str]]) -> None:
        rows[:] = [row for row in rows if int(row[0]) < len(rows) // 2]

    folder.change_rows(change)


def _of_other(folder: Folder, *names: str) -> None:
    other = honest("baseline", folder.path.parent / "other")
    for name in names:
        (folder.path / name).write_bytes((other.path / name).read_bytes())


def _edited_count(folder: Folder) -> None:
    folder.change("load-done.json", lambda done: done.update(recorded=done["recorded"] + 1))


def _hour_ago(folder: Folder) -> None:
    def change(rows: list[list[str]]) -> None:
        for row in rows:
            row[1:4] = [f"{float(instant) - 3600:.6f}" for instant in row[1:4]]

    folder.change_rows(change)


def _stood_still(folder: Folder) -> None:
    """The generator stood still for half a second: it sent all that was due meanwhile when it went on."""

    def change(rows: list[list[str]]) -> None:
        since = min(float(row[1]) for row in rows) + 1
        for row in rows:
            if since <= float(row[1]) < since + 0.5:
                row[2], row[3] = f"{since + 0.5:.6f}", f"{since + 0.51:.6f}"

    folder.change_rows(change)
    recount(folder)


def _no_progress(folder: Folder) -> None:
    folder.change_lines("load-progress.ndjson", lambda rows: rows.__delitem__(slice(6, 10)))


def _nameless(folder: Folder) -> None:
    """Answers are put into the rows that no instance gave, and that name none: they take the place of errors."""

    def change(rows: list[list[str]]) -> None:
        for row in rows:
            if row[4] != "200":
                row[4:7] = ["200", "SUCCESS", ""]

    folder.change_rows(change)
    recount(folder)


def _samples_of_another(folder: Folder) -> None:
    def change(document: Any) -> None:
        for samples in document["series"]:
            if samples["metric"]["__name__"] == "a_downstream_requests_total":
                samples["values"] = [[at, str(float(value) + 1000)] for at, value in samples["values"]]

    folder.change("series.json", change)


def _silent_progress(folder: Folder) -> None:
    folder.change_lines("load-progress.ndjson", lambda rows: rows[-1].pop("ok"))


def _slow_progress(folder: Folder) -> None:
    folder.change_lines("load-progress.ndjson", lambda rows: rows[-1].update(p99_ms=999.0))


def _percentiles(folder: Folder, values: dict[float, float] | None) -> None:
    def change(result: Any) -> None:
        entries = result["DurationHistogram"].pop("Percentiles")
        if values is not None:
            result["DurationHistogram"]["Percentiles"] = [
                {**entry, "Value": values.get(entry["Percentile"], entry["Value"])} for entry in entries
            ]

    folder.change("artifacts/load.json", change)


CASES: Table = {
    "SYS_LOAD_ACCOUNTED": {
        "a row is deleted": (FAIL, lambda f: f.change_rows(lambda rows: rows.pop(700))),
        "the last row is deleted": (FAIL, lambda f: f.change_rows(lambda rows: rows.pop())),
        "a row is deleted, the others renumbered and counted anew": (FAIL, _renumbered),
        "a row is added and counted everywhere": (FAIL, _added),
        "a row is there twice": (FAIL, lambda f: f.change_rows(lambda rows: rows.append(rows[3]))),
        "a row of another request takes its place": (FAIL, _replaced),
        "failed rows are painted green": (FAIL, _painted, "baseline"),
        "failed rows are taken out and counted anew": (FAIL, _without_failed, "baseline"),
        "answers come from an instance that never was": (FAIL, _stranger),
        "the load stops half-way and says so": (FAIL, _stopped),
        "requests.csv.gz is empty": (FAIL, lambda f: f.empty("requests.csv.gz")),
        "requests.csv.gz is cut in the middle": (FAIL, lambda f: f.halve("requests.csv.gz")),
        "requests.csv.gz is of another run": (FAIL, lambda f: _of_other(f, "requests.csv.gz")),
        "all load files are of another run": (FAIL, lambda f: _of_other(f, *_FILES)),
        "the load's end was never written": (UNKNOWN, lambda f: f.drop("load-done.json")),
        "the load's progress was never written": (UNKNOWN, lambda f: f.drop("load-progress.ndjson")),
        "load-done.json has a figure edited": (FAIL, _edited_count),
        "the rows are of an hour ago": (FAIL, _hour_ago),
        "the last of the load's progress does not say how much was ok": (FAIL, _silent_progress),
        "the load's progress ends with latencies that nobody had": (FAIL, _slow_progress),
    },
    "SYS_ARTIFACTS": {
        "failed rows are painted green and counted anew": (FAIL, _painted_all, "baseline"),
        "slow answers are made fast": (FAIL, _made_fast),
        "answers are put down to another instance": (FAIL, _elsewhere),
        "errors are painted green, and name no instance": (FAIL, _nameless, "baseline"),
        "Prometheus saw more than the instance has counted": (FAIL, _samples_of_another),
        "answers come out of a cache in front of app-a": (FAIL, _cached),
        "load.json has a p99 of its own": (FAIL, lambda f: _percentiles(f, {99: 0.001})),
        "load.json leaves its percentiles out": (FAIL, lambda f: _percentiles(f, None)),
    },
    "SYS_LOAD_RATE": {
        "the load generator stood still for half a second": (UNKNOWN, _stood_still),
        "the load generator wrote no progress for two seconds": (UNKNOWN, _no_progress),
        "the load runs at half its rate": (FAIL, _halved),
        "the load is planned at half the rate that was asked": (FAIL, _planned_half),
        "the load stops half-way and says it is complete": (FAIL, _stopped_quietly),
        "the load never starts": (UNKNOWN, lambda f: f.drop(*_FILES)),
        "no row was written": (UNKNOWN, lambda f: f.drop("requests.csv.gz")),
    },
}
