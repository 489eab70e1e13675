"""Liars about the measured load: too little of it, other than it was, or answered by somebody else."""

import re
from collections.abc import Iterator

from tests.support.recorded_runs import Folder, honest
from tests.tampering.liar import Liar, recount

__all__ = ["lies_of_load"]

_FILES = ("requests.csv.gz", "load-plan.json", "load-done.json", "load-progress.ndjson")


def lies_of_load() -> Iterator[Liar]:
    seen = "SYS_LOAD_ACCOUNTED"
    yield Liar("a row is deleted", "fail", seen, lambda f: f.bend_rows(lambda rows: rows.pop(700)))
    yield Liar("the last row is deleted", "fail", seen, lambda f: f.bend_rows(lambda rows: rows.pop()))
    yield Liar("a row is deleted, the others renumbered and counted anew", "fail", seen, _renumbered)
    yield Liar("a row is added and counted everywhere", "fail", seen, _added)
    yield Liar("a row is there twice", "fail", seen, lambda f: f.bend_rows(lambda rows: rows.append(rows[3])))
    yield Liar("a row of another request takes its place", "fail", seen, _replaced)
    yield Liar("failed rows are painted green", "fail", seen, _painted, "baseline")
    yield Liar(
        "failed rows are painted green and counted anew", "fail", "SYS_ARTIFACTS", _painted_all, "baseline"
    )
    yield Liar(
        "failed rows are taken out and counted anew",
        "fail",
        "SYS_LOAD_ACCOUNTED",
        _without_failed,
        "baseline",
    )
    yield Liar("slow answers are made fast", "fail", "SYS_ARTIFACTS", _made_fast)
    yield Liar("answers are put down to another instance", "fail", "SYS_ARTIFACTS", _elsewhere)
    yield Liar("answers come out of a cache in front of app-a", "fail", "SYS_ARTIFACTS", _cached)
    yield Liar("answers come from an instance that never was", "fail", seen, _stranger)
    yield Liar("the load runs at half its rate", "fail", "SYS_LOAD_RATE", _halved)
    yield Liar("the load is planned at half the rate that was asked", "fail", "SYS_LOAD_RATE", _planned_half)
    yield Liar("the load stops half-way and says so", "fail", seen, _stopped)
    yield Liar("the load stops half-way and says it is complete", "fail", "SYS_LOAD_RATE", _stopped_quietly)
    yield Liar("the load never starts", "unknown", "SYS_LOAD_RATE", lambda f: f.drop(*_FILES))
    yield Liar("no row was written", "unknown", "SYS_LOAD_RATE", lambda f: f.drop("requests.csv.gz"))
    yield Liar("requests.csv.gz is empty", "fail", seen, lambda f: f.empty("requests.csv.gz"))
    yield Liar("requests.csv.gz is cut in the middle", "fail", seen, lambda f: f.halve("requests.csv.gz"))
    yield Liar("requests.csv.gz is of another run", "fail", seen, lambda f: _of_other(f, "requests.csv.gz"))
    yield Liar("all load files are of another run", "fail", seen, lambda f: _of_other(f, *_FILES))
    yield Liar("the load's end was never written", "unknown", seen, lambda f: f.drop("load-done.json"))
    yield Liar(
        "the load's progress was never written", "unknown", seen, lambda f: f.drop("load-progress.ndjson")
    )
    yield Liar("load-done.json has a figure edited", "fail", seen, _edited_count)
    yield Liar("the rows are of an hour ago", "fail", seen, _hour_ago)


def _renumbered(folder: Folder) -> None:
    def change(rows: list[list[str]]) -> None:
        rows.sort(key=lambda row: int(row[0]))
        del rows[700]
        for seq, row in enumerate(rows):
            row[0] = str(seq)

    folder.bend_rows(change)
    recount(folder)


def _added(folder: Folder) -> None:
    folder.bend_rows(lambda rows: rows.append([str(len(rows)), *rows[-1][1:]]))
    recount(folder)


def _replaced(folder: Folder) -> None:
    folder.bend_rows(lambda rows: rows.__setitem__(4, rows[3]))


def _painted(folder: Folder) -> None:
    folder.bend_rows(lambda rows: [row.__setitem__(slice(4, 6), ["200", "SUCCESS"]) for row in rows])


def _painted_all(folder: Folder) -> None:
    _painted(folder)
    recount(folder)


def _without_failed(folder: Folder) -> None:
    def change(rows: list[list[str]]) -> None:
        rows[:] = [row for row in rows if row[4] == "200"]
        for seq, row in enumerate(rows):
            row[0] = str(seq)

    folder.bend_rows(change)
    recount(folder)


def _made_fast(folder: Folder) -> None:
    def change(rows: list[list[str]]) -> None:
        for row in rows:
            if float(row[3]) - float(row[1]) > 0.012:
                row[3] = f"{float(row[2]) + 0.005:.6f}"

    folder.bend_rows(change)


def _elsewhere(folder: Folder) -> None:
    folder.bend_rows(lambda rows: [row.__setitem__(6, "app-a-1") for row in rows])
    recount(folder)


def _cached(folder: Folder) -> None:
    """What app-a-0 counted is what reached it: a tenth of what the client got."""

    def fewer(text: str) -> str:
        pattern = r'(a_downstream_requests_total\{code="SUCCESS"\} )([0-9.]+)'
        return re.sub(pattern, lambda m: f"{m[1]}{float(m[2]) // 10}", text)

    folder.bend_text("artifacts/app-a-0.prom", fewer)


def _stranger(folder: Folder) -> None:
    folder.bend_rows(lambda rows: [row.__setitem__(6, "cache-0") for row in rows[::2]])
    recount(folder)


def _halved(folder: Folder) -> None:
    def change(rows: list[list[str]]) -> None:
        rows[:] = sorted(rows, key=lambda row: int(row[0]))[::2]
        for seq, row in enumerate(rows):
            row[0] = str(seq)

    folder.bend_rows(change)
    recount(folder)


def _planned_half(folder: Folder) -> None:
    _halved(folder)
    folder.bend("load-plan.json", lambda plan: plan.update(rate_rps=plan["rate_rps"] / 2))
    folder.bend("journal.json", lambda journal: journal["run"][0]["output"].update(rate_rps=50.0))


def _stopped(folder: Folder) -> None:
    _cut(folder)
    folder.bend("load-done.json", lambda done: done.update(complete=False, stopped_by="SIGTERM"))


def _stopped_quietly(folder: Folder) -> None:
    _cut(folder)
    recount(folder)


def _cut(folder: Folder) -> None:
    def change(rows: list[list[str]]) -> None:
        rows[:] = [row for row in rows if int(row[0]) < len(rows) // 2]

    folder.bend_rows(change)


def _of_other(folder: Folder, *names: str) -> None:
    other = honest("baseline", folder.path.parent / "other")
    for name in names:
        (folder.path / name).write_bytes((other.path / name).read_bytes())


def _edited_count(folder: Folder) -> None:
    folder.bend("load-done.json", lambda done: done.update(recorded=done["recorded"] + 1))


def _hour_ago(folder: Folder) -> None:
    def change(rows: list[list[str]]) -> None:
        for row in rows:
            row[1:4] = [f"{float(instant) - 3600:.6f}" for instant in row[1:4]]

    folder.bend_rows(change)
