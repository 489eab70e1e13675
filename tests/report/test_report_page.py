"""The report as a person finds it: opened from disk in a real browser, wide and on a phone, by light and by dark."""

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from chaosproof.compare.compare import compare_runs
from chaosproof.judge.judge import judge_run
from chaosproof.report.write import write_comparison, write_verdict
from tests.support.browser import Browser, headless
from tests.support.chaos import run_s4
from tests.support.runs import LOAD_AT, baseline_run, disturbed, resilient_run

# What is drawn on each canvas: how many pixels are neither empty nor of the axes' and the grid's colours.
MARKS = """
return chaosproofReport.plots.map(({figure, plot, shown}) => {
  const {left, top, width, height} = plot.bbox, pen = plot.ctx;
  const pixels = pen.getImageData(left, top, width, height).data;
  const ink = [...new Set(shown.series.map((one) => one.colour))].map((name) => {
    pen.save(); pen.fillStyle = getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();
    const hex = pen.fillStyle; pen.restore();
    return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  });
  let marks = 0;
  for (let at = 0; at < pixels.length; at += 4)
    if (pixels[at + 3] > 200 && ink.some((one) => one.every((c, n) => Math.abs(c - pixels[at + n]) < 5))) marks++;
  return {kind: figure.dataset.kind, marks, series: shown.series.length};
});
"""
WINDOWS = """
return chaosproofReport.plots.filter(({overTimeAxis}) => overTimeAxis).map(({plot, figure}) => {
  const windows = [...plot.over.querySelectorAll('.window')].map((one) => one.getBoundingClientRect());
  const origin = plot.over.getBoundingClientRect().left;
  const at = (x) => plot.posToVal(x - origin, 'x');
  return {run: +(figure.dataset.run || 0), spans: windows.map((box) => [at(box.left), at(box.right)])};
});
"""
SPILLED = """return [...document.querySelectorAll('.tile')]
  .filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.textContent)"""
OVERFLOW = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with headless(tmp_path_factory.mktemp("profile")) as window:
        yield window


@pytest.fixture(scope="module")
def comparison(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a comparison of two runs that are true in every detail."""
    folder = tmp_path_factory.mktemp("comparison")
    write_comparison(
        folder, compare_runs(baseline_run().write(folder / "b"), resilient_run().write(folder / "r"))
    )
    return folder


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A real S4, short, in both modes side by side, and its comparison."""
    folder = tmp_path_factory.mktemp("real")
    modes = ("baseline", "resilient")
    with ThreadPoolExecutor() as pool:
        runs = list(pool.map(lambda mode: run_s4(folder / mode, mode=mode), modes))
    folders = {mode: run.folder for mode, run in zip(modes, runs, strict=True) if run.folder is not None}
    assert len(folders) == 2, runs
    write_comparison(folder / "compare", compare_runs(folders["baseline"], folders["resilient"]))
    return {**folders, "compare": folder / "compare"}


def opened(browser: Browser, page: Path, width: int = 1280, *, dark: bool = False) -> Browser:
    browser.size(width, 900, dark=dark)
    browser.console()
    browser.open(page)
    return browser


@pytest.mark.lab
@pytest.mark.e2e
@pytest.mark.slow
@pytest.mark.timeout(240)
def test_the_report_of_a_real_comparison_shows_what_its_files_say(
    browser: Browser, real: dict[str, Path]
) -> None:
    opened(browser, real["compare"] / "report.html")
    document = json.loads((real["compare"] / "compare.json").read_text())
    assert browser.console() == []
    assert (
        browser.run("return document.querySelector('.verdict').textContent.toLowerCase()")
        == document["verdict"]
    )
    assert browser.run("return document.querySelector('.verdict').dataset.verdict") == document["verdict"]
    shown = browser.run(
        "return [...document.querySelectorAll('ul.checks li .where')].map((one) => one.textContent)"
    )
    assert {line.split(" · ")[0] for line in shown} == {check["id"] for check in document["checks"]}
    plots = browser.run(MARKS)
    assert [plot for plot in plots if plot["marks"] < 50] == []
    assert {plot["kind"] for plot in plots} == {"requests", "errors", "latency", "distribution", "busy"}
    assert_fault_where_it_was(browser, [real["baseline"], real["resilient"]])
    states = browser.run("return [...document.querySelectorAll('.spell')].map((one) => one.dataset.state)")
    assert "open" in states


@pytest.mark.lab
@pytest.mark.e2e
@pytest.mark.slow
@pytest.mark.timeout(240)
def test_the_report_of_each_real_run_shows_the_verdict_of_its_summary(
    browser: Browser, real: dict[str, Path]
) -> None:
    for mode in ("baseline", "resilient"):
        opened(browser, real[mode] / "report.html")
        summary = json.loads((real[mode] / "summary.json").read_text())
        assert browser.console() == []
        assert browser.run("return document.querySelector('.verdict').dataset.verdict") == summary["verdict"]
        assert [plot for plot in browser.run(MARKS) if plot["marks"] < 50] == []
        assert_fault_where_it_was(browser, [real[mode]])


def assert_fault_where_it_was(browser: Browser, runs: list[Path]) -> None:
    """Within two pixels of where faults.jsonl has it, counted from the first request of requests.csv.gz."""
    expected = []
    for folder in runs:
        (fault,) = [json.loads(line) for line in (folder / "faults.jsonl").read_text().splitlines()]
        start_at = json.loads((folder / "timeline.json").read_text())["start_at"]
        expected.append((fault["applied_at"] - start_at, fault["ended_at"] - start_at))
    plots = browser.run(WINDOWS)
    assert plots
    two_px_s = browser.run(
        "const p = chaosproofReport.plots[0].plot; return p.posToVal(2, 'x') - p.posToVal(0, 'x')"
    )
    for plot in plots:
        ((begin, end),) = plot["spans"]
        assert abs(begin - expected[plot["run"]][0]) < two_px_s, (plot, expected)
        assert abs(end - expected[plot["run"]][1]) < two_px_s, (plot, expected)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390], ids=["wide", "phone"])
def test_it_fits_and_is_drawn_at_every_width_and_by_every_light(
    browser: Browser, comparison: Path, width: int, dark: bool
) -> None:
    opened(browser, comparison / "report.html", width, dark=dark)
    assert browser.console() == []
    assert browser.run(OVERFLOW) == 0
    assert browser.run(SPILLED) == []
    assert [plot for plot in browser.run(MARKS) if plot["marks"] < 50] == []
    paper = browser.run("return getComputedStyle(document.body).backgroundColor")
    brightness = sum(int(part) for part in re.findall(r"\d+", paper)[:3]) / 3
    assert (brightness < 60) is dark


def test_a_disturbance_is_shaded_beside_the_fault_and_says_what_it_was(
    browser: Browser, tmp_path: Path
) -> None:
    run = disturbed(resilient_run(), LOAD_AT + 5, 30, B_DELAY_MS=200, FAIL_RATE=0.3)
    folder = run.write(tmp_path / "run")
    write_verdict(folder, judge_run(folder))
    opened(browser, folder / "report.html")
    assert browser.console() == []
    for plot in browser.run(WINDOWS):
        disturbance, fault = plot["spans"]
        assert disturbance == pytest.approx([5, 35], abs=0.1)
        assert fault == pytest.approx([10, 20.02], abs=0.1)
    said = browser.run("return document.querySelector('.window.disturbance').textContent")
    assert said == "app-b: 200 ms a call, 30 % fail"


def test_the_arrow_keys_read_a_plot_aloud_and_the_others_zoom_it(browser: Browser, comparison: Path) -> None:
    opened(browser, comparison / "report.html")
    browser.run("document.querySelector('.plot').focus()")
    for _ in range(3):
        browser.press("ArrowRight", "ArrowRight")
    assert browser.run("return document.getElementById('live').textContent") == "0.3 s: SUCCESS 5"
    whole, zoomed = scales(browser), None
    browser.press("f", "KeyF")
    zoomed = scales(browser)
    assert whole[0][0] == 0
    assert zoomed[0] == zoomed[1] and zoomed[0][0] == pytest.approx(7, abs=0.1)
    browser.press("0", "Digit0")
    assert scales(browser) == whole


def scales(browser: Browser) -> Any:
    """From when to when each plot over time shows, once it is drawn."""
    return browser.run(
        "return chaosproofReport.plots.filter((one) => one.overTimeAxis)"
        ".map(({plot}) => [plot.scales.x.min, plot.scales.x.max])"
    )


def test_a_plot_can_be_read_as_a_table(browser: Browser, comparison: Path) -> None:
    opened(browser, comparison / "report.html")
    browser.run("document.querySelector('figure details').open = true")
    # the browser tells of the opening a moment later, in the order of its own queue
    rows = browser.run(
        "const table = document.querySelector('figure details table');"
        "return table && [...table.rows].map((row) => [...row.cells].map((cell) => cell.textContent))"
    )
    assert rows is not None
    assert rows[0] == ["at", "SUCCESS", "UNAVAILABLE"]
    assert sum(int(row[2]) for row in rows[1:]) == 300


def test_everything_that_can_be_used_has_a_name_and_headings_do_not_skip(
    browser: Browser, comparison: Path
) -> None:
    opened(browser, comparison / "report.html")
    nameless = browser.run(
        """return [...document.querySelectorAll('button, a, [role], svg, .plot')].filter((one) => {
             const by = one.getAttribute('aria-labelledby');
             const said = one.getAttribute('aria-label') || one.textContent.trim();
             return !(said || (by && document.getElementById(by)) || one.id === 'live');
           }).map((one) => one.outerHTML.slice(0, 120))"""
    )
    assert nameless == []
    levels = browser.run("return [...document.querySelectorAll('h1,h2,h3')].map((one) => +one.tagName[1])")
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))
    ids = browser.run("return [...document.querySelectorAll('[id]')].map((one) => one.id)")
    assert len(ids) == len(set(ids))


def test_a_page_of_words_that_are_markup_runs_none_of_it(browser: Browser, tmp_path: Path) -> None:
    run = resilient_run()
    evil = "</script><img src=x onerror='document.title=\"taken\"'>"
    run.session["title"] = evil
    run.session["experiment"] = evil
    for row in run.rows[::7]:
        row[5], row[6] = evil.replace(",", ""), f"app<b>{row[6]}"
    folder = run.write(tmp_path / "run")
    write_verdict(folder, judge_run(folder))
    opened(browser, folder / "report.html")
    assert browser.console() == []
    # answers of instances that never were are no pass, whatever their names are
    assert browser.run("return document.title") == f"{evil}, resilient: fail"
    assert browser.run("return document.querySelectorAll('img').length") == 0
    assert browser.run("return document.querySelector('h1').textContent") == evil
