"""The worker of app-b as a unit: its memory, with a clock of the test's own."""

import asyncio

from prometheus_client import CollectorRegistry

from chaosproof.demo.grpc.metrics import WorkerMetrics
from chaosproof.demo.grpc.worker import Conditions, Worker


class Bench:
    def __init__(self) -> None:
        self.now_s = 0.0
        self.registry = CollectorRegistry()
        self.worker = Worker(
            conditions=lambda: Conditions(delay_s=0.0, fail_ratio=0.0),
            ttl_s=30.0,
            metrics=WorkerMetrics(self.registry),
            random=lambda: 0.5,
            clock=lambda: self.now_s,
        )

    def completed(self) -> float | None:
        return self.registry.get_sample_value("b_requests_completed_total")


def test_an_id_is_remembered_for_its_time_and_then_forgotten() -> None:
    async def run() -> list[float | None]:
        bench = Bench()
        completed = []
        for at_s in (0.0, 29.9, 30.0):
            bench.now_s = at_s
            await bench.worker.work("x")
            completed.append(bench.completed())
        return completed

    assert asyncio.run(run()) == [1.0, 1.0, 2.0]


def test_one_who_gives_up_does_not_end_the_work_another_waits_for() -> None:
    async def run() -> float | None:
        bench = Bench()
        first, second, third = (
            asyncio.ensure_future(bench.worker.work(id)) for id in ("ahead", "shared", "shared")
        )
        await asyncio.sleep(0)
        second.cancel()
        await asyncio.gather(first, third)
        return bench.completed()

    assert asyncio.run(run()) == 2.0


def test_an_abandoned_id_can_be_asked_for_again() -> None:
    async def run() -> float | None:
        bench = Bench()
        first, second = (asyncio.ensure_future(bench.worker.work(id)) for id in ("ahead", "x"))
        await asyncio.sleep(0)
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)
        await bench.worker.work("x")
        await first
        return bench.completed()

    assert asyncio.run(run()) == 2.0
