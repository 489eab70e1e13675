"""meta/: what its files say of each other, of the runs, and of the form in which this version writes them.

Where a pack was made is in no raw file: beyond that, the hash alone holds environment.json and packages.txt.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chaosproof.json_access import mapping
from chaosproof.pack.differences.base import Difference
from chaosproof.pack.documents.environment import CI_VARIABLES, environment_text
from chaosproof.pack.gate.readiness import CLOCK_SLACK_S, span
from chaosproof.pack.judged import JudgedRun
from chaosproof.pack.pack import Pack

__all__ = ["META", "META_FILES", "clock_notes", "meta_differences"]

META = "meta/pack.json"
_ENVIRONMENT = "meta/environment.json"
_PACKAGES = "meta/packages.txt"
META_FILES = (META, _ENVIRONMENT, _PACKAGES)

_FACTS = frozenset(
    {"chaosproof", "python", "kernel", "machine", "system", "processors", "commit", "dirty", "versions", "ci"}
)
_PACKAGE = re.compile(r"(\S+)==(\S+)")
# Python and this project are named by their own; they may run from where no package says so
_NO_PACKAGES = ("chaosproof", "python")


def meta_differences(pack: Pack, texts: Mapping[str, str]) -> Iterator[Difference]:
    """Where the files below meta/, by name in `texts`, cannot be those with which the pack was made.

    Another version may write other keys: those are `by_version`.
    """
    if texts[META] != pack.meta.as_text():
        yield Difference(META, "it holds more or other than a pack's meta/pack.json does", by_version=True)
    yield from _of_the_runs(pack)
    if _ENVIRONMENT not in texts or _PACKAGES not in texts:
        yield from (
            Difference(name, "it is missing") for name in (_ENVIRONMENT, _PACKAGES) if name not in texts
        )
        return
    try:
        facts = mapping(json.loads(texts[_ENVIRONMENT]))
    except (ValueError, RecursionError):
        yield Difference(_ENVIRONMENT, "it is not whole JSON")
        return
    yield from _of_the_environment(facts, texts[_ENVIRONMENT], pack.meta.chaosproof)
    yield from _of_the_packages(mapping(facts.get("versions")), texts[_PACKAGES].splitlines())


def clock_notes(pack: Pack) -> list[str]:
    """Where the pack says that it was made before a run in it ended: a clock was wrong, or the hour is made up. No raw
    file tells which, and the gate asks by the clock of who asks it.
    """
    return [
        f"{META}: made_at is {span((run.ended_at or 0.0) - pack.meta.made_at)} before the end of {run.place}, which "
        "is in the pack: a clock was wrong"
        for run in pack.judged.runs
        if _ended_after(run, pack.meta.made_at)
    ]


def _of_the_runs(pack: Pack) -> Iterator[Difference]:
    compared = {comparison.experiment for comparison in pack.judged.comparisons}
    for experiment in pack.meta.planned:
        if experiment not in compared:
            yield Difference(META, f"planned names {experiment[:60]!r}, of which the pack has no comparison")


def _ended_after(run: JudgedRun, made_at: float) -> bool:
    return run.ended_at is not None and run.ended_at - made_at > CLOCK_SLACK_S


def _of_the_environment(facts: Mapping[str, Any], text: str, version: str) -> Iterator[Difference]:
    if not facts:
        # by who makes a pack without saying where
        return
    for key in facts:
        if key not in _FACTS:
            yield Difference(_ENVIRONMENT, f"it has {key[:60]!r}, which no pack says", by_version=True)
    for key in mapping(facts.get("ci")):
        if key not in CI_VARIABLES:
            yield Difference(_ENVIRONMENT, f"ci has {key[:60]!r}, which no pack says", by_version=True)
    versions = mapping(facts.get("versions"))
    for where, stated, other, now in (
        ("chaosproof", facts.get("chaosproof"), META, version),
        ("versions.chaosproof", versions.get("chaosproof"), META, version),
        ("versions.python", versions.get("python"), "python", facts.get("python")),
    ):
        if stated != now:
            yield Difference(
                _ENVIRONMENT, f"{where} is {str(stated)[:60]!r}, and {other} says {str(now)[:60]!r}"
            )
    if text != environment_text(facts):
        yield Difference(_ENVIRONMENT, "it is not written as a pack writes it", by_version=True)


def _of_the_packages(versions: Mapping[str, Any], lines: Sequence[str]) -> Iterator[Difference]:
    packages: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        package = _PACKAGE.fullmatch(line)
        if package is None:
            yield Difference(_PACKAGES, f"line {number}, {line[:60]!r}, is no NAME==VERSION")
            return
        packages[package[1].lower()] = package[2]
    if list(lines) != sorted(lines, key=str.lower):
        yield Difference(_PACKAGES, "its lines are not sorted by name", by_version=True)
    for name, version in versions.items():
        known = packages.get(name.lower())
        if known is not None and name not in _NO_PACKAGES and known != version:
            yield Difference(_PACKAGES, f"{name} is {known}, and {_ENVIRONMENT} says {str(version)[:60]}")
