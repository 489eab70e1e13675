"""Breaker: stop calling what does not answer, and find out cheaply when it does again.

Closed, it watches the last `window` calls; once that many are known and `failure_ratio` of them failed, it
opens. Open, it refuses for `open_s`, then lets `probes` calls through (half-open): all must succeed to close
it, the first failure opens it again.

What counts: DEADLINE_EXCEEDED, UNAVAILABLE and UNKNOWN are failures, SUCCESS is a success. BACKEND_ERROR is
neither: app-b answered, quickly, that this one request failed, which the retry absorbs; it says nothing of
whether app-b can carry load. The answers of inner policies (QUEUE_FULL) and abandoned calls are not counted.

`hold` is for who knows better than the window, here the reachability monitor: a broken transport keeps the
breaker open without a timer, and successful background probes take the place of the half-open ones, so that
it closes as soon as the transport is back and not up to `open_s` later. An opening for overload is never
shortened so: then the monitor does not hold it.
"""

from collections import deque
from collections.abc import Callable
from enum import IntEnum

from chaosproof.demo.grpc.codes import Code
from chaosproof.demo.grpc.policies.call import Call, Outcome, Request

__all__ = ["Breaker", "State"]

_FAILURES = frozenset({Code.DEADLINE_EXCEEDED, Code.UNAVAILABLE, Code.UNKNOWN})


class State(IntEnum):
    """The values of the metric `a_breaker_state`."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


class Breaker:
    """One breaker for one downstream; `apply` is its policy. Not for use from several threads."""

    def __init__(
        self,
        *,
        window: int,
        failure_ratio: float,
        open_s: float,
        probes: int,
        clock: Callable[[], float],
        on_transition: Callable[[State, State], None] = lambda old, new: None,
    ) -> None:
        self._failure_ratio = failure_ratio
        self._open_s = open_s
        self._probes = probes
        self._clock = clock
        self._on_transition = on_transition
        self._failed: deque[bool] = deque(maxlen=window)
        self._state = State.CLOSED
        self._held = False
        self._opened_at = 0.0
        self._era = 0
        self._probes_out = 0
        self._probes_passed = 0

    @property
    def state(self) -> State:
        """As of the last call: an open breaker turns half-open when it is next asked, not by itself."""
        return self._state

    def apply(self, inner: Call) -> Call:
        """The policy: `inner`, or CIRCUIT_OPEN in its place."""

        async def call(request: Request) -> Outcome:
            if not self._admit():
                return Outcome(Code.CIRCUIT_OPEN, attempts=0)
            era = self._era
            failed: bool | None = None
            try:
                outcome = await inner(request)
                failed = _verdict(outcome.code)
                return outcome
            finally:
                # A call that began before the last transition says nothing about the time after it.
                if era == self._era:
                    self._record(failed)

        return call

    def hold(self) -> None:
        """Open now and stay open until `probed(True)` was called `probes` times in a row."""
        self._held = True
        if self._state is not State.OPEN:
            self._turn(State.OPEN)

    def probed(self, ok: bool) -> None:
        """Tell the result of a background probe; without a `hold` it changes nothing."""
        if not self._held:
            return
        if not ok:
            if self._state is State.HALF_OPEN:
                self._turn(State.OPEN)
            return
        if self._state is State.OPEN:
            self._turn(State.HALF_OPEN)
        self._probes_passed += 1
        if self._probes_passed >= self._probes:
            self._held = False
            self._turn(State.CLOSED)

    def _admit(self) -> bool:
        if self._state is State.CLOSED:
            return True
        if self._held:
            return False
        if self._state is State.OPEN:
            if self._clock() - self._opened_at < self._open_s:
                return False
            self._turn(State.HALF_OPEN)
        if self._probes_out + self._probes_passed >= self._probes:
            return False
        self._probes_out += 1
        return True

    def _record(self, failed: bool | None) -> None:
        if self._state is State.HALF_OPEN:
            self._probes_out -= 1
            if failed:
                self._turn(State.OPEN)
            elif failed is False:
                self._probes_passed += 1
                if self._probes_passed >= self._probes:
                    self._turn(State.CLOSED)
        elif failed is not None:
            self._failed.append(failed)
            full = len(self._failed) == self._failed.maxlen
            if full and sum(self._failed) >= self._failure_ratio * len(self._failed):
                self._turn(State.OPEN)

    def _turn(self, new: State) -> None:
        old, self._state = self._state, new
        self._era += 1
        self._failed.clear()
        self._probes_out = self._probes_passed = 0
        if new is State.OPEN:
            self._opened_at = self._clock()
        self._on_transition(old, new)


def _verdict(code: Code) -> bool | None:
    """Whether a call failed in the breaker's sense; None says nothing either way."""
    if code in _FAILURES:
        return True
    return False if code is Code.SUCCESS else None
