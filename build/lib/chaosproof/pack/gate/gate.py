"""The gate: may this be released? Only if every check that the profile requires is there, and passes."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any, Literal

from chaosproof.pack.gate.rules import Rules
from chaosproof.runfolder.checks import Check, Status

__all__ = ["GateRow", "GateVerdict", "decide_gate"]


@dataclass(frozen=True)
class GateRow:
    """One required check; `absent` when the pack has no row of that name."""

    id: str
    status: Status | Literal["absent"]
    details: str
    evidence: str


@dataclass(frozen=True)
class GateVerdict:
    """`rows` are the required checks in the order of the gate file, `warnings` the figures that do not hold and were
    not required. `problems` say why the pack itself cannot be believed; with any the gate is shut.
    """

    profile: str
    version: str
    rows: tuple[GateRow, ...]
    warnings: tuple[Check, ...]
    problems: tuple[str, ...] = ()

    @property
    def status(self) -> Status:
        """`fail` for a required check that failed or is absent, `unknown` for one that is not known, else `pass`."""
        seen = {row.status for row in self.rows}
        if self.problems or seen & {"fail", "absent"}:
            return "fail"
        return "pass" if seen == {"pass"} else "unknown"

    @property
    def failing(self) -> tuple[GateRow, ...]:
        """The required checks that do not pass."""
        return tuple(row for row in self.rows if row.status != "pass")

    def as_json(self) -> dict[str, Any]:
        """For `--json` and summary.json."""
        return {
            "profile": self.profile,
            "version": self.version,
            "status": self.status,
            "required": len(self.rows),
            "passed": len(self.rows) - len(self.failing),
            "amiss": [asdict(row) for row in self.failing],
            "warnings": [
                {"id": check.id, "status": check.status, "details": check.details} for check in self.warnings
            ],
            "problems": list(self.problems),
        }


def decide_gate(
    checks: Sequence[Check],
    rules: Rules,
    profile: str = "all",
    *,
    perf: bool = False,
    problems: Sequence[str] = (),
    other_claims: Mapping[str, str] = MappingProxyType({}),
) -> GateVerdict:
    """Hold the rows of a pack to what `profile` requires, with `perf` also to the figures that else only warn.

    `other_claims` has by id the sentence of each claim that is other than the gate file binds it to.

    Raises UsageError for a profile that the rules do not have.
    """
    required = rules.required(profile, perf=perf)
    known = {check.id: check for check in checks}
    warnings = tuple(
        check
        for check in checks
        if check.id.startswith("PERF_") and check.status != "pass" and check.id not in required
    )
    return GateVerdict(
        profile,
        rules.version,
        tuple(_row(id, known.get(id), other_claims.get(id)) for id in required),
        warnings,
        tuple(problems),
    )


def _row(id: str, check: Check | None, other_claim: str | None) -> GateRow:
    if check is None:
        return GateRow(id, "absent", "required, and the pack does not have it", "checks.tsv")
    if other_claim:
        return GateRow(id, "fail", other_claim, check.evidence)
    return GateRow(id, check.status, check.details, check.evidence)
