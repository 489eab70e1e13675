"""When so many pairs of runs are enough: a test by betting that stays valid however often one looks at it.

A gambler starts with 1 and stakes nine tenths of what he has on each pair: a pair that holds multiplies it by 1.9,
one that does not by 0.1. If pairs hold no more often than they fail to, nobody who plays this game ever has 40 or
more with a probability above 1/40 (J. Ville, "Etude critique de la notion de collectif", 1939). So 40 is proof at
the 2.5 % level whenever it is reached, and one may stop there; six pairs that all hold make 1.9^6 = 47. The same bets
on "the difference is above m", for every m, leave those m that nobody got rich against: a confidence sequence for the
median difference. See G. Shafer, "Testing by betting", JRSS A 184 (2021); A. Ramdas, P. Gruenwald, V. Vovk and G.
Shafer, "Game-theoretic statistics and safe anytime-valid inference", Statistical Science 38 (2023).
"""

import math
from bisect import bisect, bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

__all__ = ["PROOF", "STAKE", "Decision", "decide", "median_sequence", "wealth"]

STAKE = 0.9
PROOF = 40.0


@dataclass(frozen=True)
class Decision:
    """Whether another pair is needed, the wealth so far, and why in words."""

    go_on: bool
    wealth: float
    reason: str

    def as_json(self) -> dict[str, Any]:
        return {
            "test": "betting",
            "stake": STAKE,
            "wealth": round(self.wealth, 6),
            "proof": PROOF,
            "decided": self.wealth >= PROOF,
            "reason": self.reason,
        }


def wealth(bets: Sequence[int]) -> list[float]:
    """What the gambler has after each bet: +1 was won, -1 was lost, 0 was neither."""
    return list(accumulate((1 + STAKE * bet for bet in bets), lambda have, times: have * times, initial=1.0))[
        1:
    ]


def decide(pairs: Sequence[str], planned: int) -> Decision:
    """After the verdicts of these pairs, of so many planned: go on, or stop.

    A pair that does not pass ends it: the worst verdict wins, so no later pair could make it a pass. A pair that
    is unknown counts as lost.
    """
    have = [1.0, *wealth([1 if status == "pass" else -1 for status in pairs])]
    spoiled = next((n for n, status in enumerate(pairs, start=1) if status != "pass"), None)
    if spoiled is not None:
        return Decision(
            False, have[-1], f"pair {spoiled} is {pairs[spoiled - 1]}, and the worst verdict wins"
        )
    proof = next((n for n, reached in enumerate(have) if reached >= PROOF), None)
    if proof is not None:
        return Decision(False, have[-1], f"{proof} pairs hold, which is proof enough")
    if len(pairs) >= planned:
        return Decision(False, have[-1], f"all {planned} planned pairs are done")
    return Decision(True, have[-1], f"{len(pairs)} of at most {planned} pairs hold so far")


def median_sequence(differences: Sequence[float]) -> tuple[float, float]:
    """Between which values the median difference lies, with 95 % for all moments at which one may stop.

    Unbounded on a side as long as there is no proof on it, so always with fewer than six differences.
    """
    ordered = sorted(differences)
    # the further out a value lies, the more differences lie inside: what is proved of one is proved of those beyond it
    below = bisect(ordered, False, key=lambda m: not _proved([1 if d >= m else -1 for d in differences]))
    above = bisect_left(ordered, True, key=lambda m: _proved([1 if d <= m else -1 for d in differences]))
    return (
        ordered[below - 1] if below else -math.inf,
        ordered[above] if above < len(ordered) else math.inf,
    )


def _proved(bets: Sequence[int]) -> bool:
    return max(wealth(bets), default=0.0) >= PROOF
