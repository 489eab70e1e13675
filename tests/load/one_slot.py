"""Requests through one slot of a pool, and what the ledger heard of them: no model, no folder."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

from chaosproof.load.connection_pool import ConnectionPool
from chaosproof.load.plan import Plan, plan_from_dict
from chaosproof.load.protocols.base import Driver
from chaosproof.load.protocols.registry import make_driver


@dataclass(frozen=True)
class Fate:
    seq: int
    due: float
    sent: float | None
    done: float
    status: int
    code: str
    instance: str
    attempts: int


@dataclass
class Ledger:
    fates: list[Fate] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, *row: Any) -> None:
        self.fates.append(Fate(*row))
        self.ended.set()


def plan_for(url: str, **settings: Any) -> Plan:
    return plan_from_dict({"url": url, "rate_rps": 10, "duration_s": 1, **settings})


class OneSlot:
    """Sends one request after the other on one connection."""

    def __init__(self, plan: Plan, driver: Driver | None = None) -> None:
        self.ledger = Ledger()
        self.pool = ConnectionPool(driver or make_driver(plan), 1, plan.timeout_s, self.ledger)
        self.slot = self.pool.slots[0]

    async def open(self) -> None:
        self.slot.open()
        await self.slot.opened()

    async def ask(self, seq: int = 0) -> Fate:
        self.ledger.ended.clear()
        self.slot.begin(seq, time.monotonic())
        async with asyncio.timeout(10):
            await self.ledger.ended.wait()
        return self.ledger.fates[-1]

    async def __aenter__(self) -> "OneSlot":
        return self

    async def __aexit__(self, *_: object) -> None:
        self.pool.close()
        await asyncio.sleep(0)
