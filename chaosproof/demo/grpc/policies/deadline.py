"""Deadline: no call lives longer than its budget, counted from when the logical call began.

The budget is handed to gRPC as the attempt's timeout, which tells the server as well, so that it drops what
nobody waits for any more. Time spent in retries and in the bulkhead's queue comes out of the same budget.
"""

from collections.abc import Callable
from dataclasses import replace

from chaosproof.demo.grpc.codes import Code
from chaosproof.demo.grpc.policies.call import Call, Outcome, Policy, Request

__all__ = ["deadline"]


def deadline(budget_s: float, *, clock: Callable[[], float]) -> Policy:
    """Give each attempt what is left of `budget_s`; with nothing left, DEADLINE_EXCEEDED without a call."""

    def apply(inner: Call) -> Call:
        async def call(request: Request) -> Outcome:
            left_s = request.started_at + budget_s - clock()
            if left_s <= 0:
                return Outcome(Code.DEADLINE_EXCEEDED, attempts=0)
            return await inner(replace(request, timeout_s=left_s))

        return call

    return apply
