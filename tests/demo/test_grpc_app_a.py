"""app-a as a real program, before a real app-b: its answers, its policies, its readiness, its end.

.venv/bin/python -m pytest tests/demo/test_grpc_app_a.py
"""

import signal
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from grpc_program import Answer, Program

StartA = StartB = Callable[..., Program]
ROOT = Path(__file__).parents[2]

METRICS = [
    "a_downstream_latency_seconds_count",
    'a_downstream_requests_total{code="SUCCESS"}',
    'a_downstream_requests_total{code="CIRCUIT_OPEN"}',
    'a_downstream_attempts_total{code="UNAVAILABLE"}',
    "a_downstream_inflight",
    "a_breaker_state",
    'a_breaker_transitions_total{from="closed",to="open"}',
    'a_breaker_transitions_total{from="half_open",to="closed"}',
    "a_channel_pool_size",
    "a_ready",
]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def together(app_a: Program, calls: int) -> list[Answer]:
    with ThreadPoolExecutor(calls) as pool:
        return list(pool.map(lambda _: app_a.work(), range(calls)))


# --- answers


def test_a_request_is_one_call_and_says_so(start_a: StartA, start_b: StartB) -> None:
    app_b = start_b(B_DELAY_MS="20")
    app_a = start_a(app_b.grpc_port, CHANNEL_POOL_SIZE="4")
    answer = app_a.work()
    assert answer.status == 200
    assert answer.json.keys() == {"ok", "code", "latencyMs"}
    assert (answer.json["ok"], answer.code) == (True, "SUCCESS")
    assert float(str(answer.json["latencyMs"])) >= 20
    assert (answer.headers["x-instance"], answer.headers["x-attempts"]) == ("app-a-0", "1")
    assert not answer.closes
    assert app_b.metric("b_requests_received_total") == 1
    for name in METRICS:
        app_a.metric(name)
    assert app_a.metric("a_channel_pool_size") == 4
    assert app_a.metric('a_downstream_requests_total{code="SUCCESS"}') == 1
    assert app_a.get("/healthz").status == app_a.get("/readyz").status == 200


def test_a_backend_error_is_retried_twice_and_then_told(start_a: StartA, start_b: StartB) -> None:
    app_b = start_b(FAIL_RATE="1")
    app_a = start_a(app_b.grpc_port)
    answer = app_a.work()
    assert (answer.status, answer.code, answer.headers["x-attempts"]) == (500, "BACKEND_ERROR", "3")
    assert app_b.metric("b_requests_received_total") == 3
    assert app_a.metric('a_downstream_requests_total{code="BACKEND_ERROR"}') == 1
    assert app_a.metric('a_downstream_attempts_total{code="BACKEND_ERROR"}') == 3


def test_without_retry_there_is_one_attempt(start_a: StartA, start_b: StartB) -> None:
    answer = start_a(start_b(FAIL_RATE="1").grpc_port, RETRY_ENABLED="false").work()
    assert (answer.status, answer.code, answer.headers["x-attempts"]) == (500, "BACKEND_ERROR", "1")


def test_backend_errors_do_not_open_the_breaker(start_a: StartA, start_b: StartB) -> None:
    app_a = start_a(start_b(FAIL_RATE="1").grpc_port, RETRY_BACKOFF_MS="0")
    assert {app_a.work().code for _ in range(10)} == {"BACKEND_ERROR"}
    assert app_a.metric("a_breaker_state") == 0


# --- policies


def test_the_deadline_ends_a_slow_call(start_a: StartA, start_b: StartB) -> None:
    answer = start_a(start_b(B_DELAY_MS="5000").grpc_port, DEADLINE_MS="100").work()
    assert (answer.status, answer.code, answer.headers["x-attempts"]) == (504, "DEADLINE_EXCEEDED", "1")
    assert 100 <= float(str(answer.json["latencyMs"])) < 5000


def test_the_bulkhead_refuses_what_is_too_much(start_a: StartA, start_b: StartB) -> None:
    app_b = start_b(B_DELAY_MS="300")
    app_a = start_a(app_b.grpc_port, MAX_INFLIGHT="2", MAX_QUEUE="0", DEADLINE_MS="5000")
    answers = together(app_a, 6)
    assert sorted(str(answer.code) for answer in answers) == ["QUEUE_FULL"] * 4 + ["SUCCESS"] * 2
    for answer in answers:
        assert answer.closes == (answer.code == "QUEUE_FULL")
        assert answer.status == (503 if answer.code == "QUEUE_FULL" else 200)
    assert app_b.metric("b_requests_received_total") == 2


def test_a_slow_app_b_opens_the_breaker_and_leaves_the_instance_ready(
    start_a: StartA, start_b: StartB
) -> None:
    slow = {"DEADLINE_MS": "50", "BREAKER_OPEN_MS": "400", "IDLE_PROBE_INTERVAL_MS": "50"}
    app_a = start_a(start_b(B_DELAY_MS="5000").grpc_port, **slow)
    assert {answer.code for answer in together(app_a, 10)} == {"DEADLINE_EXCEEDED"}
    refused = app_a.work()
    assert (refused.status, refused.code, refused.headers["x-attempts"]) == (503, "CIRCUIT_OPEN", "0")
    assert refused.closes
    assert app_a.metric("a_breaker_state") == 2
    assert app_a.metric('a_breaker_transitions_total{from="closed",to="open"}') == 1
    # By the time it half-opens the monitor has looked several times.
    while app_a.work().code == "CIRCUIT_OPEN":
        assert app_a.get("/readyz").status == 200
    app_a.signal(signal.SIGTERM)
    app_a.event("stopped")
    assert "not_ready" not in [line["event"] for line in app_a.log]


# --- readiness


def test_an_instance_is_not_ready_before_it_reached_app_b(start_a: StartA, start_b: StartB) -> None:
    port = free_port()
    app_a = start_a(port, ready=False)
    assert app_a.get("/readyz").status == 503
    assert app_a.get("/healthz").status == 200
    start_b(GRPC_PORT=str(port))
    app_a.event("ready")
    assert app_a.get("/readyz").status == 200
    assert app_a.metric('a_breaker_transitions_total{from="closed",to="open"}') == 0


def test_a_dead_app_b_makes_it_not_ready_and_its_return_ready_within_a_second(
    start_a: StartA, start_b: StartB
) -> None:
    app_b = start_b()
    app_a = start_a(app_b.grpc_port, CHANNEL_POOL_SIZE="4")
    app_b.signal(signal.SIGKILL)
    app_a.event("not_ready")
    answer = app_a.work()
    assert (answer.status, answer.code, answer.closes) == (503, "CIRCUIT_OPEN", True)
    assert app_a.get("/readyz").status == 503
    assert app_a.metric("a_breaker_state") == 2
    back = start_b(GRPC_PORT=str(app_b.grpc_port)).log[-1]
    ready = app_a.event("ready")
    assert float(str(ready["at"])) - float(str(back["at"])) < 1.0
    assert app_a.work().code == "SUCCESS"
    assert app_a.metric("a_breaker_state") == 0


def test_an_idle_instance_notices_that_a_connection_is_dead(start_a: StartA, start_b: StartB) -> None:
    app_b = start_b()
    app_a = start_a(app_b.grpc_port, IDLE_PROBE_TIMEOUT_MS="300")
    app_b.signal(signal.SIGSTOP)  # the kernel goes on to acknowledge what it gets
    app_a.event("not_ready")
    app_b.signal(signal.SIGCONT)
    app_a.event("ready")


def test_not_ready_it_closes_the_connections_that_are_idle(start_a: StartA, start_b: StartB) -> None:
    app_b = start_b()
    app_a = start_a(app_b.grpc_port)
    idle = app_a.connection()
    assert app_a.get("/api/work", idle).code == "SUCCESS"
    app_b.signal(signal.SIGKILL)
    assert idle.sock is not None
    assert idle.sock.recv(1) == b""
    assert app_a.event("not_ready")
    idle.close()


def test_not_ready_it_lets_a_request_under_way_end(start_a: StartA, start_b: StartB) -> None:
    app_b = start_b(B_DELAY_MS="700")
    app_a = start_a(app_b.grpc_port, DEADLINE_MS="3000", IDLE_PROBE_TIMEOUT_MS="100", RETRY_ENABLED="false")
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(app_a.work)
        while app_a.metric("a_downstream_inflight") == 0:
            pass
        app_b.signal(signal.SIGSTOP)
        app_a.event("not_ready")
        app_b.signal(signal.SIGCONT)
        assert answer.result().code == "SUCCESS"


def test_a_baseline_is_ready_whatever_happens(start_a: StartA) -> None:
    app_a = start_a(free_port(), RESILIENCE_ENABLED="false", RETRY_ENABLED="false")
    connection = app_a.connection()
    answers = [app_a.get("/api/work", connection) for _ in range(20)]
    assert {(answer.status, answer.code) for answer in answers} == {(503, "UNAVAILABLE")}
    assert {answer.headers["x-attempts"] for answer in answers} == {"1"}
    assert not any(answer.closes for answer in answers)
    assert app_a.get("/readyz").status == 200
    assert app_a.metric("a_breaker_state") == 0
    connection.close()


def test_a_baseline_with_retry_has_the_retry_and_nothing_else(start_a: StartA, start_b: StartB) -> None:
    app_b = start_b(FAIL_RATE="1")
    app_a = start_a(app_b.grpc_port, RESILIENCE_ENABLED="false", RETRY_ENABLED="true", MAX_INFLIGHT="1")
    answers = together(app_a, 12)
    assert {(answer.code, answer.headers["x-attempts"]) for answer in answers} == {("BACKEND_ERROR", "3")}
    assert app_b.metric("b_requests_received_total") == 36


def test_a_baseline_waits_as_long_as_it_takes(start_a: StartA, start_b: StartB) -> None:
    app_a = start_a(
        start_b(B_DELAY_MS="300").grpc_port,
        RESILIENCE_ENABLED="false",
        RETRY_ENABLED="false",
        DEADLINE_MS="50",
        MAX_INFLIGHT="1",
    )
    assert [answer.code for answer in together(app_a, 3)] == ["SUCCESS"] * 3


# --- the end


def test_sigterm_lets_the_request_under_way_end(start_a: StartA, start_b: StartB) -> None:
    app_b = start_b(B_DELAY_MS="400")
    app_a = start_a(app_b.grpc_port, DEADLINE_MS="5000")
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(app_a.work)
        while app_b.metric("b_busy") == 0:
            pass
        app_a.signal(signal.SIGTERM)
        assert answer.result().code == "SUCCESS"
        assert answer.result().closes
    assert app_a.exit_code() == 0
    app_a.event("stopped")


def test_draining_it_is_not_ready_and_still_there(start_a: StartA, start_b: StartB) -> None:
    app_a = start_a(start_b().grpc_port, DRAIN_DELAY_MS="500")
    app_a.signal(signal.SIGTERM)
    app_a.event("draining")
    assert app_a.get("/readyz").status == 503
    assert app_a.work().code == "SUCCESS"
    assert app_a.exit_code() == 0


@pytest.mark.parametrize("module", ["chaosproof.demo.grpc.app_a", "chaosproof.demo.grpc.app_b"])
def test_a_wrong_setting_ends_it_with_one_sentence(module: str, programs: list[Program]) -> None:
    program = Program(module, {"HTTP_PORT": "eighty"}, cwd=ROOT)
    programs.append(program)
    assert program.exit_code() == 64
    assert program.process.stderr is not None
    assert program.process.stderr.read() == "HTTP_PORT='eighty' is not a whole number from 0 to 65535.\n"


def test_a_taken_port_ends_it_with_one_sentence(programs: list[Program]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        program = Program("chaosproof.demo.grpc.app_a", {"HTTP_PORT": str(other.getsockname()[1])}, cwd=ROOT)
        programs.append(program)
        assert program.exit_code() == 1
    assert program.process.stderr is not None
    assert program.process.stderr.read().startswith("Cannot serve: Address already in use")
