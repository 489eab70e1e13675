"""The page over all runs of a pack: may it be released, how ready it is, and one row for each run with its own page.

Try it: ./run all --only r2; its page is journals/all/STAMP/pack/report.html
"""

from collections.abc import Sequence
from html import escape

from chaosproof.report.document import document
from chaosproof.report.overview import Overview, RunRow
from chaosproof.report.parts import checks_section, tiles, verdict_badge
from chaosproof.report.quantities import moment
from chaosproof.runfolder.checks import Check

__all__ = ["index_page"]

_SAYS = {
    "pass": "Every check that the gate requires passed.",
    "fail": "At least one check that the gate requires failed or is not there.",
    "unknown": "At least one check that the gate requires could not be answered, so nothing is proved.",
}


def index_page(pack: Overview) -> str:
    """The page as HTML. It computes nothing: every figure on it stands in a file of the pack."""
    head = (
        '<header class="top"><p class="eyebrow">'
        f"{escape(' · '.join(part for part in ('evidence pack', pack.commit, moment(pack.made_at)) if part))}</p>"
        f"<h1>Gate {escape(pack.profile)}</h1>"
        + verdict_badge(pack.status, _SAYS.get(pack.status, _SAYS["unknown"]))
        + tiles(_tiles(pack))
    )
    words = {one.check.id: one.claim for one in pack.checks if one.claim}
    body = (
        f'{head}</header><main id="main"><h2>Runs and comparisons</h2>{_runs(pack.runs)}'
        f"<h2>What the gate requires</h2>{checks_section(_required(pack), words, 'pack')}"
        + _missing(pack.missing)
        + _rest(pack, words)
    )
    return document(
        f"Gate {pack.profile}: {pack.status}",
        body,
        footer="Made by Chaosproof from the files of the pack; it computes nothing of its own.",
    )


def _tiles(pack: Overview) -> list[tuple[str, str, str]]:
    passed = sum(status == "pass" for _, status in pack.required)
    by_category = ", ".join(f"{name} {value:g}" for name, value in pack.categories)
    held = sum(run.verdict == "pass" for run in pack.runs)
    return [
        ("Required checks passed", f"{passed} of {len(pack.required)}", _not_passed(pack)),
        ("Readiness, of 100", f"{pack.score:g}", by_category),
        ("Runs and comparisons that pass", f"{held} of {len(pack.runs)}", "a baseline is there to fail"),
    ]


def _not_passed(pack: Overview) -> str:
    parts = [
        f"{len(pack.amiss)} not passed" if pack.amiss else "",
        f"{len(pack.absent)} absent" if pack.absent else "",
    ]
    return ", ".join(part for part in parts if part)


def _runs(rows: Sequence[RunRow]) -> str:
    if not rows:
        return '<p class="notice">The pack holds no run.</p>'
    cells = "".join(
        f'<tr><th scope="row"><a href="{escape(row.page)}">{escape(row.experiment)}, {escape(row.what)}</a></th>'
        f'<td data-label="verdict"><span class="mark {escape(row.verdict)}"></span> {escape(row.verdict)}</td>'
        f'<td data-label="figures">{escape("; ".join(f"{name} {value}" for name, value in row.figures))}</td></tr>'
        for row in rows
    )
    return (
        '<div class="scroll"><table class="runs"><caption class="hidden">Runs and comparisons</caption><thead><tr>'
        '<th scope="col">run</th><th scope="col">verdict</th><th scope="col">figures</th></tr></thead>'
        f"<tbody>{cells}</tbody></table></div>"
    )


def _required(pack: Overview) -> list[Check]:
    known = {one.check.id: one.check for one in pack.checks}
    return [
        known.get(id)
        or Check(id, "fail", "the pack does not have this check, which counts as failed", "checks.tsv")
        for id, _ in pack.required
    ]


def _rest(pack: Overview, words: dict[str, str]) -> str:
    named = {id for id, _ in pack.required}
    rest = [one.check for one in pack.checks if one.check.id not in named]
    if not rest:
        return ""
    return f"<h2>What else was measured</h2>{checks_section(rest, words, 'pack')}"


def _missing(missing: Sequence[str]) -> str:
    if not missing:
        return ""
    items = "".join(f"<li>{escape(one)}</li>" for one in missing)
    return f"<h2>What is missing for full readiness</h2><ul>{items}</ul>"
