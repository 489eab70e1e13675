"""SYS_CLAIMS: a run of which nothing is claimed proves nothing. It is a row only where that is so."""

import contextlib
from collections.abc import Iterator, Sequence

from chaosproof.experiment.claims import Claim, claims_of
from chaosproof.experiment.modes import MODES
from chaosproof.experiment.text import doubled_keys
from chaosproof.judge.check import unknown
from chaosproof.judge.claims import CLAIMS_PLACE
from chaosproof.judge.next_steps import MARK
from chaosproof.runfolder.checks import Check
from chaosproof.runfolder.paths import EXPERIMENT, EXPERIMENT_YAML
from chaosproof.runfolder.run_folder import RunFolder

__all__ = ["NOTHING_CLAIMED", "nothing_claimed"]

NOTHING_CLAIMED = "SYS_CLAIMS"
"""The id of the row. A baseline may have it: that it breaks is asked by the comparison itself."""


def nothing_claimed(run: RunFolder, claims: Sequence[Claim]) -> Iterator[Check]:
    """The row, where none of the `claims` of the run's mode is there and no comparison asks about the mode either.

    Every comparison asks about its baseline: it is what the other mode is held against.
    """
    if doubled := _doubled(run):
        yield unknown(NOTHING_CLAIMED, f"it is not clear what was claimed: {'; '.join(doubled)}", EXPERIMENT)
        return
    mode = run.session.mode or ""
    compared = claims_of(run.experiment, "compare")
    if claims or not run.experiment or any(mode in {MODES[0], *_modes_of(claim)} for claim in compared):
        return
    there = claims_of(run.experiment, "checks")
    why = (
        f"none of the {len(there)} claims of the experiment applies in mode {mode}{MARK}"
        "run it in a mode that one names, or widen its `modes`"
        if there
        else f"the experiment claims nothing{MARK}add a claim to `checks` of its extension"
    )
    yield unknown(NOTHING_CLAIMED, why, CLAIMS_PLACE)


def _doubled(run: RunFolder) -> list[str]:
    """The keys that stand twice in the experiment's own text, where the folder has it."""
    for name in (EXPERIMENT, EXPERIMENT_YAML):
        path = run.path / name
        with contextlib.suppress(OSError, ValueError):
            return doubled_keys(path.read_text(encoding="utf-8"), path.suffix)
    return []


def _modes_of(claim: Claim) -> set[str]:
    """The modes and variants that a claim of `compare` asks about; of a mistake, any: it is said where it stands."""
    return {*MODES} if claim.mistake else {figure.partition(".")[0] for figure in claim.figures}
