"""What CI shows of a pack: annotations at the experiment's lines, and a table in Markdown for the step summary.

Workflow commands and their escaping: GitHub's "Workflow commands for GitHub Actions"; `%`, CR and LF are escaped in the
message, `:` and `,` as well in a property.
"""

from chaosproof.report.overview import Located, Overview

__all__ = ["annotations", "cell", "escape_message", "escape_property", "mark", "step_summary"]

_IN_A_CELL = str.maketrans({**{sign: f"\\{sign}" for sign in "\\|[`*_"}, "<": "&lt;"})
_MARKS = {"pass": "✅", "fail": "❌", "unknown": "❔", "absent": "❌"}


def escape_message(text: str) -> str:
    """The words as the message of a workflow command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def escape_property(text: str) -> str:
    """The words as the value of a workflow command's property."""
    return escape_message(text).replace(":", "%3A").replace(",", "%2C")


def annotations(pack: Overview) -> list[str]:
    """One workflow command for each required check that does not pass, an `error`; one `warning` for each other."""
    named = {id for id, _ in pack.required}
    lines = [_command("error", located) for located in pack.failing]
    lines += [
        f"::error title={escape_property(id)}::{escape_message(f'{id} is required and the pack does not have it')}"
        for id in pack.absent
    ]
    lines += [
        _command("warning", located)
        for located in pack.checks
        if located.check.status != "pass"
        and located.check.id not in named
        and located.check.id.startswith("PERF_")
    ]
    return lines


def step_summary(pack: Overview) -> str:
    """The pack as Markdown: gate, readiness, runs, and the checks that do not pass."""
    passed = sum(status == "pass" for _, status in pack.required)
    lines = [
        f"## {mark(pack.status)} Chaosproof: gate {cell(pack.profile)}: {cell(pack.status)}",
        "",
        f"{passed} of {len(pack.required)} required checks passed; readiness {pack.score:g} of 100.",
        "",
        "| run | verdict | figures |",
        "|---|---|---|",
    ]
    lines += [
        f"| {cell(run.experiment)}, {cell(run.what)} | {mark(run.verdict)} {cell(run.verdict)} "
        f"| {cell('; '.join(f'{name} {value}' for name, value in run.figures))} |"
        for run in pack.runs
    ]
    failing = [
        *((located.check.id, located.check.status, located.check.details) for located in pack.failing),
        *((id, "absent", "required, and not in the pack") for id in pack.absent),
    ]
    if failing:
        lines += ["", "| required check | status | details |", "|---|---|---|"]
        lines += [
            f"| {cell(id)} | {mark(status)} {cell(status)} | {cell(details)} |"
            for id, status, details in failing
        ]
    return "\n".join(lines) + "\n"


def _command(level: str, located: Located) -> str:
    place = f"file={escape_property(located.file)},line={max(1, located.line)}," if located.file else ""
    message = (
        f"{located.claim}: {located.check.details}"
        if located.claim and located.claim not in located.check.details
        else located.check.details
    )
    return f"::{level} {place}title={escape_property(located.check.id)}::{escape_message(message)}"


def mark(status: str) -> str:
    """The sign of a status or verdict."""
    return _MARKS.get(status, "❔")


def cell(text: str) -> str:
    """Words that stay in their cell, and start neither HTML nor a link."""
    return " ".join(text.translate(_IN_A_CELL).split())
