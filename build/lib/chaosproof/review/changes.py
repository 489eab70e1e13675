"""What changed between two runs of one experiment: its file, its verdict, its findings, how long it took."""

from chaosproof.review.review import Review

__all__ = ["changes_between", "runs_in_order"]

_LONGER = 1.5


def runs_in_order(reviews: list[Review]) -> list[Review]:
    """The reviews by title, and of one title in the order in which they ran; experiments come before their journals."""
    return sorted(reviews, key=lambda r: (r.title, (r.document and r.document.began_at) or 0.0, str(r.file)))


def changes_between(earlier: Review, later: Review) -> list[str]:
    """Sentences without their full stop; empty where nothing did, or where they are of two experiments."""
    before, after = earlier.document, later.document
    if before is None or after is None or earlier.title != later.title or before.kind != after.kind:
        return []
    changes = []
    if earlier.verdict != later.verdict:
        changes.append(f"{earlier.verdict} became {later.verdict}")
    was, now = ({f.code for f in review.findings if f.severity != "note"} for review in (earlier, later))
    changes += [f"{code} is gone" for code in sorted(was - now)] + [
        f"{code} is new" for code in sorted(now - was)
    ]
    parts = ("steady-state-hypothesis", "method", "rollbacks", "configuration")
    changes += [
        f"its {part} is another"
        for part in parts
        if before.experiment.get(part) != after.experiment.get(part)
    ]
    if before.toolkit_version != after.toolkit_version:
        changes.append(f"chaoslib {before.toolkit_version or '?'} became {after.toolkit_version or '?'}")
    if before.duration_s and after.duration_s:
        longer, shorter = max(before.duration_s, after.duration_s), min(before.duration_s, after.duration_s)
        if longer > _LONGER * shorter and longer - shorter > 1.0:
            changes.append(f"it took {after.duration_s:.1f} s instead of {before.duration_s:.1f} s")
    return changes
