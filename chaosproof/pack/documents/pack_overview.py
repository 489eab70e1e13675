"""A pack at a glance, for its page and for CI: what it says, put into the plain data that those show."""

from collections.abc import Mapping
from typing import Any

from chaosproof.json_access import mapping, mappings, number, text
from chaosproof.pack.documents.sarif import claim_of, locate
from chaosproof.pack.gate.gate import GateVerdict
from chaosproof.pack.gate.readiness import Readiness
from chaosproof.pack.judged import Judged, JudgedComparison, JudgedRun
from chaosproof.pack.pack import Pack
from chaosproof.report.index import index_page
from chaosproof.report.overview import Located, Overview, RunRow
from chaosproof.report.quantities import figure
from chaosproof.runfolder.checks import Check

__all__ = ["effect_figures", "overview_of", "pack_page", "run_figures"]


def overview_of(pack: Pack, gate: GateVerdict | None = None, readiness: Readiness | None = None) -> Overview:
    """The pack, by `gate` and `readiness` where they are given: those of when it was made need not be today's."""
    gate, readiness = gate or pack.gate, readiness or pack.readiness
    return Overview(
        status=gate.status,
        profile=gate.profile,
        made_at=pack.meta.made_at,
        commit=_commit(pack.judged),
        required=tuple((row.id, row.status) for row in gate.rows),
        checks=tuple(_located(check, pack) for check in pack.checks),
        runs=tuple(_rows(pack.judged)),
        score=float(readiness.score),
        categories=tuple((name, float(category.score)) for name, category in readiness.categories.items()),
        missing=(*gate.problems, *readiness.missing),
    )


def pack_page(pack: Pack) -> str:
    """report.html of the pack, as of when it was made."""
    return index_page(overview_of(pack))


def _located(check: Check, pack: Pack) -> Located:
    place = locate(check.id, pack.judged, pack.rules)
    return Located(
        check,
        claim_of(check.id, pack.judged, pack.rules),
        place.file if place else "",
        place.line if place else 0,
    )


def _commit(judged: Judged) -> str:
    commits = {(run.run.session.commit or "")[:10] for run in judged.runs} - {""}
    return f"commit {commits.pop()}" if len(commits) == 1 else ""


def _rows(judged: Judged) -> list[RunRow]:
    """The comparison of an experiment, then its runs."""
    rows = [_of_comparison(comparison) for comparison in judged.comparisons]
    rows += [_of_run(run) for run in judged.runs]
    return sorted(rows, key=lambda row: row.experiment)


def effect_figures(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The first figures of a comparison, by their labels: of the baseline, and of the resilient run."""
    return [
        (text(effect.get("label")), f"{_of(effect, 'baseline')} → {_of(effect, 'resilient')}")
        for effect in mappings(document.get("effects"))[:3]
    ]


def run_figures(summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The figures of a run that a person wants first, by their labels."""
    load = mapping(summary.get("load"))
    shown = [("requests", figure(load.get("requests"), "count"))]
    if number(load.get("requests")):
        shown += [
            ("failed", figure(load.get("error_ratio"), "ratio")),
            ("p99", figure(load.get("p99_ms"), "ms")),
        ]
    if number(summary.get("recovery_s")) is not None:
        shown.append(("recovered after", figure(summary.get("recovery_s"), "s")))
    return shown


def _of_comparison(comparison: JudgedComparison) -> RunRow:
    shown = effect_figures(comparison.document)
    page = f"{comparison.place}/report.html" if comparison.page else f"{comparison.place}/compare.json"
    return RunRow(comparison.experiment, "baseline against resilient", comparison.status, tuple(shown), page)


def _of(effect: Mapping[str, Any], mode: str) -> str:
    return figure(mapping(effect.get(mode)).get("value"), text(effect.get("unit")))


def _of_run(run: JudgedRun) -> RunRow:
    shown = tuple(run_figures(run.summary))
    return RunRow(run.experiment, run.mode, run.status, shown, f"{run.place}/report.html")
