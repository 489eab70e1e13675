"""The request to end a load early, and waiting that ends with it."""

import asyncio
from typing import Any

__all__ = ["Cancellation", "wait_for_either"]


class Cancellation:
    """A request to end a load early; may be made at any time, from the loop. The second request does not wait."""

    def __init__(self) -> None:
        self.reason: str | None = None
        self.requested = asyncio.Event()
        self.immediate = asyncio.Event()

    def cancel(self, reason: str) -> None:
        """End the load; `reason` is what load-done.json will name as its `stopped_by`."""
        if self.reason is not None:
            self.immediate.set()
        else:
            self.reason = reason
            self.requested.set()


async def wait_for_either(
    work: "asyncio.Future[Any]", event: asyncio.Event, timeout_s: float | None = None
) -> None:
    """Wait for the work's end, for the event, or for the timeout; the work goes on in any case."""
    event_set = asyncio.ensure_future(event.wait())
    both: set[asyncio.Future[Any]] = {work, event_set}
    await asyncio.wait(both, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    event_set.cancel()
