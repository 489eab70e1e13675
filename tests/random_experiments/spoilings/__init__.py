"""Ways in which somebody's experiment comes to prove nothing, each applied to a sensible one.

A spoiling returns False where it has nothing to spoil. What its run shows by itself is left to the oracle; a slip of
the pen that no run can show is `never` green, for the author meant something else than is written.
"""

from collections.abc import Mapping

from tests.random_experiments.spoilings.around import AROUND
from tests.random_experiments.spoilings.cannot_miss import CANNOT_MISS
from tests.random_experiments.spoilings.faults import FAULTS
from tests.random_experiments.spoilings.slips import SLIPS
from tests.random_experiments.spoilings.tools import Spoiling

__all__ = ["SPOILINGS"]

SPOILINGS: Mapping[str, Spoiling] = {**SLIPS, **CANNOT_MISS, **FAULTS, **AROUND}
