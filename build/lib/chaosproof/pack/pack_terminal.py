"""What the gate and the verification of a pack print for a person."""

from collections import Counter

from rich.console import Console
from rich.table import Table
from rich.text import Text

from chaosproof.pack.gate.gate import GateRow, GateVerdict
from chaosproof.pack.verify import Verification
from chaosproof.report.formats.terminal import status_text
from chaosproof.runfolder.checks import one_line

__all__ = ["print_gate", "print_verification"]

_SHOWN_MAX = 200


def print_gate(verdict: GateVerdict, console: Console | None = None) -> None:
    """The required checks, in short where all of a run pass, what else to know, and the verdict on the last line."""
    screen = console or Console()
    for problem in verdict.problems[:_SHOWN_MAX]:
        screen.print(Text(f"the gate is shut: {one_line(problem)}", style="red"), soft_wrap=True)
    table = Table(box=None, pad_edge=False)
    table.add_column("required check", no_wrap=True)
    table.add_column("status", no_wrap=True)
    table.add_column("details", overflow="fold")
    absent, shown = _absent_runs(verdict), set[str]()
    for row in verdict.rows:
        run = _run_of(row)
        if run in absent:
            if run not in shown:
                message = f"the pack has no such run, of which {absent[run]} checks are required"
                table.add_row(Text(run), status_text("absent"), Text(message))
            shown.add(run)
        # of a run's own checks only those that stop the release
        elif not run or row.status != "pass":
            table.add_row(Text(row.id), status_text(row.status), Text(row.details))
    screen.print(table)
    quiet = sum("." in row.id and row.status == "pass" for row in verdict.rows)
    if quiet:
        screen.print(f"and {quiet} checks of single runs, which pass")
    for check in verdict.warnings:
        screen.print(Text(f"warning: {check.id}: {check.details}", style="yellow"), soft_wrap=True)
    passed = len(verdict.rows) - len(verdict.failing)
    end = f"gate {verdict.profile}: {passed} of {len(verdict.rows)} required checks pass: "
    screen.print(Text(end).append_text(status_text(verdict.status)), soft_wrap=True)


def print_verification(verification: Verification, console: Console | None = None) -> None:
    """What differs, one line each, and on the last line whether the pack says what its files say."""
    screen = console or Console()
    for difference in verification.differences[:_SHOWN_MAX]:
        screen.print(Text(one_line(str(difference))), soft_wrap=True)
    if len(verification.differences) > _SHOWN_MAX:
        screen.print(f"and {len(verification.differences) - _SHOWN_MAX} more")
    for note in verification.notes[:_SHOWN_MAX]:
        screen.print(Text(f"note: {one_line(note)}", style="yellow"), soft_wrap=True)
    if verification.differences:
        count = len(verification.differences)
        message = "1 thing is" if count == 1 else f"{count} things are"
        screen.print(Text(f"{message} not as the raw files say", style="red"))
    else:
        verdict = verification.pack.status if verification.pack else "unknown"
        rows = len(verification.pack.checks) if verification.pack else 0
        screen.print(
            f"all {verification.files} files and {rows} checks are as the raw files say; they say: {verdict}"
        )


def _absent_runs(verdict: GateVerdict) -> dict[str, int]:
    """The runs of which nothing is there, and how many of their checks are required."""
    there = {_run_of(row) for row in verdict.rows if row.status != "absent"}
    return Counter(run for row in verdict.rows if (run := _run_of(row)) and run not in there)


def _run_of(row: GateRow) -> str:
    """`checkout.resilient`; empty for a check of the whole pack."""
    return row.id.rpartition(".")[0]
