"""What a report shows of a run: taken from its verdict, or read from the files that the verdict was written to."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaosproof.errors import ChaosproofError, UsageError
from chaosproof.json_access import mapping, whole
from chaosproof.judge.judge import Verdict
from chaosproof.runfolder.checks import Check, parse_checks
from chaosproof.runfolder.run_folder import SCHEMA_VERSION, read_run

__all__ = ["RunFiles", "files_of", "read_judged"]


@dataclass(frozen=True)
class RunFiles:
    """The content of a run folder's summary.json, checks.tsv, timeline.json, session.json, experiment.json and plan."""

    summary: Mapping[str, Any]
    checks: Sequence[Check]
    timeline: Mapping[str, Any]
    session: Mapping[str, Any]
    experiment: Mapping[str, Any]
    plan: Mapping[str, Any]


def files_of(verdict: Verdict) -> RunFiles:
    """The files as they are written of a verdict."""
    run = verdict.run
    return RunFiles(
        verdict.summary,
        verdict.checks,
        verdict.timeline,
        run.session.source,
        run.experiment,
        run.load_plan.source,
    )


def read_judged(folder: Path) -> RunFiles:
    """The files of a judged run.

    Raises UsageError when the folder is not there, is not a run, or was not judged yet, and ChaosproofError when a
    file is half-written or of a newer version.
    """
    if not folder.is_dir():
        raise UsageError(
            f"there is no folder {folder}: name the folder of a run, journals/EXPERIMENT/MODE/STAMP"
        )
    if (folder / "compare.json").exists():
        raise UsageError(
            f"{folder} is a comparison, whose page is {folder}/report.html: name its two runs instead"
        )
    summary = _object(folder / "summary.json")
    checks = _checks(folder / "checks.tsv")
    timeline = _object(folder / "timeline.json")
    run = read_run(folder)
    return RunFiles(summary, checks, timeline, run.session.source, run.experiment, run.load_plan.source)


def _object(path: Path) -> Mapping[str, Any]:
    content = _text(path)
    try:
        value = mapping(json.loads(content))
    except (ValueError, RecursionError) as error:
        raise ChaosproofError(
            f"{path} is not whole JSON ({error}): judge the run again with `chaosproof judge {path.parent}`"
        ) from error
    _refuse_newer(path, whole(value.get("schema_version")))
    return value


def _checks(path: Path) -> tuple[Check, ...]:
    try:
        return parse_checks(_text(path))
    except ChaosproofError as error:
        if "schema_version" in str(error):
            raise
        raise ChaosproofError(
            f"{path} is not a whole table of checks: judge the run again with `chaosproof judge {path.parent}`"
        ) from error


def _refuse_newer(path: Path, version: int | None) -> None:
    if version is None or version > SCHEMA_VERSION:
        raise ChaosproofError(
            f"{path} has schema_version {version}, and this chaosproof reads up to {SCHEMA_VERSION}: "
            "make the report with the chaosproof that wrote it, or a newer one"
        )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UsageError(
            f"{path.parent} has no {path.name}: judge the run first with `chaosproof judge {path.parent}`"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ChaosproofError(f"{path} cannot be read: {error}") from error
