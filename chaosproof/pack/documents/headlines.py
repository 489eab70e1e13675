"""The headline of a folder, whatever it holds: a pack, a comparison, or a run; of several the newest."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chaosproof.errors import ChaosproofError, UsageError
from chaosproof.experiment.experiment import read_experiment
from chaosproof.json_access import as_object, mapping, mappings, text
from chaosproof.judge.judge import judge_run
from chaosproof.pack.documents.pack_overview import effect_figures, overview_of, run_figures
from chaosproof.pack.gate.rules import Rules
from chaosproof.pack.open import open_pack
from chaosproof.report.formats.comment import Headline
from chaosproof.runfolder.checks import Check
from chaosproof.runfolder.paths import EXPERIMENT
from chaosproof.runfolder.run_folder import RAW_FILES

__all__ = ["headline_of"]

_COMPARISON = "compare.json"
_PACK = Path("meta/pack.json")


def headline_of(folder: Path, rules: Rules | None, profile: str) -> Headline:
    """The headline of `folder`; where it is none of the three itself, of the newest below it: a pack stands above
    comparisons, and these above runs. `rules` and `profile` are for a pack's gate.

    Raises `UsageError` where there is none.
    """
    place = _newest(folder)
    if (place / _PACK).is_file():
        return _of_pack(place, rules, profile)
    if (place / _COMPARISON).is_file():
        return _of_comparison(place)
    return _of_run(place)


def _newest(folder: Path) -> Path:
    for is_kind, pattern in (
        (lambda path: (path / _PACK).is_file(), "pack"),
        (lambda path: (path / _COMPARISON).is_file(), "*/compare/*"),
        (lambda path: any((path / name).is_file() for name in RAW_FILES), "*/*/*"),
    ):
        if is_kind(folder):
            return folder
        below = sorted((path for path in folder.glob(pattern) if is_kind(path)), key=lambda path: path.name)
        if below:
            return below[-1]
    raise UsageError(f"{folder} holds no run, no comparison and no pack, so there is no verdict to say.")


def _of_pack(folder: Path, rules: Rules | None, profile: str) -> Headline:
    opened = open_pack(folder, rules=rules)
    if opened.pack is None:
        raise ChaosproofError(f"{folder} cannot be read: {'; '.join(opened.verification.problems)}")
    now = time.time()
    shown = overview_of(opened.pack, opened.gate(profile, now=now), opened.readiness(profile, now=now))
    absent = [Check(id, "fail", "required, and not in the pack", "") for id in shown.absent]
    return Headline(
        shown.status,
        f"gate {profile}",
        f"{len({run.experiment for run in shown.runs})} experiments, readiness {shown.score:g} of 100",
        [f"{run.experiment}, {run.what}: {run.verdict}" for run in shown.runs],
        len(shown.required),
        [*(located.check for located in shown.failing), *absent],
    )


def _of_comparison(folder: Path) -> Headline:
    document = as_object((folder / _COMPARISON).read_bytes())
    checks = [
        Check(text(item.get("id")), _status(item), text(item.get("details")), "")
        for item in mappings(document.get("checks"))
    ]
    return Headline(
        text(document.get("verdict")) or "unknown",
        f"{text(document.get('experiment'))}, baseline against resilient",
        _title(Path(text(mapping(document.get("resilient")).get("run")))),
        [f"{label} {value}" for label, value in effect_figures(document)],
        len(checks),
        [check for check in checks if check.status != "pass"],
    )


def _of_run(folder: Path) -> Headline:
    verdict = judge_run(folder)
    return Headline(
        verdict.status,
        f"{verdict.summary['experiment']}, {verdict.summary['mode']}",
        read_experiment(verdict.run.experiment).title,
        [f"{label} {value}" for label, value in run_figures(verdict.summary)],
        len(verdict.checks),
        [check for check in verdict.checks if check.status != "pass"],
    )


def _status(item: Mapping[str, Any]) -> Any:
    status = text(item.get("status"))
    return status if status in ("pass", "fail") else "unknown"


def _title(run: Path) -> str:
    try:
        return text(as_object((run / EXPERIMENT).read_bytes()).get("title"))
    except OSError:
        return ""
