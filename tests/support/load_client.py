"""Requests over one connection of a pool, and their outcomes: no model, no folder."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

from chaosproof.load.connection_pool import ConnectionPool
from chaosproof.load.plan import Plan
from chaosproof.load.plan_reader import plan_from_dict
from chaosproof.load.protocols.registry import make_driver


@dataclass(frozen=True)
class Outcome:
    seq: int
    due: float
    sent: float | None
    done: float
    status: int
    code: str
    instance: str
    attempts: int


@dataclass
class OutcomeRecorder:
    outcomes: list[Outcome] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, *row: Any) -> None:
        self.outcomes.append(Outcome(*row))
        self.ended.set()


def plan_for(url: str, **settings: Any) -> Plan:
    return plan_from_dict({"url": url, "rate_rps": 10, "duration_s": 1, **settings})


class Client:
    """Sends one request after the other on one connection."""

    def __init__(self, plan: Plan) -> None:
        self._recorder = OutcomeRecorder()
        self.pool = ConnectionPool(make_driver(plan), 1, plan.timeout_s, self._recorder)
        self.connection = self.pool.connections[0]

    async def request(self, seq: int = 0) -> Outcome:
        self._recorder.ended.clear()
        self.connection.start_request(seq, time.monotonic())
        async with asyncio.timeout(10):
            await self._recorder.ended.wait()
        return self._recorder.outcomes[-1]

    async def __aenter__(self) -> "Client":
        return self

    async def __aexit__(self, *_: object) -> None:
        self.pool.close()
        await asyncio.sleep(0)
