"""A pack as data: its judged runs and every document that follows from them. Pure, but for reading the run folders."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from chaosproof.errors import ChaosproofError, UsageError, readable_os_errors
from chaosproof.json_access import at, mapping, number, text, whole
from chaosproof.judge.check import counts, worst
from chaosproof.pack.documents.sarif import sarif_text
from chaosproof.pack.gate.bound_claims import other_claims, other_experiments
from chaosproof.pack.gate.gate import GateVerdict, decide_gate
from chaosproof.pack.gate.readiness import MAX_AGE_S, Readiness, readiness_of
from chaosproof.pack.gate.rules import Rules
from chaosproof.pack.judged import (
    RUNS,
    Judged,
    JudgedComparison,
    JudgedRun,
    Progress,
    SeeVerdict,
    judge_runs,
    run_places,
)
from chaosproof.pack.rows import counts_in_verdict, rows_of
from chaosproof.report.formats.junit import junit_xml
from chaosproof.runfolder.checks import Check, Status, checks_tsv
from chaosproof.runfolder.manifest import MANIFEST

__all__ = [
    "ATTESTATION",
    "CONFIGURATION",
    "PACK_VERSION",
    "PAGE",
    "Meta",
    "Pack",
    "derive",
    "documents",
    "parse_meta",
]

PACK_VERSION = 1
ATTESTATION = "attestation.intoto.json"
PAGE = "report.html"
CONFIGURATION = ("meta/gate.yaml", "meta/pack.json")
"""What the attestation names as the configuration."""

_LOAD_FIGURES = ("requests", "errors", "error_ratio", "rate_rps", "p50_ms", "p95_ms", "p99_ms", "max_ms")


@dataclass(frozen=True)
class Meta:
    """meta/pack.json: when the pack was made (Unix seconds), by which version, for which profile of the gate, and how
    many pairs of an experiment there were to be.
    """

    made_at: float
    chaosproof: str
    profile: str
    planned: Mapping[str, int]

    def as_text(self) -> str:
        """The file."""
        return _json({"schema_version": PACK_VERSION, **asdict(self)})


def _json(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=2) + "\n"


@dataclass(frozen=True)
class Pack:
    """What a pack says. `gate` and `readiness` are those of `meta.profile` at the time when it was made."""

    path: Path
    meta: Meta
    rules: Rules
    judged: Judged
    checks: tuple[Check, ...]
    gate: GateVerdict
    readiness: Readiness
    hashes: Mapping[str, str] = field(repr=False)
    manifests: Mapping[str, str] = field(repr=False)

    @property
    def status(self) -> Status:
        """The worst of the gate and of every row that counts."""
        return worst([self.gate.status, *(c.status for c in self.checks if counts_in_verdict(c.id))])

    @property
    def measured_at(self) -> float | None:
        """As of `judged`."""
        return self.judged.measured_at


def parse_meta(content: str) -> Meta:
    """Read meta/pack.json. Raises UsageError when it is none, ChaosproofError for a version that is not known."""
    try:
        stated = mapping(json.loads(content))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"meta/pack.json is not whole JSON: {error}") from error
    version = stated.get("schema_version")
    if version != PACK_VERSION:
        raise ChaosproofError(
            f"meta/pack.json has schema_version {str(version)[:20]}, and this chaosproof reads {PACK_VERSION}: "
            "use the chaosproof that wrote it, or a newer one"
        )
    made_at = number(stated.get("made_at"))
    planned = {
        name: pairs
        for name, value in mapping(stated.get("planned")).items()
        if (pairs := whole(value)) is not None
    }
    if made_at is None or not text(stated.get("profile")):
        raise UsageError("meta/pack.json does not say when the pack was made, and for which profile")
    return Meta(made_at, text(stated.get("chaosproof")), text(stated.get("profile")), planned)


def derive(
    pack_dir: Path,
    meta: Meta,
    rules: Rules,
    hashes: Mapping[str, str],
    manifests: Mapping[str, str],
    report_progress: Progress = lambda message: None,
    see_verdict: SeeVerdict = lambda place, verdict: None,
) -> Pack:
    """Judge the runs that lie in `pack_dir` and everything that follows from them; writes nothing.

    `hashes` are those of the files below `runs/`, `manifests` the text of each run's MANIFEST.sha256 by its place;
    `see_verdict` as of `judge_runs`.
    """
    judged = judge_runs(pack_dir, run_places(list(hashes)), meta.planned, report_progress, see_verdict)
    checks = rows_of(judged, rules, hashes, manifests)
    gate = decide_gate(
        checks,
        rules,
        meta.profile,
        problems=other_experiments(judged, rules),
        other_claims=other_claims(judged, rules),
    )
    readiness = readiness_of(
        checks, rules, meta.profile, measured_at=judged.measured_at, now=meta.made_at, max_age_s=MAX_AGE_S
    )
    return Pack(pack_dir, meta, rules, judged, checks, gate, readiness, hashes, manifests)


def documents(pack: Pack) -> dict[str, str]:
    """Every file that follows from the runs, by name; all but the pages are the same whenever they are made."""
    files: dict[str, str] = {}
    for comparison in pack.judged.comparisons:
        place, checks = comparison.place, comparison.checks
        if comparison.document:
            files[f"{place}/compare.json"] = _json(comparison.document)
            files[f"{place}/checks.tsv"] = checks_tsv(checks)
            files[f"{place}/junit.xml"] = junit_xml(f"{comparison.experiment}.compare", checks)
            files[f"{place}/{PAGE}"] = comparison.page
    shown = [_as_warning(check) for check in pack.checks if not check.id.startswith("INFO_")]
    files["checks.tsv"] = checks_tsv(pack.checks)
    files["junit.xml"] = junit_xml("chaosproof", shown)
    files["results.sarif"] = sarif_text(pack.checks, pack.judged, pack.rules, pack.meta.chaosproof)
    files["readiness.json"] = _json(pack.readiness.as_json())
    files["summary.json"] = _json(_summary(pack))
    return files


def _as_warning(check: Check) -> Check:
    """JUnit has no warnings: a figure that does not hold is `skipped` there, with its words."""
    if check.status == "pass" or counts_in_verdict(check.id):
        return check
    return replace(check, status="unknown", details=f"warning: {check.details}", skipped=True)


def _summary(pack: Pack) -> dict[str, Any]:
    counted = [check for check in pack.checks if counts_in_verdict(check.id)]
    return {
        "schema_version": PACK_VERSION,
        "made_at": pack.meta.made_at,
        "measured_at": pack.measured_at,
        "verdict": pack.status,
        "gate_pass": pack.gate.status == "pass",
        "gate": pack.gate.as_json(),
        "readiness": pack.readiness.score,
        "checks": counts(counted),
        "performance": counts(check for check in pack.checks if check.id.startswith("PERF_")),
        "runs": [_run(run) for run in pack.judged.runs],
        "comparisons": [_comparison(comparison) for comparison in pack.judged.comparisons],
    }


def _run(run: JudgedRun) -> dict[str, Any]:
    return {
        "run": run.place,
        "experiment": run.experiment,
        "mode": run.mode,
        "verdict": run.status,
        "checks": counts(run.checks),
        "load": {key: at(run.summary, "load", key) for key in _LOAD_FIGURES},
        "recovery_s": run.summary.get("recovery_s"),
        "started_at": run.run.session.started_at,
        "ended_at": run.ended_at,
    }


def _comparison(comparison: JudgedComparison) -> dict[str, Any]:
    return {
        "comparison": comparison.place if comparison.document else None,
        "experiment": comparison.experiment,
        "verdict": comparison.status,
        "checks": counts(comparison.checks),
        "headline": comparison.document.get("headline"),
        "problem": comparison.problem or None,
    }


def read_manifests(pack_dir: Path, names: Mapping[str, object]) -> dict[str, str]:
    """The text of each run's manifest by the run's place. Raises ChaosproofError when one cannot be read."""
    manifests: dict[str, str] = {}
    for name in names:
        if name.startswith(f"{RUNS}/") and name.count("/") == 4 and name.endswith(f"/{MANIFEST}"):
            with readable_os_errors(f"cannot read {name}"):
                content = (pack_dir / name).read_text(encoding="utf-8", errors="replace")
            manifests[name.rpartition("/")[0]] = content
    return manifests
