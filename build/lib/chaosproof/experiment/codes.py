"""Which codes of requests an experiment is sure to have: a claim that none of the requests had a code that never was
holds of any system.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from chaosproof.experiment.claims import Claim, claims_of
from chaosproof.experiment.extension import extensions_of
from chaosproof.json_access import number, sequence, text

__all__ = ["code_of", "is_vouched_for", "vouched_codes"]

_HTTP = re.compile(r"HTTP_[1-5][0-9][0-9]")


def vouched_codes(content: Mapping[str, Any]) -> frozenset[str]:
    """The codes that the extension names under `codes`, and those of which another claim wants one at least: there a
    misspelt code is missed.
    """
    declared = {text(code) for item in extensions_of(content) for code in sequence(item.get("codes"))}
    return frozenset(declared | {*_wanted(content)})


def is_vouched_for(code: str, vouched: frozenset[str]) -> bool:
    """Whether the code is known without a request that had it."""
    return code in vouched or _HTTP.fullmatch(code) is not None


def code_of(figure: str) -> str:
    """The code that a figure counts; empty when it counts none."""
    return figure.rpartition(".codes.")[2] if ".codes." in figure else ""


def _wanted(content: Mapping[str, Any]) -> Iterator[str]:
    for section in ("checks", "compare"):
        for claim in claims_of(content, section):
            if not claim.mistake and _wants_some(claim):
                yield code_of(claim.figures[0])


def _wants_some(claim: Claim) -> bool:
    if claim.bound not in ("at_least", "between", "equals") or not code_of(claim.figures[0]):
        return False
    lowest = number(claim.value[0] if claim.bound == "between" else claim.value)
    return lowest is not None and lowest >= 1
