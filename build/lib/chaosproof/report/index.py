"""The page over all runs of a pack: may it be released, how ready it is, and a row for each run with its own page.

Try it: chaosproof evidence RUN_DIR... -o /tmp/pack; its page is /tmp/pack/report.html
"""

from chaosproof.report.document import render
from chaosproof.report.overview import Overview
from chaosproof.report.quantities import moment
from chaosproof.report.view import Head, Tile, checks_view
from chaosproof.runfolder.checks import Check

__all__ = ["index_page"]

_MEANINGS = {
    "pass": "Every check that the gate requires passed.",
    "fail": "At least one check that the gate requires failed or is not there.",
    "unknown": "At least one check that the gate requires could not be answered, so nothing is proved.",
}


def index_page(pack: Overview) -> str:
    """The page as HTML. It computes nothing: every figure on it stands in a file of the pack."""
    required = dict(pack.required)
    known = {located.check.id: located.check for located in pack.checks}
    claims = {located.check.id: located.claim for located in pack.checks if located.claim}
    rest = [check for id, check in known.items() if id not in required]
    return render(
        "pack.html.j2",
        head=Head(
            f"Gate {pack.profile}: {pack.status}",
            " · ".join(part for part in ("evidence pack", pack.commit, moment(pack.made_at)) if part),
            f"Gate {pack.profile}",
            pack.status,
            _MEANINGS.get(pack.status, _MEANINGS["unknown"]),
            _tiles(pack),
        ),
        runs=pack.runs,
        required=checks_view([known.get(id) or _absent(id) for id in required], claims, "pack"),
        missing=pack.missing,
        rest=checks_view(rest, claims, "pack") if rest else None,
    )


def _absent(id: str) -> Check:
    return Check(id, "fail", "the pack does not have this check, which counts as failed", "checks.tsv")


def _tiles(pack: Overview) -> list[Tile]:
    passed = sum(status == "pass" for _, status in pack.required)
    held = sum(run.verdict == "pass" for run in pack.runs)
    counts = {"not passed": len(pack.failing), "absent": len(pack.absent)}
    return [
        Tile(
            "Required checks passed",
            f"{passed} of {len(pack.required)}",
            ", ".join(f"{count} {what}" for what, count in counts.items() if count),
        ),
        Tile(
            "Readiness, of 100",
            f"{pack.score:g}",
            ", ".join(f"{name} {value:g}" for name, value in pack.categories),
        ),
        Tile("Runs and comparisons that pass", f"{held} of {len(pack.runs)}", "a baseline is there to fail"),
    ]
