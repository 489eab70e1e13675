"""Requests over one connection of a pool, and their outcomes: no model, no folder."""

import asyncio
import time
from typing import Any

from chaosproof.load.connection_pool import ConnectionPool
from chaosproof.load.outcome import Outcome
from chaosproof.load.plan import Plan
from chaosproof.load.plan_reader import plan_from_dict
from chaosproof.load.protocols.registry import make_driver


def plan_for(url: str, **settings: Any) -> Plan:
    return plan_from_dict({"url": url, "rate_rps": 10, "duration_s": 1, **settings})


class Client:
    """Sends one request after the other on one connection."""

    def __init__(self, plan: Plan) -> None:
        self._outcomes: asyncio.Queue[Outcome] = asyncio.Queue()
        self.pool = ConnectionPool(make_driver(plan), 1, plan.timeout_s, self._outcomes.put_nowait)
        self.connection = self.pool.connections[0]

    async def request(self, seq: int = 0) -> Outcome:
        self.connection.start_request(seq, time.monotonic())
        async with asyncio.timeout(10):
            return await self._outcomes.get()

    async def __aenter__(self) -> "Client":
        return self

    async def __aexit__(self, *_: object) -> None:
        self.pool.close()
        await asyncio.sleep(0)


def outcome_at(run, url: str, **settings) -> Outcome:
    """The outcome of one request to a url; `run` is the fixture."""

    async def test() -> Outcome:
        async with Client(plan_for(url, **settings)) as client:
            return await client.request()

    return run(test)
