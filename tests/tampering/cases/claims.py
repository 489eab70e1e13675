"""Tampering with what is claimed of a run: claims that nothing can miss, or that are never asked."""

from collections.abc import Callable
from typing import Any

from tests.support.recorded_runs import Folder
from tests.tampering.case import UNKNOWN, Table

__all__ = ["CASES"]


def _extension(change: Callable[[Any], object]) -> Callable[[Folder], None]:
    return lambda folder: folder.change("journal.json", lambda j: change(j["experiment"]["extensions"][0]))


def _claim(id: str, **changes: Any) -> Callable[[Folder], None]:
    def change(extension: Any) -> None:
        next(claim for claim in extension["checks"] if claim["id"] == id).update(changes)

    return _extension(change)


def _of_other_mode(extension: Any) -> None:
    for claim in extension["checks"]:
        claim["modes"] = ["baseline"]
    extension["compare"] = []


CASES: Table = {
    "S4_USERS": {
        "a claim has a bound that nothing can miss": (UNKNOWN, _claim("S4_USERS", at_most=5)),
        "a claim is about a setting": (UNKNOWN, _claim("S4_USERS", figure="variables.rate_rps")),
    },
    "S4_UNAVAILABLE": {
        "the code of a claim is misspelt, and has a default": (
            UNKNOWN,
            _claim("S4_UNAVAILABLE", figure="load.codes.UNAVAILIBLE"),
        ),
    },
    "SYS_CLAIMS": {
        "every claim is of another mode": (UNKNOWN, _extension(_of_other_mode)),
        "nothing is claimed": (UNKNOWN, _extension(lambda e: e.update(checks=[], compare=[]))),
    },
}
