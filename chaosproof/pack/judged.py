"""The runs of a pack, judged anew from its raw files, and the comparisons of those that make pairs."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from chaosproof.compare.compare import Comparison, compare_pairs
from chaosproof.errors import ChaosproofError
from chaosproof.experiment.claims import Claim
from chaosproof.experiment.modes import MODES
from chaosproof.experiment.text import parse_experiment
from chaosproof.judge.check import unknown
from chaosproof.judge.judge import Verdict, judge_run
from chaosproof.pack.files import read_text
from chaosproof.report.page import comparison_page
from chaosproof.report.run_files import files_of
from chaosproof.runfolder.checks import Check, Status, checks_tsv
from chaosproof.runfolder.paths import EXPERIMENT, EXPERIMENT_YAML
from chaosproof.runfolder.provenance import means_the_same
from chaosproof.runfolder.run_folder import RunFolder
from chaosproof.runfolder.series import Series

__all__ = [
    "COMPARISONS",
    "RUNS",
    "Judged",
    "JudgedComparison",
    "JudgedRun",
    "Progress",
    "SeeVerdict",
    "judge_runs",
    "run_places",
]

Progress = Callable[[str], None]
"""Gets a sentence about what is being done, for a person who waits."""

SeeVerdict = Callable[[str, Verdict], None]
"""Is shown the place of each run and its whole verdict, series and all, before the large parts of it are let go."""

RUNS = "runs"
COMPARISONS = "comparisons"


@dataclass(frozen=True)
class JudgedRun:
    """One run: where it lies in the pack (`runs/checkout/resilient/STAMP`), and what judging it found. `run.series` is
    left out, being large; `experiment_text` is the experiment as it was written, empty where the folder has none or
    another; `as_stored` tells whether the folder's own checks.tsv says the same.
    """

    place: str
    experiment: str
    mode: str
    stamp: str
    status: Status
    checks: tuple[Check, ...]
    claims: Mapping[str, Claim]
    summary: Mapping[str, Any]
    figures: Mapping[str, Any]
    run: RunFolder
    experiment_text: str
    as_stored: bool

    @property
    def name(self) -> str:
        """`checkout.resilient`."""
        return f"{self.experiment}.{self.mode}"

    @property
    def ended_at(self) -> float | None:
        return self.run.session.ended_at


@dataclass(frozen=True)
class JudgedComparison:
    """The comparison of an experiment's pairs: `comparison`, or why there is none in `problem`."""

    experiment: str
    place: str
    document: Mapping[str, Any]
    checks: tuple[Check, ...]
    claims: Mapping[str, str]
    status: Status
    page: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Judged:
    """Everything that the rows of a pack follow from."""

    runs: tuple[JudgedRun, ...]
    comparisons: tuple[JudgedComparison, ...]

    @property
    def measured_at(self) -> float | None:
        """When the oldest of the runs ended (Unix seconds); None when one of them does not say, or there is none."""
        ends = [run.ended_at for run in self.runs]
        known = [end for end in ends if end is not None]
        return min(known) if known and len(known) == len(ends) else None


def run_places(names: Sequence[str]) -> list[str]:
    """The run folders among the files of a pack: `runs/EXPERIMENT/MODE/STAMP`, in order."""
    parts = (name.split("/") for name in names)
    return sorted({"/".join(part[:4]) for part in parts if part[0] == RUNS and len(part) > 4})


def judge_runs(
    pack_dir: Path,
    places: Sequence[str],
    planned: Mapping[str, int],
    report_progress: Progress = lambda message: None,
    see_verdict: SeeVerdict = lambda place, verdict: None,
) -> Judged:
    """Judge the run folders `places` of the pack, and compare those of one experiment that make pairs.

    `planned` is how many pairs of an experiment there were to be. At no time the rows of more runs are held in memory
    than are compared with each other; `report_progress` gets a sentence for each experiment, `see_verdict` each run's
    verdict in the order of the runs. Raises ChaosproofError when a newer version wrote a run.
    """
    runs: list[JudgedRun] = []
    comparisons: list[JudgedComparison] = []
    for experiment, group in groupby(sorted(places), key=lambda place: place.split("/")[1]):
        members = list(group)
        report_progress(f"judging {len(members)} runs of {experiment}")
        if not any(_mode(place) == MODES[0] for place in members):
            runs += [_seen(place, judge_run(pack_dir / place), see_verdict) for place in members]
            continue
        verdicts = {place: judge_run(pack_dir / place) for place in members}
        by_mode: dict[str, list[Verdict]] = {mode: [] for mode in MODES}
        for place, verdict in verdicts.items():
            by_mode.setdefault(_mode(place), []).append(verdict)
        comparisons.append(_compared(pack_dir, experiment, by_mode, planned.get(experiment)))
        runs += [_seen(place, verdict, see_verdict) for place, verdict in verdicts.items()]
    return Judged(tuple(runs), tuple(comparisons))


def _mode(place: str) -> str:
    return place.split("/")[2]


def _seen(place: str, verdict: Verdict, see_verdict: SeeVerdict) -> JudgedRun:
    see_verdict(place, verdict)
    _, experiment, mode, stamp = place.split("/")
    return JudgedRun(
        place,
        experiment,
        mode,
        stamp,
        verdict.status,
        verdict.checks,
        {claim.id: claim for claim in verdict.claims},
        verdict.summary,
        {key: value for key, value in verdict.figures.items() if key != "series"},
        replace(verdict.run, series=Series.from_json({})),
        _experiment_text(verdict.run),
        _stored(verdict.run.path / "checks.tsv") == checks_tsv(verdict.checks),
    )


def _experiment_text(run: RunFolder) -> str:
    for name in (EXPERIMENT, EXPERIMENT_YAML):
        try:
            content = read_text(Path(run.path) / name)
            means = means_the_same(parse_experiment(content, Path(name).suffix), run.experiment)
        except (ChaosproofError, ValueError):
            continue
        if means:
            return content
    return ""


def _stored(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _compared(
    pack_dir: Path, experiment: str, by_mode: Mapping[str, list[Verdict]], planned: int | None
) -> JudgedComparison:
    baselines, resilients = (by_mode[mode] for mode in MODES)
    variants = {mode: verdicts for mode, verdicts in by_mode.items() if mode not in MODES}
    place = f"{COMPARISONS}/{experiment}"
    try:
        if len(baselines) != len(resilients):
            raise ChaosproofError(
                f"there are {len(baselines)} baseline runs and {len(resilients)} resilient ones: "
                "each needs its partner"
            )
        # a variant that was not run with the first pairs has its runs with the last
        run_with = [
            {
                mode: verdicts[n - (len(baselines) - len(verdicts))]
                for mode, verdicts in variants.items()
                if n >= len(baselines) - len(verdicts)
            }
            for n in range(len(baselines))
        ]
        comparison = compare_pairs(
            list(zip(baselines, resilients, strict=True)), run_with if variants else (), planned=planned
        )
    except ChaosproofError as error:
        # the sentence names folders of this machine, which the pack may have left
        problem = str(error).replace(f"{pack_dir}/", "")
        check = unknown("CMP_COMPARABLE", problem, RUNS)
        return JudgedComparison(experiment, place, {}, (check,), {}, "unknown", problem=problem)
    document = _relative(comparison, pack_dir)
    return JudgedComparison(
        experiment,
        place,
        document,
        comparison.checks,
        {check["id"]: check["claim"] for check in document["checks"]},
        comparison.status,
        page=comparison_page(document, comparison.checks, [files_of(run) for run in comparison.pairs[-1]]),
    )


def _relative(comparison: Comparison, pack_dir: Path) -> Mapping[str, Any]:
    """compare.json, with the runs named by their place in the pack."""
    document: dict[str, Any] = json.loads(json.dumps(comparison.document))
    for summary in (document["baseline"], document["resilient"], *document["variants"].values()):
        summary["run"] = Path(summary["run"]).relative_to(pack_dir).as_posix()
    for pair in document["pairs"]:
        for mode in pair.keys() - {"status"}:
            pair[mode] = Path(pair[mode]).relative_to(pack_dir).as_posix()
    return document
