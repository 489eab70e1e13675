"""The wish to end a load early, and waiting that heeds it."""

import asyncio
from typing import Any

__all__ = ["Cancellation", "first_of"]


class Cancellation:
    """A wish to end a load early; safe to utter at any time, from the loop. The second wish does not wait."""

    def __init__(self) -> None:
        self.reason: str | None = None
        self.asked = asyncio.Event()
        self.at_once = asyncio.Event()

    def ask(self, reason: str) -> None:
        """End the load; `reason` is the word that load-done.json will have for it."""
        if self.reason is not None:
            self.at_once.set()
        else:
            self.reason = reason
            self.asked.set()


async def first_of(work: "asyncio.Future[Any]", event: asyncio.Event, timeout_s: float | None = None) -> None:
    """Wait for the work's end, for the event, or for the timeout; the work goes on in any case."""
    happened = asyncio.ensure_future(event.wait())
    waited_for: set[asyncio.Future[Any]] = {work, happened}
    await asyncio.wait(waited_for, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    happened.cancel()
