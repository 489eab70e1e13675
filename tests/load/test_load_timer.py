"""The timer expires once for each setting, never early, and with the last setting only."""

import asyncio
import time

from chaosproof.load.timer import Timer


def expiries(run, delays_s: list[float], listen_s: float) -> list[float]:
    """Set the alarm to each of the delays, one right after the other; how long after the start it expired."""

    async def test() -> list[float]:
        seen: list[float] = []
        start = time.monotonic()
        clock = Timer(asyncio.get_running_loop(), lambda: seen.append(time.monotonic() - start))
        for delay_s in delays_s:
            clock.set(start + delay_s)
        await asyncio.sleep(listen_s)
        clock.close()
        clock.close()
        return seen

    return run(test)


def test_a_timer_expires_once_and_not_early(run):
    seen = expiries(run, [0.02], 0.08)
    assert len(seen) == 1
    assert seen[0] >= 0.02


def test_the_timer_is_never_early(run):
    assert all(expiries(run, [0.002], 0.02)[0] >= 0.002 for _ in range(10))


def test_an_instant_that_has_passed_expires_at_once(run):
    assert len(expiries(run, [-5], 0.02)) == 1


def test_a_later_setting_replaces_an_earlier_one(run):
    seen = expiries(run, [0.01, 0.03], 0.08)
    assert len(seen) == 1
    assert seen[0] >= 0.03


def test_a_closed_timer_is_silent(run):
    async def test() -> list[int]:
        seen: list[int] = []
        clock = Timer(asyncio.get_running_loop(), lambda: seen.append(1))
        clock.set(time.monotonic() + 0.01)
        clock.close()
        await asyncio.sleep(0.03)
        return seen

    assert run(test) == []
