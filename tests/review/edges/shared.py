"""What several edges are made of."""

from collections.abc import Callable
from typing import Any

from tests.review.journals import action, entry, honest, met, probe, state
from tests.review.spoilt import (
    ASK,
    OK,
    Content,
    asked,
    ran,
)

__all__ = [
    "CHAOSK8S",
    "CURL",
    "DISK",
    "DONE",
    "OLD",
    "SHARE",
    "cached",
    "during",
    "file_probe",
    "slow",
    "whole",
    "with_during",
]

SHARE = probe()
FILE = probe("file", 0, type="process", path="test", arguments="-f /run/a.pid")
DISK = probe("disk", True, type="python", module="os.path", func="exists", arguments={"path": "/run/a.pid"})
CURL = probe("curl", 0, type="process", path="/usr/bin/curl", arguments=["-f", "http://127.0.0.1/"])
CHAOSK8S = action("pods", type="python", module="chaosk8s.pod.actions", func="delete_pods")
DONE = {"status": 0, "stdout": "", "stderr": ""}
OLD = "2026-11-28T10:40:00Z"


def file_probe(**provider: Any) -> Callable[[], Content]:
    return asked(met(probe("p", 0, **provider), 0, DONE), met(SHARE, 8))


def slow(before_s: float, after_s: float, declared: Content = ASK, **more: Any) -> Callable[[], Content]:
    return asked(
        met(declared, 0, OK, before_s), met(declared, 8, OK, after_s, **more), entry(action(), 1), during(2)
    )


def during(at_s: float) -> Content:
    """A look at the system in the method, so that it was asked for more than once."""
    return entry(probe("share", None), at_s, 0.01)


def cached(*more: Content) -> Callable[[], Content]:
    """A cached answer behind the others of the hypothesis."""
    first = met(ASK, 0, {**OK, "body": {"checked_at": OLD}})
    return lambda: ran(
        entry(action(), 1), during(2), before=state(first), after=state(*more, {**first, "start": _at(8)})
    )()


def _at(at_s: int) -> str:
    return f"2026-11-28T10:40:{at_s:02}+00:00"


def with_during(make: Callable[[], Content]) -> Callable[[], Content]:
    def also() -> Content:
        content = make()
        content["steady_states"]["during"] = [state(met(SHARE, 1.1), met(SHARE, 1.5))]
        return content

    return also


def whole(**top: Any) -> Callable[[], Content]:
    return lambda: {**honest(), **top}
