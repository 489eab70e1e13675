"""How ready a release is, in one number that follows from the checks alone.

A category's score is the share of its required checks that pass, times 100, rounded down: absent, failed and unknown
ones count alike. The score of all is that of the weakest category, so it is 100 exactly when the gate passes. A pack
that is stale, whose age is not known, or that cannot be believed scores 0 everywhere.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from chaosproof.pack.gate.rules import Rules
from chaosproof.runfolder.checks import Check

__all__ = ["CLOCK_SLACK_S", "MAX_AGE_S", "Category", "Readiness", "readiness_of", "span"]

MAX_AGE_S = 24 * 3600.0
CLOCK_SLACK_S = 60.0
"""Two machines' clocks differ by less."""


@dataclass(frozen=True)
class Category:
    """The score from 0 to 100, how many of the required checks pass, and which are missing (`ID: status`)."""

    score: int
    required: int
    passed: int
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Readiness:
    """`score` from 0 to 100; `age_s` is that of the oldest run; `problems` say why everything scores 0."""

    profile: str
    score: int
    categories: Mapping[str, Category]
    age_s: float | None
    max_age_s: float
    problems: tuple[str, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """What keeps the score from 100, in sentences."""
        return (*self.problems, *(id for category in self.categories.values() for id in category.missing))

    def as_json(self) -> dict[str, Any]:
        """readiness.json."""
        return {
            "schema_version": 1,
            "profile": self.profile,
            "score": self.score,
            "categories": {
                name: {**asdict(category), "missing": list(category.missing)}
                for name, category in self.categories.items()
            },
            "missing": list(self.missing),
            "age_s": None if self.age_s is None else round(self.age_s, 1),
            "max_age_s": self.max_age_s,
            "formula": "category: floor(100 x required checks that pass / required checks); all: the lowest category",
        }


def readiness_of(
    checks: Sequence[Check],
    rules: Rules,
    profile: str = "all",
    *,
    measured_at: float | None,
    now: float,
    max_age_s: float = MAX_AGE_S,
    problems: Sequence[str] = (),
) -> Readiness:
    """The readiness at `now` of a pack whose oldest run ended at `measured_at` (Unix seconds, None: not known).

    Raises UsageError for a profile that the rules do not have.
    """
    statuses = {check.id: check.status for check in checks}
    age_s = None if measured_at is None else now - measured_at
    all_problems = [*problems, *_too_old(age_s, max_age_s)]
    categories = {
        name: _category(ids, statuses, spoiled=bool(all_problems))
        for name, ids in rules.categories(profile).items()
    }
    score = min((category.score for category in categories.values()), default=0)
    return Readiness(profile, score, categories, age_s, max_age_s, tuple(all_problems))


def _too_old(age_s: float | None, max_age_s: float) -> list[str]:
    if age_s is None:
        return ["when the runs were made is not known"]
    if age_s < -CLOCK_SLACK_S:
        return [f"the oldest run ended {-age_s:.0f} s in the future: a clock is wrong"]
    if age_s > max_age_s:
        return [f"the oldest run is {span(age_s)} old, and may be {span(max_age_s)}: run it again"]
    return []


def span(age_s: float) -> str:
    """A length of time for a person: `3 h`, `20 min`."""
    return f"{age_s / 3600:.3g} h" if age_s >= 3600 else f"{age_s / 60:.3g} min"


def _category(ids: Sequence[str], statuses: Mapping[str, str], *, spoiled: bool) -> Category:
    missing = tuple(f"{id}: {statuses.get(id, 'absent')}" for id in ids if statuses.get(id) != "pass")
    passed = len(ids) - len(missing)
    return Category(0 if spoiled or not ids else 100 * passed // len(ids), len(ids), passed, missing)
