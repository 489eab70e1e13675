"""What the policies guard: a call takes a request and always returns an outcome; failure is a value, too."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from chaosproof.demo.grpc.codes import Code

__all__ = ["Call", "Outcome", "Policy", "Request", "guarded"]


@dataclass(frozen=True, slots=True)
class Request:
    """One logical call. Its retries share `id` and `started_at` (monotonic seconds): one budget for all."""

    id: str
    started_at: float
    timeout_s: float | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it ended, after how many attempts that left this process (0: a policy answered)."""

    code: Code
    attempts: int


Call = Callable[[Request], Awaitable[Outcome]]
Policy = Callable[[Call], Call]


def guarded(call: Call, *policies: Policy) -> Call:
    """`call` behind `policies`; the first named is the outermost, asked first."""
    for policy in reversed(policies):
        call = policy(call)
    return call
