"""Verdicts and comparisons as tables on a terminal. The only part of `evidence` that needs rich."""

from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from chaosproof.evidence.check import Check, one_line
from chaosproof.evidence.compare import Comparison
from chaosproof.evidence.judge import Verdict

__all__ = ["print_comparison", "print_verdict"]

_COLOURS = {"pass": "green", "fail": "red", "unknown": "yellow"}


def print_verdict(verdict: Verdict, console: Console | None = None) -> None:
    """The checks, then the verdict on the last line."""
    screen = console or Console()
    screen.print(_checks(verdict.checks))
    of = one_line(f"{verdict.summary['experiment']} ({verdict.summary['mode']})")
    screen.print(Text(f"{of}: ").append_text(_status(verdict.status)))


def print_comparison(comparison: Comparison, console: Console | None = None) -> None:
    """The headline side by side, the checks, then the verdict on the last line."""
    screen = console or Console()
    document = comparison.document
    name = one_line(str(document["experiment"]))
    sides = Table(box=None, pad_edge=False)
    sides.add_column(Text(name))
    for mode in ("baseline", "resilient"):
        sides.add_column(mode, justify="right")
    for figure, both in document["headline"].items():
        sides.add_row(figure, *(_cell(both[mode]) for mode in ("baseline", "resilient")))
    screen.print(sides)
    screen.print()
    screen.print(_checks(comparison.checks))
    screen.print(Text(f"{name}: ").append_text(_status(comparison.status)))


def _checks(checks: Iterable[Check]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("check", no_wrap=True)
    table.add_column("status", no_wrap=True)
    table.add_column("details", overflow="fold")
    for check in checks:
        # Text, not markup: details hold brackets of their own
        table.add_row(Text(check.id), _status(check.status), Text(check.details))
    return table


def _status(status: str) -> Text:
    return Text(status, style=_COLOURS.get(status, ""))


def _cell(value: Any) -> Text:
    if value is None:
        return Text("unknown")
    if isinstance(value, str):
        return _status(value)
    return Text(f"{value:,.4g}" if isinstance(value, float) and abs(value) < 1000 else f"{value:,}")
