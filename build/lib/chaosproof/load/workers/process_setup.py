"""The settings of a process that sends load: its event loop, its garbage collection, its limit of open files."""

import asyncio
import gc
import resource
from collections.abc import Callable

from chaosproof.errors import ChaosproofError

__all__ = ["keep_garbage_collection_short", "loop_factory", "raise_file_limit"]

_OTHER_FILES = 64


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop where it is installed, since it halves the cost of a request; else None for asyncio's own."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def keep_garbage_collection_short() -> None:
    """Make collections rare and short: what lives now lives to the end, and requests make no cycles."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def raise_file_limit(connections: int) -> None:
    """Raise the soft limit of open files so that `connections` sockets can be open at once; `ChaosproofError` where
    the hard limit is too low.
    """
    needed = connections + _OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise ChaosproofError(
            f"{connections} connections need {needed} open files, and this process may have {hard}: "
            f"raise the limit (ulimit -Hn {needed}) or ask for fewer connections"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
