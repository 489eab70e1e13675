"""A disturbance of app-b: strict in what it takes, gone when its time is over, accountable for what it met.

.venv/bin/python -m pytest tests/demo/test_grpc_disturbance.py
"""

import json
import time
from collections.abc import Callable

import grpc
import pytest
from grpc_program import Answer, Program

from chaosproof.demo.grpc.demo_pb2 import WorkRequest
from chaosproof.demo.grpc.demo_pb2_grpc import DemoServiceStub
from chaosproof.demo.grpc.disturbance import Disturbance, DisturbanceError, Disturbed, read_disturbance
from chaosproof.demo.grpc.worker import Conditions

StartB = Callable[..., Program]
USUAL = Conditions(delay_s=0.002, fail_ratio=0.0)


def test_a_disturbance_is_read() -> None:
    words = {"B_DELAY_MS": 200, "FAIL_RATE": 0.3, "duration_s": 60}
    assert read_disturbance(json.dumps(words)) == Disturbance(200, 0.3, 60.0)


def test_what_is_not_named_stays_as_it_is() -> None:
    slow = read_disturbance('{"B_DELAY_MS": 200, "duration_s": 1}').of(USUAL)
    failing = read_disturbance('{"FAIL_RATE": 1, "duration_s": 1}').of(USUAL)
    assert (slow, failing) == (Conditions(0.2, 0.0), Conditions(0.002, 1.0))


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ("", "not JSON"),
        ("[]", "no JSON object"),
        ("{}", "duration_s is missing"),
        ('{"B_DELAY_MS": 200}', "duration_s is missing"),
        ('{"duration_s": 60}', "nothing is to be disturbed"),
        ('{"B_DELAY_MS": 200, "duration_s": 0}', "duration_s is 0"),
        ('{"B_DELAY_MS": 200, "duration_s": 3601}', "duration_s is 3601"),
        ('{"B_DELAY_MS": 200, "duration_s": NaN}', "duration_s is NaN"),
        ('{"B_DELAY_MS": 200, "duration_s": "60"}', 'duration_s is "60"'),
        ('{"B_DELAY_MS": 200, "duration_s": true}', "duration_s is true"),
        ('{"B_DELAY_MS": 0.5, "duration_s": 60}', "B_DELAY_MS is 0.5"),
        ('{"B_DELAY_MS": -1, "duration_s": 60}', "B_DELAY_MS is -1"),
        ('{"B_DELAY_MS": null, "duration_s": 60}', "B_DELAY_MS is null"),
        ('{"FAIL_RATE": 1.1, "duration_s": 60}', "FAIL_RATE is 1.1"),
        ('{"FAIL_RATE": 0.3, "duration_s": 60, "FOREVER": 1}', "'FOREVER' is not known"),
        ('{"FAIL_RATE": 0.3, "FAIL_RATE": 0.1, "duration_s": 60}', "twice"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_a_wrong_disturbance_is_refused_and_named(body: str, named: str) -> None:
    with pytest.raises(DisturbanceError) as refusal:
        read_disturbance(body)
    assert named in str(refusal.value)
    assert str(refusal.value).endswith(".")


class Bench:
    """A `Disturbed` whose clock, timer and counters are the test's own."""

    class Timer:
        def __init__(self, delay_s: float, ring: Callable[[], None]) -> None:
            self.delay_s, self.ring, self.cancelled = delay_s, ring, False

        def cancel(self) -> None:
            self.cancelled = True

    def __init__(self) -> None:
        self.now_s = 100.0
        self.received = 7.0
        self.turns: list[bool] = []
        self.timers: list[Bench.Timer] = []
        self.disturbed = Disturbed(
            USUAL,
            counts=lambda: {"received": self.received},
            on_change=self.turns.append,
            call_later=self._call_later,
            clock=lambda: self.now_s,
            wall=lambda: 1_000.0,
        )

    def _call_later(self, delay_s: float, ring: Callable[[], None]) -> Timer:
        self.timers.append(Bench.Timer(delay_s, ring))
        return self.timers[-1]


def test_it_is_on_until_its_time_is_over_and_then_gone() -> None:
    bench = Bench()
    bench.disturbed.begin(Disturbance(200, None, 60.0))
    assert bench.disturbed.conditions() == Conditions(0.2, 0.0)
    assert bench.timers[0].delay_s == 60.0
    bench.now_s += 60
    bench.timers[0].ring()
    assert bench.disturbed.conditions() == USUAL
    assert bench.turns == [True, False]


def test_its_account_is_what_arrived_while_it_was_on() -> None:
    bench = Bench()
    bench.disturbed.begin(Disturbance(200, None, 60.0))
    bench.received += 5
    assert bench.disturbed.state()["account"] == {"received": 5}
    bench.now_s += 60
    bench.timers[0].ring()
    bench.received += 100
    state = bench.disturbed.state()
    assert (state["account"], state["lasted_s"], state["ended_by"]) == ({"received": 5}, 60.0, "clock")


def test_a_second_one_takes_the_place_of_the_first_with_a_time_of_its_own() -> None:
    bench = Bench()
    bench.disturbed.begin(Disturbance(200, None, 60.0))
    bench.received += 5
    bench.disturbed.begin(Disturbance(None, 0.5, 30.0))
    assert bench.timers[0].cancelled and not bench.timers[1].cancelled
    assert bench.disturbed.conditions() == Conditions(0.002, 0.5)
    assert bench.disturbed.state()["account"] == {"received": 0}


def test_ending_what_is_not_on_changes_nothing() -> None:
    bench = Bench()
    bench.disturbed.end(by="request")
    assert bench.turns == [] and bench.disturbed.state()["disturbance"] is None
    bench.disturbed.begin(Disturbance(200, None, 60.0))
    bench.disturbed.end(by="request")
    bench.disturbed.end(by="clock")
    assert bench.turns == [True, False] and bench.disturbed.state()["ended_by"] == "request"


def ask(app_b: Program, method: str, body: str | None = None) -> Answer:
    connection = app_b.connection()
    try:
        connection.request(method, "/disturb", body)
        response = connection.getresponse()
        return Answer(response.status, {}, response.read().decode())
    finally:
        connection.close()


def test_a_running_app_b_turns_slow_and_fails_and_is_itself_again_by_its_own_clock(start_b: StartB) -> None:
    app_b = start_b()
    with grpc.insecure_channel(f"127.0.0.1:{app_b.grpc_port}") as channel:
        work = DemoServiceStub(channel).Work
        assert work(WorkRequest(id="before"), timeout=15).latency_ms < 150
        state = ask(app_b, "PUT", '{"B_DELAY_MS": 150, "duration_s": 1}').json
        assert state["on"] and app_b.metric("b_disturbed") == 1
        assert work(WorkRequest(id="slow"), timeout=15).latency_ms >= 150
        ask(app_b, "PUT", '{"FAIL_RATE": 1, "duration_s": 1}')
        began = time.monotonic()
        with pytest.raises(grpc.RpcError) as failure:
            work(WorkRequest(id="failing"), timeout=15)
        assert failure.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        app_b.event("settled")
        assert time.monotonic() - began >= 0.9
        assert work(WorkRequest(id="failing"), timeout=15).ok
    assert app_b.metric("b_disturbed") == 0
    state = ask(app_b, "GET").json
    assert (state["on"], state["ended_by"]) == (False, "clock")
    account = state["account"]
    assert isinstance(account, dict) and (account["received"], account["rejected"]) == (1, 1)


def test_a_disturbance_can_be_ended_early_and_ending_it_twice_is_harmless(start_b: StartB) -> None:
    app_b = start_b()
    assert ask(app_b, "DELETE").json["on"] is False
    ask(app_b, "PUT", '{"FAIL_RATE": 1, "duration_s": 600}')
    assert [ask(app_b, "DELETE").json["ended_by"] for _ in range(2)] == ["request"] * 2
    with grpc.insecure_channel(f"127.0.0.1:{app_b.grpc_port}") as channel:
        assert DemoServiceStub(channel).Work(WorkRequest(id="x"), timeout=15).ok


def test_a_wrong_body_is_answered_with_400_and_changes_nothing(start_b: StartB) -> None:
    app_b = start_b()
    for body in ('{"FAIL_RATE": 2, "duration_s": 1}', "\udcff".encode(errors="surrogateescape")):
        answer = ask(app_b, "PUT", body)  # type: ignore[arg-type]
        assert answer.status == 400 and answer.json["error"]
    assert ask(app_b, "GET").json["on"] is False
