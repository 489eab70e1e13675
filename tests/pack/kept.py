"""Pages, tables and documents as a reader gets them: kept in `texts/`, so that a change is seen and meant.

A change that is meant is written down by `.venv/bin/python -m tests.pack.kept`; read its difference in git.
What is not the judge's own (the plotting library, the style), hashes, and the folders of a test are left out.
"""

import io
import json
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from chaosproof.compare.compare import Comparison, compare_pairs
from chaosproof.judge.judge import judge_run
from chaosproof.pack.documents.overview import overview_of
from chaosproof.pack.open import open_pack
from chaosproof.pack.verify import verify_pack
from chaosproof.pack.write import write_pack
from chaosproof.report.formats.ci import annotations, step_summary
from chaosproof.report.formats.pack_terminal import print_gate, print_verification
from chaosproof.report.formats.terminal import print_comparison, print_verdict
from chaosproof.report.index import index_page
from chaosproof.report.write import write_comparison, write_verdict
from tests.support.overviews import AMISS, PASSING
from tests.support.packs import NOW, Bend, true_pair
from tests.support.runs import (
    FAULT_AT,
    FAULT_END,
    LOAD_AT,
    Run,
    baseline_run,
    disturbed,
    of_one_experiment,
    resilient_run,
)
from tests.support.variant_runs import compared, pool1

from .steady import steady

PLACE = Path(__file__).with_name("texts")
AGAIN = "if this is meant: .venv/bin/python -m tests.pack.kept"

_FOREIGN = re.compile(r"(<style>|<script>)(.*?)(</style>|</script>)", re.DOTALL)
_DATA = re.compile(r'(<script type="application/json" id="data">.{60})(.*?)(</script>)', re.DOTALL)


def texts(group: str, folder: Path) -> Iterator[tuple[str, str]]:
    """Every text of the group with its name, made in `folder`."""
    for name, text in GROUPS[group](folder):
        text = _DATA.sub(r"\1...\3", _FOREIGN.sub(r"\1...\3", text.replace(str(folder), "FOLDER")))
        yield name, steady(text.replace("><", ">\n<"))


def _of_run(name: str, make: Callable[[], Run], folder: Path) -> Iterator[tuple[str, str]]:
    verdict = judge_run(make().write(folder))
    write_verdict(folder, verdict)
    yield f"{name}.report.html", (folder / "report.html").read_text()
    yield f"{name}.terminal.txt", _printed(partial(print_verdict, verdict))
    yield f"{name}.timeline.txt", "".join(f"{line}\n" for line in _lines(verdict.timeline))


def _of_comparison(
    name: str, compare: Callable[[Path], Comparison], folder: Path
) -> Iterator[tuple[str, str]]:
    comparison = compare(folder)
    write_comparison(folder, comparison)
    yield f"{name}.report.html", (folder / "report.html").read_text()
    yield f"{name}.compare.json", (folder / "compare.json").read_text()
    yield f"{name}.terminal.txt", _printed(partial(print_comparison, comparison))


def _of_overviews(_: Path) -> Iterator[tuple[str, str]]:
    for name, shown in (("passing", PASSING), ("amiss", AMISS)):
        yield f"{name}.index.html", index_page(shown)
        yield f"{name}.summary.md", step_summary(shown)
        yield f"{name}.annotations.txt", "\n".join(annotations(shown)) + "\n"


def _of_pack(name: str, bend: Bend, folder: Path) -> Iterator[tuple[str, str]]:
    pack = write_pack(true_pair(folder / "runs", bend, bend), [], folder / "pack", now=NOW, profile="s4")
    for file in ("checks.tsv", "junit.xml", "results.sarif", "readiness.json", "summary.json"):
        yield f"{name}.{file}", (pack.path / file).read_text()
    yield f"{name}.attestation.json", (pack.path / "attestation.intoto.json").read_text()
    yield f"{name}.index.html", index_page(overview_of(pack))
    for profile in ("s4", "all"):
        yield f"{name}.gate-{profile}.txt", _printed(partial(print_gate, open_pack(pack.path).gate(profile)))
    for file in ("summary.json", "checks.tsv", "readiness.json"):
        (pack.path / file).write_text((pack.path / file).read_text().replace("pass", "fail", 3))
    yield f"{name}.verified.txt", _printed(partial(print_verification, verify_pack(pack.path)))


def _printed(show: Callable[[Console], None]) -> str:
    screen = Console(file=io.StringIO(), width=160)
    show(screen)
    assert isinstance(screen.file, io.StringIO)
    return "".join(line.rstrip() + "\n" for line in screen.file.getvalue().splitlines())


def _lines(value: Any, place: str = "") -> Iterator[str]:
    """`PLACE = VALUE`, a line each; of a list of numbers the first and the last ones: they change little."""
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield from _lines(one, f"{place}.{key}")
    elif isinstance(value, list) and not all(isinstance(one, int | float) for one in value):
        for n, one in enumerate(value):
            yield from _lines(one, f"{place}[{n}]")
    elif isinstance(value, list) and len(value) > 40:
        yield f"{place} = {value[:20]} ... {value[-20:]} ({len(value)})"
    else:
        yield f"{place} = {value}"


def _spoilt(run: Run) -> None:
    """A claim that fails, one that is not known, a fault that hit nothing, a breaker that opened."""
    run.claim(id="C90", claim="hardly any request fails", figure="load.errors", at_most=1)
    run.claim(id="C91", claim="nobody <waits> & 'hopes'", figure="series.nothing.max", at_most=1)
    run.fault["packets"] = 0


def _eventful() -> Run:
    """A disturbance, a breaker that opens, a worker that is busy, an instance that dies."""
    run = disturbed(resilient_run(), LOAD_AT + 5, 30, B_DELAY_MS=200, FAIL_RATE=0.3)
    log = [
        {"at": FAULT_AT + at, "event": "breaker", "old": one, "new": other}
        for at, one, other in (
            (0.2, "closed", "open"),
            (5.2, "open", "half_open"),
            (5.4, "half_open", "closed"),
        )
    ]
    run.artifacts["app-a-0.log"] += "".join(json.dumps(row) + "\n" for row in log)
    run.series["series"] += [
        {
            "metric": {"__name__": name, "instance": instance},
            "values": [[LOAD_AT + t, str(value)] for t, value in enumerate(values)],
        }
        for name, instance, values in (
            ("b_busy", "app-b-0", (0, 0.5, 1) * 12),
            ("a_breaker_state", "app-a-1", (0, 2, 2, 1, 0)),
        )
    ]
    run.readiness.append({"at": FAULT_END + 1, "instance": "app-b-1", "event": "exited", "detail": "code 1"})
    run.session["states"]["app-b-1"] |= {"deaths": 1, "alive": False, "ready": False}
    run.session["versions"] = {"chaosproof": "0.1.0", "python": "3.11.2"}
    run.session["dirty"] = True
    return run


def _unfinished() -> Run:
    run = baseline_run()
    run.session |= {"complete": False, "interrupted": "SIGTERM", "title": "", "commit": ""}
    run.without |= {"requests.csv.gz", "load-done.json", "load-plan.json", "series.json"}
    run.faults.clear()
    return run


def _three_pairs(folder: Path) -> Comparison:
    """The second baseline recovers sooner, the third resilient run does not hold."""
    pairs = []
    for n in range(3):
        runs = baseline_run(), resilient_run()
        runs[1].experiment["extensions"][0]["compare"] += [
            {
                "id": "C09",
                "claim": "half the errors",
                "figure": "resilient.load.error_ratio",
                "at_most": 0.0005,
            },
        ]
        of_one_experiment(*runs)
        if n == 1:
            runs[0].rows[:] = [
                [*row[:4], 200, "SUCCESS", *row[6:]] if row[0] > 1050 else row for row in runs[0].rows
            ]
            runs[0].recount()
        if n == 2:
            runs[1].fault["packets"] = 0
        baseline, resilient = (judge_run(run.write(folder / f"{run.session['mode']}-{n}")) for run in runs)
        pairs.append((baseline, resilient))
    return compare_pairs(pairs, planned=4)


Group = Callable[[Path], Iterator[tuple[str, str]]]
GROUPS: dict[str, Group] = {
    "resilient": partial(_of_run, "resilient", resilient_run),
    "baseline": partial(_of_run, "baseline", baseline_run),
    "eventful": partial(_of_run, "eventful", _eventful),
    "unfinished": partial(_of_run, "unfinished", _unfinished),
    "pair": partial(_of_comparison, "pair", compared),  # of an experiment with a variant that was not run
    "variant": partial(_of_comparison, "variant", lambda folder: compared(folder, pool1())),
    "pairs": partial(_of_comparison, "pairs", _three_pairs),
    "overviews": _of_overviews,
    "good-pack": partial(_of_pack, "good-pack", bool),
    "bad-pack": partial(_of_pack, "bad-pack", _spoilt),
}


def _write() -> None:
    PLACE.mkdir(exist_ok=True)
    for old in PLACE.iterdir():
        old.unlink()
    for group in GROUPS:
        with tempfile.TemporaryDirectory() as temporary:
            for name, text in texts(group, Path(temporary)):
                (PLACE / name).write_text(text)


if __name__ == "__main__":
    _write()
