"""Bulkhead: at most so many calls under way, and a short, bounded queue in front of them.

The queue is there for bursts of a few milliseconds, such as a pause of the process, not for overload: who
waits longer than `wait_s`, or would be one too many to wait, is told QUEUE_FULL at once.
"""

import asyncio

from chaosproof.demo.grpc.codes import Code
from chaosproof.demo.grpc.policies.call import Call, Outcome, Policy, Request

__all__ = ["bulkhead"]


def bulkhead(limit: int, *, queue: int = 0, wait_s: float = 0.0) -> Policy:
    """Let `limit` calls run and `queue` more wait, up to `wait_s` each, in order; refuse the rest."""

    def apply(inner: Call) -> Call:
        slots = asyncio.Semaphore(limit)
        waiting = 0

        async def slot_in_time() -> bool:
            nonlocal waiting
            if waiting >= queue:
                return False
            waiting += 1
            try:
                async with asyncio.timeout(wait_s):
                    return await slots.acquire()
            except TimeoutError:
                return False
            finally:
                waiting -= 1

        async def call(request: Request) -> Outcome:
            if slots.locked():
                if not await slot_in_time():
                    return Outcome(Code.QUEUE_FULL, attempts=0)
            else:
                await slots.acquire()
            try:
                return await inner(request)
            finally:
                slots.release()

        return call

    return apply
