"""report.html of a run and of a comparison: the verdict first, then each claim with its evidence, then the plots.

The page computes nothing. It shows summary.json, checks.tsv, session.json and timeline.json of a run, or compare.json
with the timelines of the newest pair, and carries no time of its own, so that the same files give the same page.

Try it: chaosproof report journals/EXPERIMENT/MODE/STAMP
"""

from collections.abc import Mapping, Sequence
from typing import Any

from chaosproof.experiment.experiment import read_experiment
from chaosproof.experiment.modes import MODES
from chaosproof.json_access import at, mapping, mappings, number, sequence, text
from chaosproof.report.document import render
from chaosproof.report.forest import forest
from chaosproof.report.plots.base import PlotRun
from chaosproof.report.plots.registry import draw_plots
from chaosproof.report.quantities import figure, moment, span
from chaosproof.report.run_files import RunFiles
from chaosproof.report.view import Head, Tile, checks_view
from chaosproof.runfolder.checks import Check
from chaosproof.runfolder.load import LoadPlan

__all__ = ["comparison_page", "difference_in_words", "run_page"]

_RUN_MEANINGS = {
    "pass": "Every check passed: the belief held, and the run is sound.",
    "fail": "At least one check failed.",
    "unknown": "The files cannot answer every check, so nothing is proved.",
}
_BASELINE_FAILS = "At least one check failed. That is what a baseline is for: it shows that the fault bites."
_COMPARISON_MEANINGS = {
    "pass": "The same fault breaks the system without its patterns and spares it with them.",
    "fail": "It was not shown that the patterns spare the system: at least one check failed.",
    "unknown": "The runs do not prove it either way.",
}
_COLUMNS = (*MODES, "difference")


def run_page(run: RunFiles) -> str:
    """The page of a run."""
    verdict, mode, name = text(run.summary.get("verdict")), text(run.summary.get("mode")), _name(run.summary)
    meaning = _RUN_MEANINGS.get(verdict, _RUN_MEANINGS["unknown"])
    if (mode, verdict) == ("baseline", "fail"):
        meaning = _BASELINE_FAILS
    claims = {claim.id: claim.claim for claim in read_experiment(run.experiment).checks}
    return render(
        "run.html.j2",
        head=Head(
            f"{name}, {mode}: {verdict}",
            _eyebrow(run, mode),
            _heading(run),
            verdict,
            meaning,
            _run_tiles(run.summary),
        ),
        checks=checks_view(run.checks, claims, "run"),
        plots=draw_plots([PlotRun(mode, run.timeline)]),
        facts=_facts(run, []),
    )


def comparison_page(document: Mapping[str, Any], checks: Sequence[Check], runs: Sequence[RunFiles]) -> str:
    """The page of a comparison: `document` is compare.json, `runs` are its newest baseline and resilient run."""
    verdict = text(document.get("verdict"))
    claims = {text(check.get("id")): text(check.get("claim")) for check in mappings(document.get("checks"))}
    effects, pairs = mappings(document.get("effects")), mappings(document.get("pairs"))
    sequential = text(at(document, "sequential", "reason"))
    return render(
        "comparison.html.j2",
        head=Head(
            f"{_name(document)}, baseline against resilient: {verdict}",
            _eyebrow(runs[-1], " against ".join(MODES)),
            _heading(runs[-1]),
            verdict,
            _COMPARISON_MEANINGS.get(verdict, _COMPARISON_MEANINGS["unknown"]),
            _comparison_tiles(effects),
        ),
        checks=checks_view(checks, claims, "comparison"),
        not_judged=[
            {**claim, "needs": ", ".join(map(str, sequence(claim.get("needs"))))}
            for claim in mappings(document.get("not_judged"))
        ],
        sequential=sequential[:1].upper() + sequential[1:],
        over="One pair of runs" if len(pairs) == 1 else f"The mean of {len(pairs)} pairs of runs",
        modes=MODES,
        effects=[
            {
                "label": text(row.get("label")),
                "forest": forest(row),
                "cells": [_cell(key, row) for key in _COLUMNS],
            }
            for row in effects
        ],
        methods=sorted({text(at(row, key, "method")) for row in effects for key in _COLUMNS} - {""}),
        plots=draw_plots([PlotRun(text(run.summary.get("mode")), run.timeline) for run in runs]),
        facts=_facts(runs[-1], pairs),
    )


def difference_in_words(row: Mapping[str, Any]) -> str:
    """Which way the difference of an effect goes, and between which bounds; empty where none is known."""
    apart, unit = mapping(row.get("difference")), _unit("difference", row)
    low, high = number(apart.get("low")), number(apart.get("high"))
    if low is not None and low >= 0:
        direction, between = "less by", span(low, high, unit)
    elif high is not None and high <= 0:
        direction, between = "more by", span(-high, None if low is None else -low, unit)
    else:
        direction, between = "difference", span(low, high, unit)
    return f"{direction} {between} (95 %)" if between else ""


def _eyebrow(run: RunFiles, modes: str) -> str:
    parts = [
        _name(run.summary),
        modes,
        text(run.summary.get("target")),
        moment(run.session.get("started_at")),
    ]
    return " · ".join(part for part in parts if part)


def _heading(run: RunFiles) -> str:
    return text(run.session.get("title")) or _name(run.summary)


def _name(summary: Mapping[str, Any]) -> str:
    return str(summary.get("experiment"))


def _run_tiles(summary: Mapping[str, Any]) -> list[Tile]:
    load, fault, recovery = (mapping(summary.get(key)) for key in ("load", "fault", "recovery"))
    tiles = [
        Tile(
            "Failed requests",
            figure(load.get("error_ratio"), "ratio"),
            f"{figure(load.get('errors'), 'count')} of {figure(load.get('requests'), 'count')}",
        ),
        Tile(
            "99 % answered within",
            figure(load.get("p99_ms"), "ms"),
            f"median {figure(load.get('p50_ms'), 'ms')}, longest {figure(load.get('max_ms'), 'ms')}",
        ),
    ]
    if fault:
        phases = [
            f"{name} {figure(recovery.get(f'{name}_s'), 's')}"
            for name in ("transport", "breaker", "ready")
            if number(recovery.get(f"{name}_s")) is not None
        ]
        tiles += [
            Tile("Recovered after", figure(summary.get("recovery_s"), "s"), ", ".join(phases)),
            Tile(
                f"Fault: {fault.get('kind')} on {fault.get('instance')}",
                figure(fault.get("actual_s"), "s"),
                f"{figure(fault.get('packets'), 'count')} packets hit, ended by {fault.get('ended_by')}",
            ),
        ]
    return tiles


def _comparison_tiles(effects: Sequence[Mapping[str, Any]]) -> list[Tile]:
    known = {text(row.get("figure")): row for row in effects}
    hit = next((key for key in known if key.endswith(".codes.UNAVAILABLE")), "")
    titles = {
        "load.error_ratio": "Failed requests",
        hit: text(known.get(hit, {}).get("label")),
        "load.p99_ms": "99 % answered within",
        "recovery_s": "Recovered after",
    }
    return [
        Tile(title, value, difference_in_words(known[key]), before)
        for key, title in titles.items()
        if key in known
        for before, value in [[_cell(mode, known[key])["value"] for mode in MODES]]
    ]


def _cell(column: str, row: Mapping[str, Any]) -> dict[str, str]:
    """A cell of the table of effects: a mode's value or the difference, with its interval below."""
    interval, unit = mapping(row.get(column)), _unit(column, row)
    return {
        "column": column,
        "value": figure(interval.get("value"), unit) if interval else "–",
        "between": span(interval.get("low"), interval.get("high"), unit),
    }


def _unit(column: str, row: Mapping[str, Any]) -> str:
    unit = text(row.get("unit"))
    return "points" if (column, unit) == ("difference", "ratio") else unit


def _facts(run: RunFiles, pairs: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """How it was run, as names and values; what is not known is left out."""
    session, plan = run.session, run.plan
    commit = session.get("commit")
    load = (
        f"{plan.get('protocol')}, {plan.get('model')} model, {plan.get('rate_rps')} requests/s "
        f"for {plan.get('duration_s')} s, {plan.get('connections')} connections, seed {plan.get('seed')}"
    )
    versions = mapping(session.get("versions"))
    facts = [
        ("Experiment", session.get("experiment_file")),
        ("Fingerprint", session.get("experiment_sha256")),
        ("Commit", f"{commit}{', with changes' if session.get('dirty') else ''}" if commit else ""),
        ("Load", load if plan else ""),
        ("Counted as served", LoadPlan.from_json(plan).served if plan else ""),
        ("Kernel", session.get("kernel")),
        ("Versions", ", ".join(f"{name} {version}" for name, version in versions.items())),
    ]
    for number_of, pair in enumerate(pairs, start=1):
        folders = ", ".join(str(folder) for key, folder in pair.items() if key != "status")
        facts.append((f"Pair {number_of}" if len(pairs) > 1 else "Runs", f"{folders}: {pair.get('status')}"))
    return [(name, str(value)) for name, value in facts if value not in (None, "", {}, [])]
