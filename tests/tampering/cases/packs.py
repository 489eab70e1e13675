"""Tampering with an evidence pack of a recorded pair; what a pack must refuse besides is in tests/pack."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

from tests.tampering.case import FAIL, Table

__all__ = ["CASES"]

Mutate = Callable[[Path], object]


def _edit(name: str, pattern: str, instead: str) -> Mutate:
    def mutate(pack: Path) -> None:
        before = (pack / name).read_text()
        after = re.sub(pattern, instead, before, count=1)
        assert after != before
        (pack / name).write_text(after)

    return mutate


def _run(pack: Path, mode: str) -> Path:
    (folder,) = (pack / "runs" / "s4" / mode).iterdir()
    return folder


def _edit_run(mode: str, name: str, pattern: str, instead: str) -> Mutate:
    return lambda pack: _edit((_run(pack, mode) / name).relative_to(pack).as_posix(), pattern, instead)(pack)


def _put_in(source: str, target: str) -> Mutate:
    """A page of the baseline in the place of another."""
    return lambda pack: shutil.copyfile(
        _run(pack, "baseline") / source, next(pack.glob(target.replace("RUN", "runs/s4/resilient/*")))
    )


def _mixed(pack: Path) -> None:
    """The ledger of the baseline in the resilient run."""
    shutil.copyfile(_run(pack, "baseline") / "faults.jsonl", _run(pack, "resilient") / "faults.jsonl")


def _exchanged(pack: Path) -> None:
    """Each run in the other's place."""
    baseline, resilient = _run(pack, "baseline"), _run(pack, "resilient")
    places = (
        pack / "runs" / "s4" / "baseline" / resilient.name,
        pack / "runs" / "s4" / "resilient" / baseline.name,
    )
    resilient.rename(places[0])
    baseline.rename(places[1])


_ROWS: list[tuple[str, Mutate]] = [
    ("a required row is taken out of checks.tsv", _edit("checks.tsv", r"\S*SYS_FAULT_HIT\t.*\n", "")),
    ("a required row of checks.tsv is renamed", _edit("checks.tsv", r"SYS_FAULT_HIT\t", "SYS_FAULT_WAS\t")),
    ("a status in checks.tsv is painted green", _edit("checks.tsv", r"\t(fail|unknown)\t", "\tpass\t")),
    (
        "a row is added to checks.tsv",
        _edit("checks.tsv", r"\Z", "SYS_MORE\tpass\tall is well\tsummary.json\n"),
    ),
    ("a figure is edited in summary.json", _edit("summary.json", r'"(pass|total)": \d+', r'"\1": 9999')),
    ("the pack is mixed from two runs", _mixed),
    ("the two runs are in each other's place", _exchanged),
    ("a run is taken out", lambda pack: shutil.rmtree(_run(pack, "baseline"))),
    (
        "a row is taken out of a run's requests",
        lambda pack: (_run(pack, "resilient") / "requests.csv.gz").unlink(),
    ),
    (
        "a figure is edited in a run's summary.json",
        _edit_run("resilient", "summary.json", r'"errors": 2', '"errors": 0'),
    ),
    (
        "a figure is edited in a run's timeline.json",
        _edit_run("resilient", "timeline.json", r'"slots":\d+', '"slots":7'),
    ),
    (
        "a run's junit.xml has no failures",
        _edit_run("baseline", "junit.xml", r'failures="1"', 'failures="0"'),
    ),
    (
        "the word of the verdict is changed on the page of the pack",
        _edit("report.html", r'data-verdict="\w+"><span>\w+<', 'data-verdict="unknown"><span>Unknown<'),
    ),
    (
        "the word of the verdict is changed on the page of a comparison",
        _edit("comparisons/s4/report.html", r"<span>Pass<", "<span>Fail<"),
    ),
    (
        "the verdict is changed on the page of a run",
        _edit_run("baseline", "report.html", r"verdict fail", "verdict pass"),
    ),
    (
        "a status is changed on the page of a run",
        _edit_run("baseline", "report.html", r'<span class="mark fail"', '<span class="mark pass"'),
    ),
    (
        "the plots of a page have other data",
        _edit_run("baseline", "report.html", r'("values":\[)[^,]+', r"\g<1>0.125"),
    ),
    ("a sentence on a page is another's", _edit("report.html", r"counts as failed|failed|passed", "is fine")),
    ("the page of a run is another run's", _put_in("report.html", "RUN/report.html")),
    ("the page of a comparison is a run's", _put_in("report.html", "comparisons/s4/report.html")),
    ("the page of a run is taken out", lambda pack: (_run(pack, "resilient") / "report.html").unlink()),
    ("the page of the pack is taken out", lambda pack: (pack / "report.html").unlink()),
    (
        "meta/pack.json says another hour",
        _edit("meta/pack.json", r'"made_at": [\d.]+', '"made_at": 1700000000.0'),
    ),
    ("meta/pack.json says more than a pack does", _edit("meta/pack.json", r"\{", '{"audited": true,')),
    (
        "meta/environment.json names another version",
        _edit("meta/environment.json", r'"chaosproof": ".*"', '"chaosproof": "9"'),
    ),
    ("meta/environment.json is empty", lambda pack: (pack / "meta" / "environment.json").write_text("")),
    ("meta/environment.json is taken out", lambda pack: (pack / "meta" / "environment.json").unlink()),
    (
        "meta/packages.txt names another version of Chaos Toolkit",
        _edit("meta/packages.txt", r"chaostoolkit==.*", "chaostoolkit==0.1"),
    ),
    ("meta/gate.yaml has another bound", _edit("meta/gate.yaml", r"(PERF_S4_P99:.*at_most: )\d+", r"\g<1>1")),
]
CASES: Table = {"verify-pack": {id: (FAIL, mutate) for id, mutate in _ROWS}}
