"""Two JSON documents, value by value: where they differ, and which of that another version may have figured otherwise.

What a version may do otherwise is a short list of keys: how requests are divided into windows, how recovery,
percentiles and intervals are computed. Verdicts, counts of requests, instants and names are not among them.
"""

import json
from collections.abc import Iterator
from typing import Any, Final

from chaosproof.pack.differences.base import Difference, short

__all__ = ["ABSENT", "Leaf", "leaf_in_words", "leaves", "value_differences"]

_SHOWN_MAX = 5
_FIGURES = frozenset(
    ("windows", "recovery", "recovery_s", "ready_s", "peak", "interval", "unavailable_on_hit_instance")
)
_FIGURE_UNITS = ("_ms", "_ms_by_code", "_rps")
# sections that another version may lay out otherwise, labels and all
_COMPUTED = frozenset(("effects", "sequential"))
# of timeline.json, which holds little but figures, what the ledger and the plan say
_OF_THE_LEDGER = frozenset({"faults", "schema_version", "start_at", "end_at"})
_OF_A_VERDICT = frozenset({"verdict", "gate_pass", "status", "score", "checks", "schema_version"})


class _Absent:
    """Stands for a key that a document does not have."""


ABSENT: Final = _Absent()
Leaf = tuple[tuple[str | int, ...], Any, Any]
"""The keys that lead to a place, and what either document has there."""


def leaves(stated: Any, now: Any, keys: tuple[str | int, ...] = ()) -> Iterator[Leaf]:
    """Every place in which two documents differ, in the order of `now`; of lists that are not of one length, last the
    lengths.
    """
    if isinstance(stated, dict) and isinstance(now, dict):
        for key in [*now, *(key for key in stated if key not in now)]:
            yield from leaves(stated.get(key, ABSENT), now.get(key, ABSENT), (*keys, key))
    elif isinstance(stated, list) and isinstance(now, list):
        for place, (a, b) in enumerate(zip(stated, now, strict=False)):
            yield from leaves(a, b, (*keys, place))
        if len(stated) != len(now):
            yield (*keys, "length"), len(stated), len(now)
    elif type(stated) is not type(now) or stated != now:
        yield keys, stated, now


def leaf_in_words(leaf: Leaf) -> str:
    """A place in which the documents differ, in words."""
    keys, was, now = leaf
    path = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys).lstrip(".")
    if was is ABSENT:
        return f"{path} is not there, and the files lead to {short(now)}"
    if now is ABSENT:
        return f"{path} is {short(was)}, and nothing leads to it"
    return f"{path or 'its text'} is {short(was)}, and the files lead to {short(now)}"


def value_differences(name: str, there: str, content: str, *, of_a_run: bool) -> Iterator[Difference]:
    """Where the document `there` of another version is not as this one makes it, `content`.

    A different figure or sentence is marked `by_version` or `only_words`; so is, in a document `of_a_run`, how many
    checks there are: the rows themselves are held one by one. Anything else is a difference.
    """
    try:
        stated = json.loads(there, object_pairs_hook=_no_key_twice)
    except (ValueError, RecursionError) as error:
        twice = isinstance(error, _KeyTwice)
        yield Difference(name, str(error) if twice else "it is not whole JSON")
        return
    figures: list[str] = []
    sentences: list[str] = []
    for leaf in leaves(stated, json.loads(content)):
        if _is_sentence(leaf):
            sentences.append(leaf_in_words(leaf))
        elif _is_figure(name.rpartition("/")[2], leaf, of_a_run):
            figures.append(leaf_in_words(leaf))
        else:
            yield Difference(name, leaf_in_words(leaf))
            return
    if sentences:
        yield Difference(name, _several(sentences, "sentences"), only_words=True)
    if figures:
        yield Difference(name, _several(figures, "figures"), by_version=True)
    if not sentences and not figures:
        yield Difference(name, "it is written otherwise, and says the same", only_words=True)


class _KeyTwice(ValueError):
    """A document says two things under one key."""


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        twice = next(key for key, _ in pairs if sum(other == key for other, _ in pairs) > 1)
        raise _KeyTwice(f"it has the key {twice[:60]!r} twice")
    return document


def _several(messages: list[str], what: str) -> str:
    more = f"; and {len(messages) - _SHOWN_MAX} more {what}" if len(messages) > _SHOWN_MAX else ""
    return "; ".join(messages[:_SHOWN_MAX]) + more


def _is_sentence(leaf: Leaf) -> bool:
    return all(isinstance(value, str) and " " in value for value in leaf[1:])


def _is_figure(file: str, leaf: Leaf, of_a_run: bool) -> bool:
    keys, *values = leaf
    names = [key for key in keys if isinstance(key, str)]
    if any(value is ABSENT for value in values):
        # one version writes what another does not
        return not _OF_A_VERDICT.intersection(names)
    if _COMPUTED.intersection(names):
        return True
    if file == "timeline.json":
        return not _OF_THE_LEDGER.intersection(names)
    if not all(_is_number(value) for value in values):
        return False
    if of_a_run and "checks" in names:
        return True
    return bool(_FIGURES.intersection(names)) or any(name.endswith(_FIGURE_UNITS) for name in names)


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))
