"""Verdicts and comparisons as tables on a terminal. The only part of `evidence` that needs rich."""

from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from chaosproof.compare.compare import Comparison
from chaosproof.experiment.modes import MODES
from chaosproof.judge.judge import Verdict
from chaosproof.report.quantities import figure, span
from chaosproof.runfolder.checks import Check, one_line

__all__ = ["print_comparison", "print_verdict", "status_text"]

_COLOURS = {"pass": "green", "fail": "red", "absent": "red", "unknown": "yellow"}


def print_verdict(verdict: Verdict, console: Console | None = None) -> None:
    """The checks, then the verdict on the last line."""
    screen = console or Console()
    screen.print(_checks(verdict.checks))
    of = one_line(f"{verdict.summary['experiment']} ({verdict.summary['mode']})")
    screen.print(Text(f"{of}: ").append_text(status_text(verdict.status)))


def print_comparison(comparison: Comparison, console: Console | None = None) -> None:
    """The figures side by side with their 95 % intervals, the checks, then the verdict on the last line."""
    screen = console or Console()
    document = comparison.document
    name = one_line(str(document["experiment"]))
    sides = Table(box=None, pad_edge=False)
    sides.add_column(Text(name))
    for column in (*MODES, "difference, with 95 %"):
        sides.add_column(column, justify="right")
    sides.add_row("verdict", *(status_text(document[mode]["verdict"]) for mode in MODES), "")
    for effect in document["effects"]:
        sides.add_row(
            Text(effect["label"]), *(_figure(effect[mode], effect) for mode in MODES), _difference(effect)
        )
    screen.print(sides)
    screen.print()
    screen.print(_checks(comparison.checks))
    for claim in document["not_judged"]:
        needs = ", ".join(claim["needs"])
        message = f"{claim['id']} is not judged: it needs a run of {needs} (--var mode={claim['needs'][0]})"
        screen.print(Text(one_line(message), style="yellow"))
    if many := document["sequential"]:
        screen.print(Text(many["reason"]))
    screen.print(Text(f"{name}: ").append_text(status_text(comparison.status)))


def _checks(checks: Iterable[Check]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("check", no_wrap=True)
    table.add_column("status", no_wrap=True)
    table.add_column("details", overflow="fold")
    for check in checks:
        # Text, not markup: details hold brackets of their own
        table.add_row(Text(check.id), status_text(check.status), Text(check.details))
    return table


def status_text(status: str) -> Text:
    """The status in its colour."""
    return Text(status, style=_COLOURS.get(status, ""))


def _figure(interval: Mapping[str, Any], effect: Mapping[str, Any]) -> Text:
    return Text(figure(interval["value"], effect["unit"]))


def _difference(effect: Mapping[str, Any]) -> Text:
    apart = effect["difference"]
    if apart is None:
        return Text("")
    unit = "points" if effect["unit"] == "ratio" else effect["unit"]
    between = span(apart["low"], apart["high"], unit)
    return Text(f"{figure(apart['value'], unit)}{f' ({between})' if between else ''}")
