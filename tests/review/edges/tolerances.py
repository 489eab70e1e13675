"""Tolerances that no output misses, or nearly none."""

from collections.abc import Callable, Iterator

from tests.review.edges.shared import DISK, DONE, SHARE, file_probe
from tests.review.journals import met, probe
from tests.review.spoilt import OK, Content, asked

__all__ = ["tolerances"]


def tolerances() -> Iterator[tuple[str, set[str], Callable[[], Content]]]:
    """What no output misses, or nearly none."""
    yield "a file by a function", {"only-a-file"}, asked(met(DISK, 0, True), met(SHARE, 8))
    for arguments in (["-c", "test -e /run/a.pid"], "-c '[ -f /run/a.pid ]'"):
        yield (
            f"a file by a shell {arguments}",
            {"only-a-file"} if isinstance(arguments, list) else set(),
            file_probe(type="process", path="/bin/sh", arguments=arguments),
        )
    yield (
        "a file by a list",
        {"only-a-file"},
        file_probe(type="process", path="/bin/test", arguments=["-s", "/run/a.pid"]),
    )
    yield (
        "a file by brackets",
        {"only-a-file"},
        file_probe(type="process", path="[", arguments="-r /run/a.pid ]"),
    )
    yield (
        "a file that is read",
        {"only-a-file"},
        file_probe(type="process", path="cat", arguments="/run/a.pid"),
    )
    yield "a folder's content", set(), file_probe(type="process", path="ls", arguments="-l /run")
    yield (
        "another test than for a file",
        set(),
        file_probe(type="process", path="test", arguments="-x /run/a"),
    )
    yield (
        "two tests in one",
        set(),
        file_probe(type="process", path="test", arguments="-f /run/a -a -f /run/b"),
    )
    yield (
        "a program that always ends with 0",
        {"cannot-miss"},
        file_probe(type="process", path="/bin/echo", arguments="up"),
    )
    yield (
        "the same, asked for 1",
        set(),
        asked(met(probe("p", 1, type="process", path="/bin/echo"), 0, DONE), met(SHARE, 8)),
    )
    yield (
        "a range to infinity",
        {"cannot-miss"},
        asked(met(probe("n", {"type": "range", "range": [0, 1e300]}), 0), met(SHARE, 8)),
    )
    yield "a range of truths", set(), asked(met(probe("n", [False, True]), 0, True), met(SHARE, 8))
    yield (
        "a jsonpath with a variable",
        set(),
        asked(met(probe("p", {"type": "jsonpath", "path": "$[?(@.a==${n})]"}), 0, OK), met(SHARE, 8)),
    )
