"""Waiting for something that others do."""

import time
from collections.abc import Callable

__all__ = ["eventually"]


def eventually(is_so: Callable[[], bool], within_s: float = 5.0) -> bool:
    """Whether it becomes so within the time; asked again and again."""
    given_up_at = time.monotonic() + within_s
    while time.monotonic() < given_up_at:
        if is_so():
            return True
        time.sleep(0.01)
    return is_so()
