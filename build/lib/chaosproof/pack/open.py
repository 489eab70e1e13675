"""The two questions that a release asks of a pack, each answered from its raw files and never from what it says."""

from dataclasses import dataclass
from pathlib import Path

from chaosproof.pack.gate.bound_claims import other_claims, other_experiments
from chaosproof.pack.gate.gate import GateVerdict, decide_gate
from chaosproof.pack.gate.readiness import MAX_AGE_S, Readiness, readiness_of
from chaosproof.pack.gate.release import age_problems, clock_problems, commit_problems
from chaosproof.pack.gate.rules import Rules, read_rules
from chaosproof.pack.judged import Judged, Progress
from chaosproof.pack.pack import Pack
from chaosproof.pack.rows import rows_of
from chaosproof.pack.verify import Verification, verify_pack
from chaosproof.runfolder.checks import Check

__all__ = ["OpenedPack", "open_pack"]


@dataclass(frozen=True)
class OpenedPack:
    """A verified pack, with its rows by the caller's rules: the pack's own gate file is not asked what is enough."""

    verification: Verification
    rules: Rules
    checks: tuple[Check, ...]

    @property
    def pack(self) -> Pack | None:
        return self.verification.pack

    def gate(
        self,
        profile: str = "all",
        *,
        perf: bool = False,
        now: float | None = None,
        max_age_s: float = MAX_AGE_S,
        commit: str = "",
    ) -> GateVerdict:
        """May this be released? Every run must have ended within `max_age_s` before `now` (Unix seconds), where that is
        given, and be of `commit`, a hash or its beginning, unless that is empty.

        Raises UsageError for a profile that the rules do not have.
        """
        judged = self.pack.judged if self.pack else Judged((), ())
        problems = [*self.verification.problems, *other_experiments(judged, self.rules)]
        if now is not None:
            problems += age_problems(judged.runs, now, max_age_s)
        if commit:
            problems += commit_problems(judged.runs, commit)
        other = other_claims(judged, self.rules)
        return decide_gate(self.checks, self.rules, profile, perf=perf, problems=problems, other_claims=other)

    def readiness(self, profile: str = "all", *, now: float, max_age_s: float = MAX_AGE_S) -> Readiness:
        """Raises UsageError for a profile that the rules do not have."""
        return readiness_of(
            self.checks,
            self.rules,
            profile,
            measured_at=self.pack.measured_at if self.pack else None,
            now=now,
            max_age_s=max_age_s,
            problems=[*self.verification.problems, *(self._of_tomorrow(now))],
        )

    def _of_tomorrow(self, now: float) -> list[str]:
        # the oldest run alone would hide a younger one whose clock was wrong
        return clock_problems(self.pack.judged.runs, now) if self.pack else []


def open_pack(
    pack_dir: Path, *, rules: Rules | None = None, report_progress: Progress = lambda message: None
) -> OpenedPack:
    """Verify the pack and give its rows by `rules` (experiments/gate.yaml when None). Raises as `verify_pack`."""
    verification = verify_pack(pack_dir, report_progress=report_progress)
    rules, pack = rules or read_rules(), verification.pack
    rows = rows_of(pack.judged, rules, pack.hashes, pack.manifests) if pack else ()
    return OpenedPack(verification, rules, rows)
