"""The pieces of a report's page as HTML text. Whatever a file says is escaped here and nowhere else."""

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from chaosproof.experiment.modes import MODES
from chaosproof.json_access import mapping, text
from chaosproof.report.plots.forest import forest
from chaosproof.report.quantities import figure, span
from chaosproof.runfolder.checks import Check

__all__ = ["checks_section", "effects_section", "facts", "plot", "tiles", "verdict_badge"]

_BUILTIN = ("SYS_", "CMP_")
_WORDS = {"pass": "Pass", "fail": "Fail", "unknown": "Unknown"}


def verdict_badge(status: str, says: str) -> str:
    """The verdict, and in words what it means. `data-verdict` carries it for programs."""
    kind = status if status in _WORDS else "unknown"
    return (
        f'<p class="verdict {kind}" data-verdict="{escape(status)}"><span>{_WORDS[kind]}</span></p>'
        f"<p>{escape(says)}</p>"
    )


def tiles(shown: Iterable[tuple[str, str, str]]) -> str:
    """The few figures a person asks for first: `(name, figure as HTML, note)`."""
    cells = "".join(
        f'<div class="tile"><dt>{escape(name)}</dt><dd><span class="big">{value}</span>'
        f'<span class="small">{escape(note)}</span></dd></div>'
        for name, value, note in shown
    )
    return f'<dl class="tiles">{cells}</dl>'


def checks_section(checks: Sequence[Check], words: Mapping[str, str], what: str) -> str:
    """What does not pass first, then the experiment's own claims; the built-in checks that pass are folded away.

    `words` are the claims by id; `what` the checks are of: a run, or a comparison.
    """
    amiss = [c for c in checks if c.status != "pass"]
    own = [c for c in checks if c.status == "pass" and not c.id.startswith(_BUILTIN)]
    rest = [c for c in checks if c.status == "pass" and c.id.startswith(_BUILTIN)]
    shown = (
        _checks([*amiss, *own], words)
        if amiss or own
        else '<p class="quiet">The experiment claims nothing of its own.</p>'
    )
    if not rest:
        return shown
    folded = f"{len(rest)} check{'s' if len(rest) > 1 else ''} that every {what} has, all passed"
    return f"{shown}<details><summary>{folded}</summary>{_checks(rest, words)}</details>"


def effects_section(effects: Sequence[Mapping[str, Any]], pairs: int) -> str:
    """The figures of both modes with their intervals, and the difference between them."""
    rows = "".join(
        f'<tr><th scope="row">{escape(text(row.get("label")))}</th><td class="drawn">{forest(row)}</td>'
        + "".join(_interval(key, row) for key in (*MODES, "difference"))
        + "</tr>"
        for row in effects
    )
    over = "one pair of runs" if pairs == 1 else f"the mean of {pairs} pairs of runs"
    head = "".join(f'<th scope="col" class="n of-{mode}">{mode}</th>' for mode in MODES)
    return (
        '<div class="scroll"><table class="effects">'
        f"<caption>{over[0].upper()}{over[1:]}; below each figure its 95 % interval, where it has one</caption>"
        f'<thead><tr><th scope="col">figure</th><th scope="col"><span class="hidden">drawn</span></th>{head}'
        f'<th scope="col" class="n">difference</th></tr></thead><tbody>{rows}</tbody></table></div>'
    )


def plot(
    kind: str, title: str, says: str, *, height: int, lanes: bool = False, level: int = 3, **data: Any
) -> str:
    """A figure that the script draws into; `says` is for everyone, and all that a screen reader has at first."""
    # an id must not hold a space, and an instance's name may hold anything
    name = re.sub(r"[^\w-]", "_", "-".join(["plot", kind, *(str(value) for value in data.values())]))
    attributes = "".join(f' data-{key}="{escape(str(value))}"' for key, value in data.items())
    return (
        f'<figure data-kind="{kind}" data-height="{height}"{attributes}>'
        f'<figcaption><h{level} id="{escape(name)}">{title}</h{level}><p>{escape(says)}</p></figcaption>'
        '<ul class="legend" aria-label="Legend"></ul>'
        '<div class="plot" tabindex="0" role="application" aria-roledescription="plot" '
        f'aria-labelledby="{escape(name)}" aria-describedby="keys"></div>'
        + ('<div class="lanes"></div>' if lanes else "")
        + "<details><summary>As a table</summary>"
        '<div class="data" tabindex="0" role="region" aria-label="The data of the plot"></div></details></figure>'
    )


def facts(pairs: Iterable[tuple[str, Any]]) -> str:
    """Names and what they are, in two columns; what is not known is left out."""
    cells = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(str(value))}</dd>"
        for name, value in pairs
        if value not in (None, "", {}, [])
    )
    return f'<dl class="facts">{cells}</dl>'


def _checks(checks: Iterable[Check], words: Mapping[str, str]) -> str:
    return f'<ul class="checks">{"".join(_check(c, words.get(c.id, "")) for c in checks)}</ul>'


def _check(check: Check, claim: str) -> str:
    details = check.details.removeprefix(f"{claim}: ") if claim else check.details
    said = f'<div class="claim">{escape(claim)}</div>' if claim else ""
    return (
        f'<li><span class="mark {check.status}"><span class="hidden">{check.status}</span></span><div>{said}'
        f'<div class="details">{escape(details).replace(" %", "&nbsp;%")}</div>'
        f'<div class="where mono">{escape(check.id)} · {escape(check.evidence)}</div></div></li>'
    )


def _interval(key: str, row: Mapping[str, Any]) -> str:
    interval, unit = mapping(row.get(key)), text(row.get("unit"))
    if key == "difference" and unit == "ratio":
        unit = "points"
    between = span(interval.get("low"), interval.get("high"), unit)
    small = f'<span class="span">{escape(between)}</span>' if between else ""
    shown = escape(figure(interval.get("value"), unit)) if interval else "–"
    return f'<td class="n" data-label="{key}">{shown}{small}</td>'
