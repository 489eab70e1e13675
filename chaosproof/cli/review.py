"""`chaosproof review`: an honest second opinion on any Chaos Toolkit journal, and on an experiment before it runs.

Try it: chaos run experiment.json; chaosproof review journal.json; echo $?
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chaosproof import __version__
from chaosproof.errors import EXIT_CODES, UsageError, readable_os_errors

if TYPE_CHECKING:
    from chaosproof.review.review import Review

__all__ = ["review"]

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument(
    "paths", nargs=-1, required=True, metavar="JOURNAL_OR_EXPERIMENT...", type=click.Path(path_type=Path)
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, and nothing else.")
@click.option(
    "--agent",
    "as_agent",
    is_flag=True,
    help="Print Chaos Toolkit's chaostoolkit/agent/run/v1 document, put right.",
)
@click.option("--junit", type=_FILE, metavar="FILE", help="Write junit.xml: one test case for each file.")
@click.option(
    "--sarif", type=_FILE, metavar="FILE", help="Write SARIF: each finding at its line of the experiment."
)
@click.option("--html", type=_FILE, metavar="FILE", help="Write one page of all files.")
@click.option(
    "--ci", is_flag=True, help="Also annotate (GITHUB_ACTIONS=true) and append to GITHUB_STEP_SUMMARY."
)
@click.pass_context
def review(
    ctx: click.Context,
    paths: tuple[Path, ...],
    as_json: bool,
    as_agent: bool,
    junit: Path | None,
    sarif: Path | None,
    html: Path | None,
    ci: bool,
) -> None:
    """Review journals of Chaos Toolkit, and experiments before they run: files, or folders of them, JSON or YAML.

    The verdict is derived from the contents of each file alone; no system, no lab and no load of Chaosproof is needed.
    A journal is `fail` where it contradicts its own good ending, `unknown` where what was asked cannot show what the
    experiment is for, and `pass` else. An experiment is read for what a run of it could not show.

    \b
    chaosproof review journal.json
    chaosproof review journals/ --html journals.html
    chaosproof review experiment.yaml --sarif review.sarif

    Exit codes: 0 pass, 1 fail, 2 unknown, 64 wrong call.
    """
    if as_json and as_agent:
        raise UsageError("--json and --agent each print one document: choose one of them")
    from chaosproof.review.finding import worst_of
    from chaosproof.review.places import Located
    from chaosproof.review.review import reviews_of
    from chaosproof.runner.fault_words import fault_word_mistakes

    reviews = list(reviews_of(paths, fault_word_mistakes))
    if as_json:
        from chaosproof.report.reviews.reviews_json import reviews_json

        click.echo(reviews_json(reviews))
    elif as_agent:
        from chaosproof.report.reviews.reviews_agent import reviews_agent

        click.echo(reviews_agent(reviews))
    else:
        from chaosproof.report.reviews.reviews_terminal import print_reviews

        print_reviews(reviews)
    if junit:
        from chaosproof.report.reviews.reviews_junit import reviews_junit

        _write(junit, reviews_junit(reviews))
    if sarif:
        from chaosproof.report.reviews.reviews_sarif import reviews_sarif

        _write(sarif, reviews_sarif(reviews, Located.among([r.document for r in reviews]), __version__))
    if html:
        from chaosproof.report.reviews.reviews_page import reviews_page

        _write(html, reviews_page(reviews))
    if ci:
        _show_in_ci(reviews)
    ctx.exit(EXIT_CODES[worst_of(review.verdict for review in reviews)])


def _show_in_ci(reviews: Sequence["Review"]) -> None:
    from chaosproof.report.reviews.reviews_ci import review_annotations, review_summary
    from chaosproof.review.places import Located

    if os.environ.get("GITHUB_ACTIONS") == "true":
        for line in review_annotations(reviews, Located.among([r.document for r in reviews])):
            click.echo(line)
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        with (
            readable_os_errors(f"cannot write {summary}"),
            Path(summary).open("a", encoding="utf-8") as stream,
        ):
            stream.write(review_summary(reviews))


def _write(file: Path, content: str) -> None:
    with readable_os_errors(f"cannot write {file}"):
        file.write_text(content, encoding="utf-8")
