"""report.html: one page, no scripts, nothing loaded: the verdict, the figures, and every check."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from chaosproof.evidence.check import Check
from chaosproof.evidence.shape import mapping

__all__ = ["render_run_report"]

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem;
       padding: 0 1rem; color: #1a1a1a; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid #ddd; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
.pass { color: #116329; } .fail { color: #b3261e; } .unknown { color: #7a4f01; }
.status { font-weight: 600; }
"""

_LOAD_COLUMNS = ("requests", "ok", "errors", "error_ratio", "p50_ms", "p95_ms", "p99_ms", "max_ms")


def render_run_report(summary: Mapping[str, Any], checks: Sequence[Check]) -> str:
    """The page for summary.json and its checks. It carries no time of its own, so that judging again is
    equal.
    """
    verdict = escape(str(summary.get("verdict")))
    name = escape(f"{summary.get('experiment')}, {summary.get('mode')}")
    return _legal(
        "<!doctype html>\n"
        f'<html lang="en"><head><meta charset="utf-8"><title>{name}: {verdict}</title>\n'
        f"<style>{_STYLE}</style></head>\n<body>\n"
        f'<h1>{name}: <span class="{verdict}">{verdict}</span></h1>\n'
        f"<h2>Checks</h2>\n{_checks(checks)}\n"
        f"<h2>Load</h2>\n{_loads(summary)}\n"
        f"<h2>Codes</h2>\n{_pairs(mapping(mapping(summary.get('load')).get('codes')))}\n"
        f"<h2>Fault</h2>\n{_fault(summary)}\n"
        "</body></html>\n"
    )


def _checks(checks: Iterable[Check]) -> str:
    rows = (
        f'<tr><td>{escape(c.id)}</td><td class="status {c.status}">{c.status}</td>'
        f"<td>{escape(c.details)}</td><td>{escape(c.evidence)}</td></tr>"
        for c in checks
    )
    return _table(("check", "status", "details", "evidence"), rows)


def _loads(summary: Mapping[str, Any]) -> str:
    named = {"all": mapping(summary.get("load"))}
    named |= {f"{window} the fault": figures for window, figures in mapping(summary.get("windows")).items()}
    named |= dict(mapping(summary.get("per_instance")))
    rows = (
        f"<tr><td>{escape(name)}</td>"
        + "".join(
            f'<td class="number">{escape(_shown(mapping(load).get(key)))}</td>' for key in _LOAD_COLUMNS
        )
        + "</tr>"
        for name, load in named.items()
    )
    return _table(("requests of", *_LOAD_COLUMNS), rows)


def _fault(summary: Mapping[str, Any]) -> str:
    fault = summary.get("fault")
    if not fault:
        return "<p>No fault was recorded.</p>"
    return _pairs(
        {**mapping(fault), "recovery_s": summary.get("recovery_s"), **mapping(summary.get("recovery"))}
    )


def _pairs(pairs: Mapping[str, Any]) -> str:
    rows = (f"<tr><td>{escape(str(k))}</td><td>{escape(_shown(v))}</td></tr>" for k, v in pairs.items())
    return _table((), rows)


def _table(head: Sequence[str], rows: Iterable[str]) -> str:
    names = "".join(f"<th>{escape(name)}</th>" for name in head)
    return "<table>" + (f"<tr>{names}</tr>" if names else "") + "\n".join(rows) + "</table>"


def _shown(value: Any) -> str:
    if value is None:
        return "unknown"
    return f"{value:,.6g}" if isinstance(value, float) and abs(value) < 1e6 else str(value)


def _legal(page: str) -> str:
    """Without characters that no page can hold, such as half of a surrogate pair."""
    return page.encode("utf-8", "replace").decode("utf-8")
