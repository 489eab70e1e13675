"""report.html of a run and of a comparison: the verdict first, then each claim with its evidence, then the plots.

The page computes nothing. It shows summary.json, checks.tsv, session.json and timeline.json of a run, or compare.json
with the timelines of the newest pair, and carries no time of its own, so that the same files give the same page.

Try it: chaosproof report journals/s4/resilient/20261121T193005Z
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from chaosproof.experiment.claims import claims_of
from chaosproof.experiment.modes import MODES
from chaosproof.json_access import at, mapping, mappings, number, sequence, text
from chaosproof.report.document import asset, document
from chaosproof.report.parts import (
    checks_section,
    effects_section,
    facts,
    plot,
    tiles,
    verdict_badge,
)
from chaosproof.report.plots.library import PACKAGE, plot_library
from chaosproof.report.quantities import figure, moment, span
from chaosproof.report.run_files import RunFiles
from chaosproof.runfolder.checks import Check

__all__ = ["comparison_page", "run_page"]

_KEYS = (
    "With a plot in focus, the left and right arrows move along it, with shift by ten, Home and End to its ends; "
    "plus and minus zoom, f goes to the fault, 0 shows the whole run."
)
_RUN_SAYS = {
    "pass": "Every check passed: the belief held, and the run is sound.",
    "fail": "At least one check failed.",
    "unknown": "The files cannot answer every check, so nothing is proved.",
}
_BASELINE_FAILS = "At least one check failed. That is what a baseline is for: it shows that the fault bites."
_COMPARISON_SAYS = {
    "pass": "The same fault breaks the system without its patterns and spares it with them.",
    "fail": "It was not shown that the patterns spare the system: at least one check failed.",
    "unknown": "The runs do not prove it either way.",
}


def run_page(run: RunFiles) -> str:
    """The page of one run."""
    status = text(run.summary.get("verdict"))
    words = {claim.id: claim.claim for claim in claims_of(run.experiment, "checks")}
    mode = text(run.summary.get("mode"))
    says = _RUN_SAYS.get(status, _RUN_SAYS["unknown"])
    if (mode, status) == ("baseline", "fail"):
        says = _BASELINE_FAILS
    body = (
        _head(run, [mode], verdict_badge(status, says))
        + tiles(_run_tiles(run.summary))
        + f'</header><main id="main"><h2>What was claimed</h2>{checks_section(run.checks, words, "run")}'
        + _plots([(mode, run.timeline)])
        + f"<h2>How it was run</h2>{_how(run, [])}"
    )
    return _page(f"{_name(run.summary)}, {mode}: {status}", body, [(mode, run.timeline)])


def comparison_page(document: Mapping[str, Any], checks: Sequence[Check], runs: Sequence[RunFiles]) -> str:
    """The page of a comparison: `document` is compare.json, `runs` are its newest baseline and resilient run."""
    status = text(document.get("verdict"))
    words = {text(c.get("id")): text(c.get("claim")) for c in mappings(document.get("checks"))}
    pairs = mappings(document.get("pairs"))
    effects = mappings(document.get("effects"))
    shown = [(text(run.summary.get("mode")), run.timeline) for run in runs]
    sequential = text(at(document, "sequential", "reason"))
    body = (
        _head(
            runs[-1],
            list(MODES),
            verdict_badge(status, _COMPARISON_SAYS.get(status, _COMPARISON_SAYS["unknown"])),
        )
        + tiles(_comparison_tiles(effects))
        + f'</header><main id="main"><h2>What was claimed</h2>{checks_section(checks, words, "comparison")}'
        + _not_judged(mappings(document.get("not_judged")))
        + "<h2>How large the difference is</h2>"
        + (f'<p class="lead">{escape(sequential[:1].upper() + sequential[1:])}.</p>' if sequential else "")
        + effects_section(effects, len(pairs))
        + _methods(effects)
        + _plots(shown)
        + f"<h2>How it was run</h2>{_how(runs[-1], pairs)}"
    )
    return _page(f"{_name(document)}, baseline against resilient: {status}", body, shown)


def _head(run: RunFiles, modes: Sequence[str], verdict: str) -> str:
    title = text(run.session.get("title")) or _name(run.summary)
    eyebrow = [_name(run.summary), " against ".join(modes), text(run.summary.get("target"))]
    eyebrow.append(moment(run.session.get("started_at")))
    said = " · ".join(part for part in eyebrow if part)
    return f'<header class="top"><p class="eyebrow">{escape(said)}</p><h1>{escape(title)}</h1>{verdict}'


def _name(summary: Mapping[str, Any]) -> str:
    return str(summary.get("experiment"))


def _run_tiles(summary: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    load, fault = mapping(summary.get("load")), mapping(summary.get("fault"))
    shown = [
        (
            "Failed requests",
            escape(figure(load.get("error_ratio"), "ratio")),
            f"{figure(load.get('errors'), 'count')} of {figure(load.get('requests'), 'count')}",
        ),
        (
            "99 % answered within",
            escape(figure(load.get("p99_ms"), "ms")),
            f"median {figure(load.get('p50_ms'), 'ms')}, longest {figure(load.get('max_ms'), 'ms')}",
        ),
    ]
    if fault:
        took = mapping(summary.get("recovery"))
        parts = [
            f"{name} {figure(took.get(key), 's')}"
            for name, key in (("transport", "transport_s"), ("breaker", "breaker_s"), ("ready", "ready_s"))
            if number(took.get(key)) is not None
        ]
        shown.append(("Recovered after", escape(figure(summary.get("recovery_s"), "s")), ", ".join(parts)))
        shown.append(
            (
                f"Fault: {fault.get('kind')} on {fault.get('instance')}",
                escape(figure(fault.get("actual_s"), "s")),
                f"{figure(fault.get('packets'), 'count')} packets hit, ended by {fault.get('ended_by')}",
            )
        )
    return shown


def _comparison_tiles(effects: Iterable[Mapping[str, Any]]) -> list[tuple[str, str, str]]:
    known = {text(row.get("figure")): row for row in effects}
    hit = next((key for key in known if key.endswith(".codes.UNAVAILABLE")), "")
    asked = [
        ("load.error_ratio", "Failed requests"),
        (hit, text(known.get(hit, {}).get("label"))),
        ("load.p99_ms", "99 % answered within"),
        ("recovery_s", "Recovered after"),
    ]
    return [(name, _both(known[key]), _less(known[key])) for key, name in asked if key in known]


def _both(row: Mapping[str, Any]) -> str:
    a, b = (
        f'<span class="of-{mode}">{escape(figure(at(row, mode, "value"), text(row.get("unit"))))}</span>'
        for mode in MODES
    )
    arrow = '<span class="to"><span class="hidden">in the baseline, </span>→</span>'
    return f'{a} {arrow} {b}<span class="hidden"> resilient</span>'


def _less(row: Mapping[str, Any]) -> str:
    apart, unit = mapping(row.get("difference")), text(row.get("unit"))
    unit = "points" if unit == "ratio" else unit
    low, high = number(apart.get("low")), number(apart.get("high"))
    if low is not None and low >= 0:
        word, between = "less by", span(low, high, unit)
    elif high is not None and high <= 0:
        word, between = "more by", span(-high, None if low is None else -low, unit)
    else:
        word, between = "difference", span(low, high, unit)
    return f"{word} {between} (95 %)" if between else ""


def _not_judged(claims: Iterable[Mapping[str, Any]]) -> str:
    return "".join(
        f'<p class="notice">{escape(text(one.get("id")))} is not judged, as there was no run of '
        f"{escape(', '.join(map(str, sequence(one.get('needs')))))}: {escape(text(one.get('claim')))}.</p>"
        for one in claims
    )


def _methods(effects: Iterable[Mapping[str, Any]]) -> str:
    said = {text(at(row, key, "method")) for row in effects for key in (*MODES, "difference")} - {""}
    items = "".join(f"<li>{escape(one)}</li>" for one in sorted(said))
    return (
        f"<details><summary>How the intervals were made</summary><ul>{items}</ul></details>" if items else ""
    )


def _plots(runs: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    timelines = [timeline for _, timeline in runs]
    if not any(timeline.get("slots") for timeline in timelines):
        return '<h2>What happened when</h2><p class="notice">No request was recorded, so there is nothing to plot.</p>'
    if plot_library() is None:
        return (
            f'<h2>What happened when</h2><p class="notice">The plots need the package {PACKAGE}: '
            f"install it (pip install {PACKAGE}) and make the report again. The data is in timeline.json.</p>"
        )
    many = len(runs) > 1
    slot = figure(1000 * (number(timelines[0].get("slot_s")) or 0.1), "ms")
    around = '<button type="button" data-action="fault">Around the fault</button>'
    if not any(sequence(timeline.get("faults")) for timeline in timelines):
        around = ""
    parts = [
        "<h2>What happened when</h2>",
        '<p class="lead">Seconds count from the first request. All plots over time move together.</p>',
        f'<p class="hidden" id="keys">{_KEYS}</p>',
        '<div class="tools" role="toolbar" aria-label="Zoom of the plots over time">'
        '<button type="button" data-action="whole">Whole run</button>'
        + around
        + '<button type="button" data-action="in" aria-label="Zoom in">+</button>'
        '<button type="button" data-action="out" aria-label="Zoom out">−</button>'
        '<span class="hint">hover or arrow keys to read, drag to zoom</span></div>',
    ]
    for n, (mode, _) in enumerate(runs):
        name = f"{_of(mode)}: requests" if many else "Requests"
        parts.append(
            plot(
                "requests",
                f"{name} per {slot}, by code",
                _codes_said(timelines[n]),
                height=210,
                lanes=True,
                run=n,
            )
        )
    parts.append(
        plot(
            "errors",
            "Failed requests",
            "The share of the requests due in each second that failed.",
            height=170,
        )
    )
    parts.append(
        plot(
            "latency",
            "Latency over time",
            "Percentiles of the requests due in each second, failed ones too; the scale is logarithmic.",
            height=230,
        )
    )
    parts.append(
        plot(
            "distribution",
            "Latency as a distribution",
            "How long the fastest 50, 90, 99 … % of the requests took at most; the tail is drawn out.",
            height=230,
        )
    )
    parts.append("<h2>Each instance</h2>")
    for n, (mode, timeline) in enumerate(runs):
        of = f"{_of(mode)}: " if many else ""
        cells = [
            plot(
                "requests",
                f"{of}{escape(name)}",
                f"Requests that {name} answered.",
                height=140,
                lanes=True,
                run=n,
                instance=name,
            )
            for name in _instances(timeline)
        ]
        parts.append(f'<div class="pair">{"".join(cells)}</div>')
    busy = [n for n, timeline in enumerate(timelines) if sequence(timeline.get("lines"))]
    cells = [
        plot(
            "busy",
            f"{_of(runs[n][0])}: how busy" if many else "How busy",
            "The share of each second that the worker of an instance worked.",
            height=160,
            run=n,
        )
        for n in busy
    ]
    if cells:
        parts.append(
            f'<h2>Where the requests went</h2><div class="{"pair" if many else ""}">{"".join(cells)}</div>'
        )
    return "".join(parts)


def _of(mode: str) -> str:
    """The name of a mode in its colour."""
    return f'<span class="of-{escape(mode)}">{escape(mode.capitalize())}</span>'


def _codes_said(timeline: Mapping[str, Any]) -> str:
    """How many of each code, for those who do not see the plot."""
    totals: dict[str, int] = {}
    for one in mappings(timeline.get("requests")):
        totals[text(one.get("code"))] = totals.get(text(one.get("code")), 0) + sum(
            sequence(one.get("counts"))
        )
    return (
        ", ".join(f"{count:,} {code}" for code, count in sorted(totals.items(), key=lambda pair: -pair[1]))
        + "."
    )


def _instances(timeline: Mapping[str, Any]) -> list[str]:
    return sorted({text(one.get("instance")) for one in mappings(timeline.get("requests"))})


def _how(run: RunFiles, pairs: Sequence[Mapping[str, Any]]) -> str:
    session, plan = run.session, run.plan
    versions = ", ".join(f"{name} {version}" for name, version in mapping(session.get("versions")).items())
    load = (
        f"{plan.get('protocol')}, {plan.get('model')} model, {plan.get('rate_rps')} requests/s "
        f"for {plan.get('duration_s')} s, {plan.get('connections')} connections, seed {plan.get('seed')}"
        if plan
        else ""
    )
    known: list[tuple[str, Any]] = [
        ("Experiment", session.get("experiment_file")),
        ("Fingerprint", session.get("experiment_sha256")),
        (
            "Commit",
            f"{session.get('commit')}{', with changes' if session.get('dirty') else ''}"
            if session.get("commit")
            else "",
        ),
        ("Load", load),
        ("Kernel", session.get("kernel")),
        ("Versions", versions),
    ]
    known += [
        (
            f"Pair {n}" if len(pairs) > 1 else "Runs",
            f"{', '.join(str(folder) for key, folder in pair.items() if key != 'status')}: {pair.get('status')}",
        )
        for n, pair in enumerate(pairs, start=1)
    ]
    return facts(known)


def _page(title: str, body: str, runs: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    library = plot_library()
    drawn = library is not None and any(timeline.get("slots") for _, timeline in runs)
    data = json.dumps(
        {"runs": [{"mode": mode, "timeline": timeline} for mode, timeline in runs]}, separators=(",", ":")
    )
    scripts = (
        f'<script type="application/json" id="data">{_inert(data)}</script>\n'
        f"<script>{library.script}</script>\n<script>{asset('report.js')}</script>\n"
        if drawn and library
        else ""
    )
    credit = "Plots are drawn by uPlot (MIT licence)." if drawn else ""
    return document(
        title,
        body,
        footer=f"Made by Chaosproof from the files of the run; it computes nothing of its own. {credit}",
        style=library.style if library else "",
        scripts=scripts,
    )


def _inert(data: str) -> str:
    """JSON that cannot end the element that it stands in."""
    return data.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
