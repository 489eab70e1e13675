"""Can this instance reach app-b? Asked all the time, not only when a user's request finds out.

Reachable, it asks over the pool's own channels: every now and then, and at once when a channel lost its
connection or a call came back UNAVAILABLE. Only when none of the channels answers is app-b out of reach: one
broken channel of several is the pool's business, and a full queue is not "cannot reach", because
grpc.health.v1 is answered beside the queue.

Out of reach, it dials a new connection every `retry_interval_s`. When one answers, the pool is renewed at
once, whatever gRPC's own backoff has come to; after `proofs` answers in a row app-b is reachable again.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass

from chaosproof.demo.grpc.policies.breaker import Breaker
from chaosproof.demo.grpc.pool import Pool

__all__ = ["Pace", "Reachability"]


@dataclass(frozen=True)
class Pace:
    """How often to ask and how long to wait, out of reach (`retry_*`) and in reach (`idle_*`)."""

    retry_interval_s: float
    retry_timeout_s: float
    idle_interval_s: float
    idle_timeout_s: float
    proofs: int
    grace_s: float


class Reachability:
    """The monitor of one pool. It holds the breaker while app-b is out of reach, and lets it close again."""

    def __init__(self, pool: Pool, breaker: Breaker, pace: Pace, on_change: Callable[[bool], None]) -> None:
        self._pool = pool
        self._breaker = breaker
        self._pace = pace
        self._on_change = on_change
        self._suspicion = asyncio.Event()

    def suspect(self) -> None:
        """Something points to app-b being out of reach: look now."""
        self._suspicion.set()

    async def run(self) -> None:
        """Watch until cancelled; at the start app-b is out of reach until it has answered."""
        while True:
            await self._until_reached()
            self._on_change(True)
            await self._until_lost()
            # The breaker first: no request may slip through to a dead channel from here on.
            self._breaker.hold()
            self._on_change(False)

    async def _until_reached(self) -> None:
        pace = self._pace
        proofs = 0
        while proofs < pace.proofs:
            if proofs == 0:
                answered = await self._pool.redial(pace.retry_timeout_s, pace.grace_s)
            else:
                answered = await self._pool.answers(pace.retry_timeout_s)
            self._breaker.probed(answered)
            proofs = proofs + 1 if answered else 0
            if not answered:
                await asyncio.sleep(pace.retry_interval_s)
        self._suspicion.clear()

    async def _until_lost(self) -> None:
        pace = self._pace
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pace.idle_interval_s):
                    await self._suspicion.wait()
            suspected = self._suspicion.is_set()
            self._suspicion.clear()
            if not await self._pool.answers(pace.idle_timeout_s):
                return
            if suspected:
                # A storm of suspicions must not become a storm of probes.
                await asyncio.sleep(pace.retry_interval_s)
