"""The policies of app-a as pure units: time, pauses and chance are arguments.

.venv/bin/python -m pytest tests/demo/test_grpc_policies.py
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

import pytest

from chaosproof.demo.grpc.codes import Code
from chaosproof.demo.grpc.policies import Call, Outcome, Policy, Request, guarded
from chaosproof.demo.grpc.policies.breaker import Breaker, State
from chaosproof.demo.grpc.policies.bulkhead import bulkhead
from chaosproof.demo.grpc.policies.deadline import deadline
from chaosproof.demo.grpc.policies.retry import retry

REQUEST = Request(id="r", started_at=0.0)


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0
        self.slept_s: list[float] = []

    def __call__(self) -> float:
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        self.slept_s.append(seconds)
        self.now_s += seconds


class Downstream:
    """Answers with the given codes in turn, the last one for ever, and remembers what it was asked."""

    def __init__(self, *codes: Code) -> None:
        self.codes = list(codes)
        self.seen: list[Request] = []

    async def __call__(self, request: Request) -> Outcome:
        self.seen.append(request)
        code = self.codes.pop(0) if len(self.codes) > 1 else self.codes[0]
        return Outcome(code, attempts=1)


def outcome(call: Call, request: Request = REQUEST) -> Outcome:
    async def ask() -> Outcome:
        return await call(request)

    return asyncio.run(ask())


def codes(call: Call, times: int) -> list[Code]:
    return [outcome(call).code for _ in range(times)]


# --- retry


def retrying(clock: Clock, *, budget_s: float | None = None, jitter: float = 1.0) -> Policy:
    return retry(
        3,
        backoff_s=0.02,
        backoff_max_s=0.03,
        budget_s=budget_s,
        clock=clock,
        sleep=clock.sleep,
        uniform=lambda low, high: low + jitter * (high - low),
    )


@pytest.mark.parametrize("code", [Code.BACKEND_ERROR, Code.UNAVAILABLE])
def test_a_transient_failure_is_tried_three_times_with_the_same_id(code: Code) -> None:
    downstream = Downstream(code)
    assert outcome(retrying(Clock())(downstream)) == Outcome(code, attempts=3)
    assert [request.id for request in downstream.seen] == ["r", "r", "r"]


def test_retry_stops_at_the_first_success() -> None:
    downstream = Downstream(Code.BACKEND_ERROR, Code.SUCCESS)
    assert outcome(retrying(Clock())(downstream)) == Outcome(Code.SUCCESS, attempts=2)


@pytest.mark.parametrize("code", sorted(set(Code) - {Code.BACKEND_ERROR, Code.UNAVAILABLE}))
def test_nothing_else_is_retried(code: Code) -> None:
    downstream = Downstream(code)
    assert outcome(retrying(Clock())(downstream)).code is code
    assert len(downstream.seen) == 1


def test_a_protection_answer_to_a_retry_ends_the_retries() -> None:
    downstream = Downstream(Code.BACKEND_ERROR, Code.CIRCUIT_OPEN, Code.SUCCESS)
    assert outcome(retrying(Clock())(downstream)).code is Code.CIRCUIT_OPEN


def test_backoff_doubles_up_to_its_ceiling() -> None:
    clock = Clock()
    outcome(retrying(clock)(Downstream(Code.UNAVAILABLE)))
    assert clock.slept_s == [0.02, 0.03]


def test_jitter_reaches_down_to_no_pause_at_all() -> None:
    clock = Clock()
    outcome(retrying(clock, jitter=0.0)(Downstream(Code.UNAVAILABLE)))
    assert clock.slept_s == [0.0, 0.0]


def test_no_retry_begins_after_the_deadline() -> None:
    downstream = Downstream(Code.UNAVAILABLE)
    assert outcome(retrying(Clock(), budget_s=0.04)(downstream)).code is Code.UNAVAILABLE
    assert len(downstream.seen) == 2


# --- deadline


def test_an_attempt_gets_what_is_left_of_the_budget() -> None:
    clock, downstream = Clock(), Downstream(Code.SUCCESS)
    clock.now_s = 0.3
    outcome(deadline(0.8, clock=clock)(downstream))
    assert downstream.seen[0].timeout_s == pytest.approx(0.5)


def test_with_nothing_left_there_is_no_attempt() -> None:
    clock, downstream = Clock(), Downstream(Code.SUCCESS)
    clock.now_s = 0.8
    assert outcome(deadline(0.8, clock=clock)(downstream)) == Outcome(Code.DEADLINE_EXCEEDED, attempts=0)
    assert downstream.seen == []


# --- bulkhead


class Gate:
    """A downstream that answers when it is opened."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.inside = self.most = 0

    async def __call__(self, request: Request) -> Outcome:
        self.inside += 1
        self.most = max(self.most, self.inside)
        await self.open.wait()
        self.inside -= 1
        return Outcome(Code.SUCCESS, attempts=1)


def through(
    policy: Policy, calls: int, before_opening: Callable[[], Awaitable[None]] | None = None
) -> tuple[list[Code], int]:
    """The codes of `calls` made together against a gate that opens later, and the most that were inside."""

    async def run() -> tuple[list[Code], int]:
        gate = Gate()
        call = policy(gate)
        tasks = [asyncio.ensure_future(call(REQUEST)) for _ in range(calls)]
        await asyncio.sleep(0)
        if before_opening:
            await before_opening()
        gate.open.set()
        return [(await task).code for task in tasks], gate.most

    return asyncio.run(run())


def test_a_full_bulkhead_refuses() -> None:
    answers, most = through(bulkhead(2), calls=3)
    assert answers == [Code.SUCCESS, Code.SUCCESS, Code.QUEUE_FULL]
    assert most == 2


def test_the_queue_takes_a_short_burst() -> None:
    answers, most = through(bulkhead(2, queue=1, wait_s=10), calls=4)
    assert answers == [Code.SUCCESS, Code.SUCCESS, Code.SUCCESS, Code.QUEUE_FULL]
    assert most == 2


def test_who_waits_too_long_in_the_queue_is_refused() -> None:
    policy = bulkhead(1, queue=1, wait_s=0.01)
    answers, _ = through(policy, calls=2, before_opening=lambda: asyncio.sleep(0.05))
    assert answers == [Code.SUCCESS, Code.QUEUE_FULL]


def test_a_call_that_is_abandoned_gives_its_place_back() -> None:
    async def run() -> Code:
        gate = Gate()
        call = bulkhead(1)(gate)
        first = asyncio.ensure_future(call(REQUEST))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        gate.open.set()
        return (await call(REQUEST)).code

    assert asyncio.run(run()) is Code.SUCCESS


# --- breaker


class Watched:
    """A breaker with its clock and the transitions that it told."""

    def __init__(self, window: int = 10, probes: int = 3) -> None:
        self.clock = Clock()
        self.turns: list[tuple[State, State]] = []
        self.breaker = Breaker(
            window=window,
            failure_ratio=0.5,
            open_s=5.0,
            probes=probes,
            clock=self.clock,
            on_transition=lambda old, new: self.turns.append((old, new)),
        )

    def after(self, sequence: Iterable[Code]) -> State:
        outcomes = list(sequence)
        codes(self.breaker.apply(Downstream(*outcomes)), len(outcomes))
        return self.breaker.state


S, U, D, E = Code.SUCCESS, Code.UNAVAILABLE, Code.DEADLINE_EXCEEDED, Code.BACKEND_ERROR


def test_half_failed_calls_of_a_full_window_open_it() -> None:
    assert Watched().after([S] * 5 + [D] * 5) is State.OPEN


def test_fewer_failures_do_not() -> None:
    assert Watched().after([S] * 6 + [U] * 4) is State.CLOSED


def test_a_window_that_is_not_full_does_not() -> None:
    assert Watched().after([U] * 9) is State.CLOSED


def test_the_window_slides() -> None:
    assert Watched().after([S] * 20 + [U] * 4) is State.CLOSED
    assert Watched().after([S] * 20 + [U] * 5) is State.OPEN


def test_backend_errors_and_full_queues_are_not_counted() -> None:
    assert Watched().after([E] * 100) is State.CLOSED
    assert Watched().after([Code.QUEUE_FULL] * 100) is State.CLOSED
    # Neither do they push failures out of the window.
    assert Watched().after([U] * 5 + [E] * 100 + [S] * 5) is State.OPEN


def test_open_it_calls_nobody_for_its_time() -> None:
    watched, downstream = Watched(), Downstream(S)
    watched.after([U] * 10)
    watched.clock.now_s = 4.999
    assert outcome(watched.breaker.apply(downstream)) == Outcome(Code.CIRCUIT_OPEN, attempts=0)
    assert downstream.seen == []


def test_three_probes_that_succeed_close_it() -> None:
    watched = Watched()
    watched.after([U] * 10)
    watched.clock.now_s = 5.0
    assert watched.after([S, S]) is State.HALF_OPEN
    assert watched.after([S]) is State.CLOSED
    assert watched.turns == [
        (State.CLOSED, State.OPEN),
        (State.OPEN, State.HALF_OPEN),
        (State.HALF_OPEN, State.CLOSED),
    ]


def test_the_first_probe_that_fails_opens_it_for_another_full_time() -> None:
    watched = Watched()
    watched.after([U] * 10)
    watched.clock.now_s = 6.0
    assert watched.after([S, D]) is State.OPEN
    watched.clock.now_s = 10.9
    assert watched.after([S]) is State.OPEN
    watched.clock.now_s = 11.0
    assert watched.after([S]) is State.HALF_OPEN


def test_a_probe_that_tells_nothing_gives_its_place_to_another() -> None:
    watched = Watched()
    watched.after([U] * 10)
    watched.clock.now_s = 5.0
    assert watched.after([E, E, E, E, S, S, S]) is State.CLOSED


def test_half_open_it_lets_no_more_than_the_probes_through() -> None:
    async def run() -> tuple[list[Code], int]:
        watched, gate = Watched(), Gate()
        watched.breaker.hold()  # from within a running loop: `after` runs its own
        for _ in range(3):
            watched.breaker.probed(True)
        failing = watched.breaker.apply(Downstream(U))
        for _ in range(10):
            await failing(REQUEST)
        watched.clock.now_s = 5.0
        call = watched.breaker.apply(gate)
        tasks = [asyncio.ensure_future(call(REQUEST)) for _ in range(5)]
        await asyncio.sleep(0)
        gate.open.set()
        return [(await task).code for task in tasks], gate.most

    assert asyncio.run(run()) == ([S, S, S, Code.CIRCUIT_OPEN, Code.CIRCUIT_OPEN], 3)


def test_a_call_from_before_a_transition_does_not_count_after_it() -> None:
    async def run() -> State:
        watched, gate = Watched(), Gate()
        late = asyncio.ensure_future(watched.breaker.apply(gate)(REQUEST))
        await asyncio.sleep(0)
        watched.breaker.hold()
        watched.breaker.probed(True)
        watched.breaker.probed(True)
        gate.open.set()
        await late
        return watched.breaker.state

    assert asyncio.run(run()) is State.HALF_OPEN


def test_held_it_stays_open_however_long_it_takes() -> None:
    watched = Watched()
    watched.breaker.hold()
    watched.clock.now_s = 3600.0
    assert watched.after([S]) is State.OPEN


def test_held_it_closes_after_three_background_probes_in_a_row() -> None:
    watched = Watched()
    watched.breaker.hold()
    for ok in (True, True, False, True, True):
        watched.breaker.probed(ok)
    assert watched.breaker.state is State.HALF_OPEN
    watched.breaker.probed(True)
    assert watched.breaker.state is State.CLOSED


def test_background_probes_do_not_shorten_an_opening_for_overload() -> None:
    watched = Watched()
    watched.after([D] * 10)
    for _ in range(3):
        watched.breaker.probed(True)
    assert watched.breaker.state is State.OPEN


# --- together


def test_the_first_policy_named_is_asked_first() -> None:
    order: list[str] = []

    def named(name: str) -> Policy:
        def apply(inner: Call) -> Call:
            async def call(request: Request) -> Outcome:
                order.append(name)
                return await inner(request)

            return call

        return apply

    outcome(guarded(Downstream(S), named("breaker"), named("bulkhead")))
    assert order == ["breaker", "bulkhead"]


def test_an_opening_circuit_ends_the_retries_of_the_call_that_opened_it() -> None:
    watched, downstream = Watched(window=2), Downstream(U)
    call = guarded(downstream, retrying(Clock()), watched.breaker.apply)
    assert outcome(call) == Outcome(Code.CIRCUIT_OPEN, attempts=2)
    assert len(downstream.seen) == 2
