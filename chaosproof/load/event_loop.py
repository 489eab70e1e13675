"""The event loop of a load, and the settings of the process around it."""

import asyncio
import gc
from collections.abc import Callable

__all__ = ["keep_garbage_collection_short", "loop_factory"]


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop where it is installed, since it halves the cost of a request; else None for asyncio's own."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def keep_garbage_collection_short() -> None:
    """What lives now lives to the end, and requests make no cycles: collections are made rare and short."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
