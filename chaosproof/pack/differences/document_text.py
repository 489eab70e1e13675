"""One document of a pack against the same document made again from the raw files.

By the version that made the pack it is equal, byte for byte. By another it may hold other sentences, and other figures
of what is computed; what it says beyond that is the same, or it is a difference.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import replace

from chaosproof.errors import ChaosproofError
from chaosproof.pack.differences.base import Difference
from chaosproof.pack.differences.check_rows import row_differences
from chaosproof.pack.differences.json_values import leaf_in_words, leaves, value_differences
from chaosproof.pack.differences.pages import page_differences, shown_otherwise
from chaosproof.runfolder.checks import CHECKS, parse_checks

__all__ = ["document_differences"]

_AROUND = 40
_CASE = re.compile(r"<testcase [^>]*?\bname=\"([^\"]*)\"[^>]*>\s*<(failure|error|skipped|system-out)\b")


def document_differences(
    name: str, there: str, content: str, *, other_version: bool, of_a_run: bool = False
) -> list[Difference]:
    """Where the file `name`, which holds `there`, is not as the raw files lead to: `content`, whose hash is another.

    `other_version` tells that another version of chaosproof wrote it; `of_a_run` that it lies in the folder of a run,
    which may have been judged by a version that knew other checks.
    """
    if not other_version:
        return [_first_difference(name, there, content)]
    if name.endswith(".html"):
        return list(page_differences(name, there, content))
    if name.endswith((".json", ".sarif")):
        return list(value_differences(name, there, content, of_a_run=of_a_run))
    if name.endswith(".xml"):
        return [_junit_difference(name, there, content, of_a_run)]
    return list(_table_differences(name, there, content, of_a_run))


def _first_difference(name: str, there: str, content: str) -> Difference:
    """In words: the first row, the first key of a JSON document, the verdict of a page, else the first line."""
    if name.endswith(CHECKS):
        rows = list(_table_differences(name, there, content, of_a_run=False))
        first = next((row for row in rows if not row.only_words), next(iter(rows), None))
        return replace(first, only_words=False) if first else _first_line(name, there, content)
    if name.endswith(".html"):
        shown = shown_otherwise(there, content)
        return Difference(name, shown) if shown else _first_line(name, there, content)
    if not name.endswith((".json", ".sarif")):
        return _first_line(name, there, content)
    try:
        stated = json.loads(there)
    except (ValueError, RecursionError):
        return Difference(name, "it is not whole JSON")
    leaf = next(leaves(stated, json.loads(content)), None)
    return Difference(name, leaf_in_words(leaf)) if leaf else _first_line(name, there, content)


def _first_line(name: str, there: str, content: str) -> Difference:
    """The first line that differs, and what it has from just before the place where it does."""
    pairs = enumerate(zip(there.split("\n"), content.split("\n"), strict=False), start=1)
    line, stated, now = next(
        ((number, stated, now) for number, (stated, now) in pairs if stated != now), (0, "", "")
    )
    if there == content:
        return Difference(name, "its line ends, or its bytes, are not those that the files lead to")
    if not line:
        which = "shorter" if len(there) < len(content) else "longer"
        return Difference(name, f"it is {which} than what the files lead to")
    place = next((n for n, (a, b) in enumerate(zip(stated, now, strict=False)) if a != b), 0)
    begin = max(0, place - _AROUND // 2)
    was, is_now = (text[begin : begin + _AROUND] for text in (stated, now))
    return Difference(name, f"line {line} has {was!r}, and the files lead to {is_now!r}")


def _table_differences(name: str, there: str, content: str, of_a_run: bool) -> Iterator[Difference]:
    try:
        stated, now = ({check.id for check in parse_checks(text)} for text in (there, content))
        differences = row_differences(name, there, parse_checks(content))
    except ChaosproofError as error:
        yield Difference(name, str(error).removeprefix(f"{CHECKS}: "))
        return
    for difference in differences:
        id = difference.place.rpartition(", ")[2]
        # a check that one of the two versions does not have, in a run that was judged by the other
        yield replace(difference, by_version=of_a_run and (id in stated) != (id in now))


def _junit_difference(name: str, there: str, content: str, of_a_run: bool) -> Difference:
    """The elements, names and counts are the same, or it is a difference; in a run, the outcome of each check that both
    versions have.
    """
    first = _first_line(name, there, content)
    if _elements(there) == _elements(content):
        return replace(first, only_words=True)
    stated, now = dict(_CASE.findall(there)), dict(_CASE.findall(content))
    if of_a_run and stated.keys() != now.keys():
        shared = stated.keys() & now.keys()
        return replace(first, by_version=all(stated[id] == now[id] for id in shared))
    return first


def _elements(junit: str) -> list[str]:
    pattern = r"<[!?/]?[\w-]*|\b(?:name|classname|tests|failures|errors|skipped)=\"[^\"]*\""
    return re.findall(pattern, re.sub(r"message=\"[^\"]*\"", "", junit))
