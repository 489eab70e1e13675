"""The files that a verdict is written to: tables, JSON, JUnit, the page, and the manifest of a run folder."""

import json
from collections.abc import Iterator
from pathlib import Path

from chaosproof.compare.compare import Comparison
from chaosproof.errors import ChaosproofError
from chaosproof.judge.judge import Verdict
from chaosproof.report.formats.junit import junit_xml
from chaosproof.report.page import comparison_page, run_page
from chaosproof.report.run_files import files_of
from chaosproof.runfolder.checks import checks_tsv
from chaosproof.runfolder.manifest import MANIFEST, manifest_of
from chaosproof.runfolder.paths import write_whole

__all__ = ["page_of", "verdict_documents", "write_comparison", "write_verdict"]


def write_verdict(run_dir: Path | str, verdict: Verdict) -> None:
    """Write checks.tsv, summary.json, timeline.json, junit.xml, report.html and, last, the manifest of the whole
    folder.

    Nothing may be written to the folder afterwards. A manifest that the raw files no longer match is left as
    it is: it is evidence. Raises ChaosproofError when a file cannot be written, as on a full disk.
    """
    folder = Path(run_dir)
    for name, content in verdict_documents(verdict):
        write_whole(folder / name, content)
    if not any(check.id == "SYS_MANIFEST" for check in verdict.checks):
        write_whole(folder / MANIFEST, manifest_of(folder))


def verdict_documents(verdict: Verdict) -> Iterator[tuple[str, str]]:
    """Every file that follows from the verdict, by name, each made when it is asked for: they hold no time and no place
    of their own, so the same raw files give the same bytes.
    """
    suite = f"{verdict.summary['experiment']}.{verdict.summary['mode']}"
    yield "checks.tsv", checks_tsv(verdict.checks)
    yield "summary.json", json.dumps(verdict.summary, indent=2) + "\n"
    yield "timeline.json", json.dumps(verdict.timeline, separators=(",", ":")) + "\n"
    yield "junit.xml", junit_xml(suite, verdict.checks)
    yield "report.html", run_page(files_of(verdict))


def write_comparison(out_dir: Path | str, comparison: Comparison) -> None:
    """Write compare.json, checks.tsv, junit.xml and report.html into `out_dir`.

    Raises ChaosproofError when it cannot.
    """
    folder = Path(out_dir)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ChaosproofError(f"cannot make the folder {folder}: {error.strerror}") from error
    suite = f"{comparison.document['experiment']}.compare"
    write_whole(folder / "checks.tsv", checks_tsv(comparison.checks))
    write_whole(folder / "junit.xml", junit_xml(suite, comparison.checks))
    write_whole(folder / "compare.json", json.dumps(comparison.document, indent=2) + "\n")
    write_whole(folder / "report.html", page_of(comparison))


def page_of(comparison: Comparison) -> str:
    """The report.html of a comparison, with the plots of its newest pair."""
    newest = [files_of(verdict) for verdict in comparison.pairs[-1]]
    return comparison_page(comparison.document, comparison.checks, newest)
