"""`chaosproof report` as a shell sees it, and the page as text: what it holds, and what it never asks for."""

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from chaosproof.errors import ChaosproofError
from chaosproof.judge.judge import judge_run
from chaosproof.report.page import difference_in_words, run_page
from chaosproof.report.plot_library import plot_library
from chaosproof.report.quantities import figure, span
from chaosproof.report.run_files import read_judged
from chaosproof.report.write import write_verdict
from tests.support.cli import chaosproof
from tests.support.runs import Run, baseline_run, resilient_run


def report(*words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return chaosproof("report", *words, cwd=cwd)


def program(*words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "chaosproof.cli.main", "report", *map(str, words)],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )


def judged(run: Run, folder: Path) -> Path:
    written = run.write(folder)
    write_verdict(written, judge_run(written))
    return written


def test_the_report_of_a_run_made_again_is_the_same_and_its_manifest_still_holds(tmp_path: Path) -> None:
    folder = judged(baseline_run(), tmp_path / "run")
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    (folder / "report.html").unlink()
    done = program(folder, cwd=tmp_path)
    assert (done.returncode, done.stdout.strip()) == (0, str(folder / "report.html")), done.stderr
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before


def test_the_report_of_two_runs_is_their_comparison(tmp_path: Path) -> None:
    folders = judged(baseline_run(), tmp_path / "b"), judged(resilient_run(), tmp_path / "r")
    done = program(*folders, cwd=tmp_path)
    assert (done.returncode, done.stdout.strip()) == (0, "report-s4.html"), done.stderr
    assert 'data-verdict="pass"' in (tmp_path / "report-s4.html").read_text()
    assert report(*folders, "--out", "there.html", cwd=tmp_path).stdout.strip() == "there.html"
    assert (tmp_path / "there.html").read_bytes() == (tmp_path / "report-s4.html").read_bytes()


def test_the_report_is_made_from_what_the_verdict_wrote_and_judges_nothing(tmp_path: Path) -> None:
    folder = judged(resilient_run(), tmp_path / "run")
    (folder / "requests.csv.gz").unlink()
    summary = json.loads((folder / "summary.json").read_text())
    (folder / "summary.json").write_text(json.dumps({**summary, "verdict": "unknown"}))
    assert report(folder, "--out", "page.html", cwd=tmp_path).returncode == 0
    assert 'data-verdict="unknown"' in (tmp_path / "page.html").read_text()


def test_a_folder_that_was_changed_after_it_was_judged_keeps_its_manifest(tmp_path: Path) -> None:
    folder = judged(resilient_run(), tmp_path / "run")
    manifest = (folder / "MANIFEST.sha256").read_bytes()
    (folder / "faults.jsonl").write_text("")
    assert report(folder, cwd=tmp_path).returncode == 0
    assert (folder / "MANIFEST.sha256").read_bytes() == manifest


@pytest.mark.parametrize(
    ("spoil", "code", "said"),
    [
        (
            lambda f: (f / "timeline.json").unlink(),
            64,
            "has no timeline.json: judge the run first with `chaosproof judge",
        ),
        (lambda f: (f / "summary.json").write_text('{"verdict": "pa'), 2, "is not whole JSON"),
        (
            lambda f: (f / "checks.tsv").write_text("schema_version\t1\nSYS"),
            2,
            "is not a whole table of checks",
        ),
        (
            lambda f: (f / "timeline.json").write_text('{"schema_version": 2}'),
            2,
            "has schema_version 2, and this",
        ),
        (lambda f: (f / "summary.json").write_text("[]"), 2, "has schema_version None"),
        (lambda f: (f / "compare.json").write_text("{}"), 64, "is a comparison"),
        (lambda f: (f / "session.json").write_text('{"schema_version": 9}'), 2, "has schema_version 9"),
    ],
)
def test_what_cannot_be_shown_is_one_sentence(tmp_path: Path, spoil: object, code: int, said: str) -> None:
    folder = judged(resilient_run(), tmp_path / "run")
    spoil(folder)  # type: ignore[operator]
    done = report(folder, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr and len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("words", [(), ("nowhere",), ("a", "b", "c"), ("nowhere", "either")])
def test_a_wrong_call_is_one_sentence_and_exit_code_64(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = report(*words, cwd=tmp_path)
    assert done.returncode == 64, done.stderr
    assert done.stderr.startswith("chaosproof: ") and "Traceback" not in done.stderr


def change_seed(run: Run) -> None:
    run.session["seed"] = 8


def change_rate(run: Run) -> None:
    run.plan["rate_rps"] = 5


def change_duration(run: Run) -> None:
    run.plan["duration_s"] = 5


def edit_afterwards(folder: Path) -> None:
    (folder / "faults.jsonl").write_bytes((folder / "faults.jsonl").read_bytes().replace(b"412", b"413"))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (change_seed, "seed is 8"),
        (change_rate, "the load's rate_rps is 5"),
        (change_duration, "the load's duration_s is 5"),
    ],
)
def test_runs_that_cannot_be_compared_name_the_difference(tmp_path: Path, change: object, named: str) -> None:
    run = baseline_run()
    change(run)  # type: ignore[operator]
    done = report(run.write(tmp_path / "b"), resilient_run().write(tmp_path / "r"), cwd=tmp_path)
    assert done.returncode == 64
    assert f"cannot be compared: {named}" in done.stderr


def test_a_run_edited_after_the_fact_makes_the_comparison_fail_and_says_so(tmp_path: Path) -> None:
    folders = judged(baseline_run(), tmp_path / "b"), judged(resilient_run(), tmp_path / "r")
    edit_afterwards(folders[1])
    assert report(*folders, cwd=tmp_path).returncode == 0
    page = (tmp_path / "report-s4.html").read_text()
    assert 'data-verdict="fail"' in page
    assert "faults.jsonl is not as it was when the run was saved" in page


class _Asked(HTMLParser):
    """What a page would load: the addresses in it that are not its own."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "data", "action")]


def test_the_page_asks_for_nothing_beyond_itself(tmp_path: Path) -> None:
    page = (judged(baseline_run(), tmp_path) / "report.html").read_text()
    asked = _Asked()
    asked.feed(page)
    assert asked.addresses == ["#main"]
    assert "default-src 'none'" in page
    assert not re.findall(r"url\(|@import|fetch\(|XMLHttpRequest|import\(", page)
    assert len(page.encode()) < 3_000_000


def test_the_words_of_the_page_stand_without_a_script(tmp_path: Path) -> None:
    page = (judged(baseline_run(), tmp_path) / "report.html").read_text()
    bare = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    for words in (
        "Fail",
        "SYS_STEADY_STATE_AFTER",
        "C05",
        "1,700 SUCCESS, 300 UNAVAILABLE",
        "15\u00a0%",
        "reset on app-a-0",
    ):
        assert words in bare, words


@pytest.mark.parametrize("package", ["no-such-package", "click"])
def test_without_the_plotting_library_there_is_no_report_but_a_sentence(package: str) -> None:
    """Not installed, or without its files: a report is never poorer by its plots."""
    with pytest.raises(
        ChaosproofError, match=f"uPlot, which the package {package} carries, and it is not there"
    ):
        plot_library(package)


def test_a_plotting_library_that_is_not_its_authors_goes_into_no_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The carrier is only trusted to the byte."""
    info = tmp_path / "carrier-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Name: carrier\nVersion: 1\n")
    (info / "RECORD").write_text("uplot.iife.min.js,,\nuplot.min.css,,\n")
    for name in ("uplot.iife.min.js", "uplot.min.css"):
        (tmp_path / name).write_text("alert(1)")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ChaosproofError, match="does not hold uPlot as its author publishes it"):
        plot_library("carrier")


def test_a_page_has_its_plots_or_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = judged(baseline_run(), tmp_path / "run")
    page = (folder / "report.html").read_text()
    assert page.count("<figure") == 6 and plot_library().script in page

    def missing() -> None:
        raise ChaosproofError("no uPlot")

    monkeypatch.setattr("chaosproof.report.document.plot_library", missing)
    with pytest.raises(ChaosproofError, match="no uPlot"):
        run_page(read_judged(folder))


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (0.140666, "ratio", "14.1 %"),
        (0.0, "ratio", "0 %"),
        (1.0, "ratio", "100 %"),
        (0.00001, "ratio", "0.001 %"),
        (-0.149, "points", "-14.9 points"),
        (1688.0, "count", "1,688"),
        (2559.397, "ms", "2.56 s"),
        (999.4, "ms", "999 ms"),
        (0.048432, "s", "48.4 ms"),
        (15.005679, "s", "15 s"),
        (1e-12, "s", "0 s"),
        (None, "ms", "unknown"),
        (float("nan"), "ms", "unknown"),
    ],
)
def test_figures_have_three_digits_and_a_unit(value: float | None, unit: str, expected: str) -> None:
    assert figure(value, unit).replace("\u00a0", " ") == expected


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (1, 2, "1 to 2 s"),
        (0.05, 2, "50 ms to 2 s"),
        (1, None, "1 s or more"),
        (None, 2, "2 s or less"),
        (None, None, ""),
        (2, 2, ""),
    ],
)
def test_a_span_says_which_of_its_ends_are_known(
    low: float | None, high: float | None, expected: str
) -> None:
    assert span(low, high, "s").replace("\u00a0", " ") == expected


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.1, 0.2, "less by 10 to 20 points (95 %)"),
        (-0.2, -0.1, "more by 10 to 20 points (95 %)"),
        (-0.1, 0.2, "difference -10 to 20 points (95 %)"),
        (0.1, None, "less by 10 points or more (95 %)"),
        (None, -0.1, "more by 10 points or more (95 %)"),
        (None, None, ""),
    ],
)
def test_a_difference_says_which_way_it_goes(low: float | None, high: float | None, expected: str) -> None:
    row = {"unit": "ratio", "difference": {"low": low, "high": high}}
    assert difference_in_words(row).replace("\u00a0", " ") == expected
