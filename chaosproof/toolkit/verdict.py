"""The verdict of a run that has just ended: judged from its files, written beside them, and printed."""

from pathlib import Path

from rich.console import Console
from rich.text import Text

from chaosproof.judge.judge import Verdict, judge_run
from chaosproof.report.shown_path import shown_path
from chaosproof.report.write import write_verdict
from chaosproof.runfolder.events import EVENTS, record_event

__all__ = ["conclude", "print_verdict"]

_STYLES = {"pass": "bold green", "fail": "bold red", "unknown": "bold yellow"}


def conclude(folder: Path) -> Verdict:
    """Judge the run in `folder` and write its verdict there; `ChaosproofError` when it cannot be written."""
    verdict = judge_run(folder)
    if (folder / EVENTS).exists():
        record_event(folder, "judged", {"verdict": verdict.status})
    write_verdict(folder, verdict)
    return verdict


def print_verdict(folder: Path, verdict: Verdict) -> None:
    """The verdict, and every check that does not pass, on stdout; colours only on a terminal."""
    console = Console(soft_wrap=True, highlight=False)
    summary = verdict.summary
    line = Text.assemble(
        f"{summary['experiment']} {summary['mode']}: ",
        (verdict.status, _STYLES[verdict.status]),
        f" ({summary['checks']['pass']} of {summary['checks']['total']} checks pass)",
    )
    console.print(line)
    for check in verdict.checks:
        if check.status != "pass":
            console.print(
                Text.assemble("  ", (check.status, _STYLES[check.status]), f" {check.id}: {check.details}")
            )
    console.print(f"  {shown_path(folder)}", style="dim")
