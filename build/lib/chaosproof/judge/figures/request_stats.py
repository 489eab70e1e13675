"""One pass over the request rows: everything that the figures and checks need, in memory bounded by 48 bytes
a row.

Rows are dealt into cells, one per window (before, in and after the fault) and instance, so that each row is
stored once and every figure is a sum over cells. 5,000,000 rows are a design size: hence the plain loop with
local names.
"""

from array import array
from dataclasses import dataclass, field
from pathlib import Path

from chaosproof.runfolder.requests import RequestLines

__all__ = ["LATE_S", "NOBODY", "OTHER_CODES", "WINDOWS", "Cell", "RequestStats", "fold_requests"]

NOBODY = "nobody"
"""The instance of a request that no instance answered."""

WINDOWS = ("before", "fault", "after")

OTHER_CODES = "other"
"""Stands in `outcome_names` for the codes beyond the first 1,000: no system has as many, a torn file may."""

LATE_S = 0.25
"""A request that is sent later than this after it was due is late."""

_OUTCOMES_MAX = 1000
_SEQ_MAX = 50_000_000
_INSTANT_MAX = 1e11
# instants are printed with rounding: a step back by less than this is none
_SLACK_S = 0.001


@dataclass
class Cell:
    """The requests of one instance in one window: counts by code, and three columns, row by row: latency in
    seconds, when it was due, and its outcome, a place in the fold's `outcome_names`.
    """

    ok: int = 0
    codes: dict[str, int] = field(default_factory=dict)
    latencies: "array[float]" = field(default_factory=lambda: array("d"))
    due_at: "array[float]" = field(default_factory=lambda: array("d"))
    outcomes: "array[int]" = field(default_factory=lambda: array("H"))


@dataclass
class RequestStats:
    """What one pass over the rows found. A request is in the window in which it was sent, or was due if it never was.

    `late` is how many were sent more than LATE_S after they were due. `doubles` are rows whose `seq` had been
    seen, `bad_rows` rows that are no rows or whose instants run backwards. `busy_s` is the sum of all
    `done_at - sent_at`. `recovery_due_at` holds when each request after the fault (and in the second before its
    end) was due, `recovery_bad_due_at` the same of those that failed. `outcome_names` are pairs of a code and
    whether the request was ok.
    """

    rows: int = 0
    sent: int = 0
    late: int = 0
    doubles: int = 0
    bad_rows: int = 0
    first_bad_row: str = ""
    seq_max: int = -1
    first_due_at: float | None = None
    last_due_at: float | None = None
    last_done_at: float | None = None
    busy_s: float = 0.0
    cells: dict[str, dict[str, Cell]] = field(default_factory=dict)
    outcome_names: list[tuple[str, bool]] = field(default_factory=list)
    recovery_due_at: "array[float]" = field(default_factory=lambda: array("d"))
    recovery_bad_due_at: "array[float]" = field(default_factory=lambda: array("d"))
    problems: tuple[str, ...] = ()

    @property
    def every_cell(self) -> list[Cell]:
        """The cells of all windows and instances."""
        return [cell for window in self.cells.values() for cell in window.values()]

    @property
    def ok(self) -> int:
        """How many rows are of requests that were ok."""
        return sum(cell.ok for cell in self.every_cell)

    @property
    def distinct(self) -> int:
        """How many different requests have a row."""
        return self.rows - self.doubles


def fold_requests(path: Path, *, closed: bool, fault: tuple[float, float] | None) -> RequestStats:
    """Read requests.csv.gz. `closed`: latency counts from `sent_at`, as in the closed model, else from
    `due_at`.

    `fault` is when the fault began and ended, or None. Never raises: what cannot be read is in `problems`.
    """
    blocks = RequestLines(path)
    began, ended = fault if fault is not None else (float("inf"), float("inf"))
    follow_from = ended - 1.0
    cells: dict[str, dict[str, Cell]] = {window: {} for window in WINDOWS}
    before, during, after = (cells[window] for window in WINDOWS)
    fold = RequestStats(cells=cells)
    seen = bytearray()
    rows = sent = late = doubles = bad_rows = 0
    seq_max = -1
    first_due, last_due, last_done, busy_s = float("inf"), 0.0, 0.0, 0.0
    outcome_of: dict[tuple[str, bool], int] = {}
    follow, follow_bad = fold.recovery_due_at.append, fold.recovery_bad_due_at.append

    for block in blocks:
        for line in block:
            try:
                seq_text, due_text, sent_text, done_text, status_text, code, instance, attempts = line.split(
                    ","
                )
                seq, due, done = int(seq_text), float(due_text), float(done_text)
                status = int(status_text)
                int(attempts)
                start = float(sent_text) if sent_text else due
                if not (
                    0 <= seq < _SEQ_MAX and 0 < due <= start + _SLACK_S <= done + 2 * _SLACK_S < _INSTANT_MAX
                ):
                    raise ValueError
            except ValueError:
                bad_rows += 1
                if bad_rows == 1:
                    fold.first_bad_row = line[:120]
                continue
            rows += 1
            if seq > seq_max:
                seq_max = seq
                if seq >= len(seen):
                    seen.extend(bytes(max(seq + 1 - len(seen), len(seen), 65536)))
            if seen[seq]:
                doubles += 1
            seen[seq] = 1
            if due < first_due:
                first_due = due
            if due > last_due:
                last_due = due
            if done > last_done:
                last_done = done
            window = before if start < began else during if start <= ended else after
            cell = window.get(instance)
            if cell is None:
                cell = window[instance] = Cell()
            codes = cell.codes
            codes[code] = codes.get(code, 0) + 1
            if sent_text:
                sent += 1
                busy_s += done - start
                if start - due > LATE_S:
                    late += 1
            cell.latencies.append(done - start if closed else done - due)
            cell.due_at.append(due)
            good = 200 <= status <= 299
            outcome = outcome_of.get((code, good))
            if outcome is None:
                key = (code if len(outcome_of) < _OUTCOMES_MAX else OTHER_CODES, good)
                outcome = outcome_of.setdefault(key, len(outcome_of))
            cell.outcomes.append(outcome)
            if good:
                cell.ok += 1
                if due > follow_from:
                    follow(due)
            elif due > follow_from:
                follow(due)
                follow_bad(due)

    for window in cells.values():
        if "" in window:
            window[NOBODY] = window.pop("")
    fold.rows, fold.sent, fold.doubles, fold.bad_rows, fold.seq_max = rows, sent, doubles, bad_rows, seq_max
    fold.busy_s, fold.late = busy_s, late
    fold.problems = tuple(blocks.problems)
    fold.outcome_names = list(outcome_of)
    if rows:
        fold.first_due_at, fold.last_due_at, fold.last_done_at = first_due, last_due, last_done
    return fold
