"""Retry: another attempt for what may pass by itself, after a random pause.

It stands outside the breaker, so that each attempt asks the breaker and each is counted by it: a circuit
that opens ends the retries of everyone at once. What a policy answered (QUEUE_FULL, CIRCUIT_OPEN) is never
retried, nor is a deadline, whose budget is gone. The pause is drawn evenly from 0 to the doubled backoff:
this "full jitter" spreads the retries of many callers best (Brooker, "Exponential Backoff And Jitter").
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from chaosproof.demo.grpc.codes import Code
from chaosproof.demo.grpc.policies.call import Call, Outcome, Policy, Request

__all__ = ["RETRIED", "retry"]

RETRIED = frozenset({Code.BACKEND_ERROR, Code.UNAVAILABLE})


def retry(
    attempts: int,
    *,
    backoff_s: float,
    backoff_max_s: float,
    budget_s: float | None,
    clock: Callable[[], float],
    sleep: Callable[[float], Awaitable[object]],
    uniform: Callable[[float, float], float],
) -> Policy:
    """At most `attempts` in all; none begins later than `budget_s` after the logical call (None: no limit).

    `sleep(seconds)` and `uniform(low, high)` are asyncio's and random's, or a test's.
    """

    def apply(inner: Call) -> Call:
        async def call(request: Request) -> Outcome:
            outcome = await inner(request)
            for retries in range(attempts - 1):
                if outcome.code not in RETRIED:
                    break
                pause_s = uniform(0.0, min(backoff_max_s, backoff_s * 2**retries))
                if budget_s is not None and clock() + pause_s >= request.started_at + budget_s:
                    break
                await sleep(pause_s)
                latest = await inner(request)
                outcome = replace(latest, attempts=outcome.attempts + latest.attempts)
            return outcome

        return call

    return apply
