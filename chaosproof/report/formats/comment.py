"""A verdict in four lines of Markdown, as a comment on a change: what it is, was asked, was seen, and fails."""

from collections.abc import Sequence
from dataclasses import dataclass

from chaosproof.judge.next_steps import answer_of
from chaosproof.report.formats.ci import cell, mark
from chaosproof.runfolder.checks import Check

__all__ = ["Headline", "comment"]

_DETAILS_CHARS = 240
_SHOWN_MAX = 2


@dataclass(frozen=True)
class Headline:
    """What the four lines say: of what it is the verdict (`subject`), the `question`, `figures` as they are shown, how
    many `checks` there are, and those of them that do not pass.
    """

    status: str
    subject: str
    question: str
    figures: Sequence[str]
    checks: int
    failing: Sequence[Check]


def comment(headline: Headline) -> str:
    """The four lines, whatever the words in them hold."""
    lines = (
        f"### {mark(headline.status)} Chaosproof: {_quoted(headline.subject)}: {headline.status}",
        _quoted(headline.question) or "No question is written down.",
        _quoted("; ".join(headline.figures)) or "No figure was measured.",
        _what_fails(headline),
    )
    # two blanks end a line in Markdown, where a line end alone does not
    return "  \n".join(lines) + "\n"


def _what_fails(headline: Headline) -> str:
    if not headline.failing:
        return f"All {headline.checks} checks pass." if headline.checks else "Nothing was checked."
    shown = [
        f"{_quoted(check.id)} ({check.status}): {_quoted(answer_of(check)[:_DETAILS_CHARS])}"
        for check in headline.failing[:_SHOWN_MAX]
    ]
    more = len(headline.failing) - len(shown)
    return (
        f"{len(headline.failing)} of {headline.checks} checks do not pass: {'; '.join(shown)}"
        f"{f'; and {more} more' if more else ''}"
    )


def _quoted(text: str) -> str:
    """Words on one line that start neither HTML nor a link, and call nobody by name."""
    return cell(text).replace("@", "@\u200b")
