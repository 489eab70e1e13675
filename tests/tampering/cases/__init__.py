"""The table: every tampering case at its level."""

from tests.tampering.case import Case, cases_of
from tests.tampering.cases import activities, claims, fault, load, made, packs, pairs, session

__all__ = ["MADE", "PACKS", "PAIRS", "RECORDED"]

MADE: tuple[Case, ...] = tuple(cases_of("run", made.CASES))
RECORDED: tuple[Case, ...] = tuple(
    case
    for table in (load.CASES, fault.CASES, session.CASES, activities.CASES, claims.CASES)
    for case in cases_of("run", table)
)
PAIRS: tuple[Case, ...] = tuple(cases_of("pair", pairs.CASES))
PACKS: tuple[Case, ...] = tuple(cases_of("pack", packs.CASES))
