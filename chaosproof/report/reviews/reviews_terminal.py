"""A review as text; colours only on a terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from chaosproof.report.formats.terminal import status_text
from chaosproof.report.shown_path import shown_path
from chaosproof.review.finding import Severity, worst_of
from chaosproof.review.review import Review
from chaosproof.runfolder.checks import one_line

__all__ = ["print_reviews"]

_STYLES: dict[Severity, str] = {"error": "red", "warning": "yellow", "note": "dim"}


def print_reviews(reviews: Sequence[Review], console: Console | None = None) -> None:
    """Each file with its verdict and its findings; the verdict of all on the last line."""
    screen = console or Console(soft_wrap=True, highlight=False)
    for review in reviews:
        screen.print(_heading(review))
        for finding in review.findings:
            line = Text("  ").append(finding.severity, style=_STYLES[finding.severity])
            place = f" ({one_line(finding.pointer)})" if finding.pointer else ""
            screen.print(line.append(f" {finding.code}: {one_line(finding.message)}{place}"))
            if finding.severity != "note":
                screen.print(Text(f"    Next: {one_line(finding.next_step)}"))
    if len(reviews) > 1:
        counts = {
            verdict: sum(r.verdict == verdict for r in reviews) for verdict in ("pass", "fail", "unknown")
        }
        of = ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)
        screen.print(
            Text(f"{len(reviews)} files ({of}): ").append_text(
                status_text(worst_of(r.verdict for r in reviews))
            )
        )


def _heading(review: Review) -> Text:
    what = (
        f"{shown_path(review.file)}: {one_line(review.title)}: "
        if review.title != review.file.name
        else f"{review.file}: "
    )
    return Text(what).append_text(status_text(review.verdict))
