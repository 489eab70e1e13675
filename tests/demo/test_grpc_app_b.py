"""app-b as a real program: one worker, idempotent, with its health and its figures.

.venv/bin/python -m pytest tests/demo/test_grpc_app_b.py
"""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_program import Program

from chaosproof.demo.grpc.demo_pb2 import WorkReply, WorkRequest
from chaosproof.demo.grpc.demo_pb2_grpc import DemoServiceStub

StartB = Callable[..., Program]
ROOT = Path(__file__).parents[2]

METRICS = [
    "b_busy",
    "b_queue_length",
    "b_requests_received_total",
    "b_requests_started_total",
    "b_requests_completed_total",
    "b_requests_duplicate_total",
    'b_requests_failed_total{reason="injected"}',
    'b_requests_failed_total{reason="abandoned"}',
    "b_queue_wait_seconds_count",
    "b_processing_seconds_count",
    "process_cpu_seconds_total",
]


@contextmanager
def channel_to(app_b: Program, **options: int) -> Iterator[grpc.Channel]:
    arguments = [("grpc.use_local_subchannel_pool", 1), *options.items()]
    with grpc.insecure_channel(f"127.0.0.1:{app_b.grpc_port}", options=arguments) as channel:
        yield channel


def work(channel: grpc.Channel, id: str, timeout_s: float = 15.0) -> WorkReply:
    reply: WorkReply = DemoServiceStub(channel).Work(WorkRequest(id=id), timeout=timeout_s)
    return reply


def test_work_is_answered_and_measured(start_b: StartB) -> None:
    app_b = start_b(B_DELAY_MS="20")
    with channel_to(app_b) as channel:
        reply = work(channel, "x")
    assert (reply.ok, reply.code) == (True, "SUCCESS")
    assert reply.latency_ms >= 20
    for name in METRICS:
        app_b.metric(name)
    assert app_b.metric("b_requests_completed_total") == 1
    assert app_b.metric("b_processing_seconds_sum") >= 0.02


def test_a_repeated_id_is_answered_without_new_work(start_b: StartB) -> None:
    app_b = start_b()
    with channel_to(app_b) as channel:
        assert [work(channel, "x").ok, work(channel, "x").ok, work(channel, "y").ok] == [True] * 3
    assert app_b.metric("b_requests_received_total") == 3
    assert app_b.metric("b_requests_completed_total") == 2
    assert app_b.metric("b_requests_duplicate_total") == 1


def test_the_ids_of_the_work_done_are_told_each_as_often_as_it_was_done(start_b: StartB) -> None:
    app_b = start_b(IDEMPOTENCY_TTL_MS="1")
    with channel_to(app_b) as channel:
        for id in ("x", "y"):
            assert work(channel, id).ok
        while app_b.metric("b_requests_completed_total") < 3:  # forgotten after a millisecond, so done again
            assert work(channel, "x").ok
    assert app_b.get("/executed").body.split() == ["x", "y", "x"]


def test_a_repeated_id_joins_the_work_under_way(start_b: StartB) -> None:
    app_b = start_b(B_DELAY_MS="200")
    with channel_to(app_b) as channel:
        calls = [DemoServiceStub(channel).Work.future(WorkRequest(id="x"), timeout=15) for _ in range(3)]
        assert all(call.result().ok for call in calls)
    assert app_b.metric("b_requests_started_total") == 1
    assert app_b.metric("b_requests_duplicate_total") == 2


def test_there_is_one_worker_and_the_wait_for_it_shows(start_b: StartB) -> None:
    """The delay is long beside what a busy machine puts between two of the calls."""
    app_b = start_b(B_DELAY_MS="500")
    began_at = time.monotonic()
    with channel_to(app_b) as channel:
        calls = [DemoServiceStub(channel).Work.future(WorkRequest(id=str(n)), timeout=15) for n in range(4)]
        slowest_ms = max(call.result().latency_ms for call in calls)
    assert time.monotonic() - began_at >= 4 * 0.5
    assert slowest_ms >= 4 * 500 * 0.9
    assert app_b.metric("b_queue_wait_seconds_sum") >= (1 + 2 + 3) * 0.5 * 0.9


def test_an_injected_failure_comes_before_the_line_and_is_not_remembered(start_b: StartB) -> None:
    app_b = start_b(FAIL_RATE="1")
    with channel_to(app_b) as channel:
        for _ in range(2):
            with pytest.raises(grpc.RpcError) as failure:
                work(channel, "x")
            assert failure.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert app_b.metric('b_requests_failed_total{reason="injected"}') == 2
    assert app_b.metric("b_requests_started_total") == 0
    assert app_b.metric("b_requests_duplicate_total") == 0


def test_who_gives_up_in_line_leaves_it(start_b: StartB) -> None:
    app_b = start_b(B_DELAY_MS="800")
    with channel_to(app_b) as channel:
        first = DemoServiceStub(channel).Work.future(WorkRequest(id="first"), timeout=15)
        while app_b.metric("b_busy") == 0:
            pass
        with pytest.raises(grpc.RpcError) as failure:
            work(channel, "impatient", timeout_s=0.1)
        assert failure.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert first.result().ok
        assert work(channel, "last").ok
    assert app_b.metric("b_requests_started_total") == 2
    assert app_b.metric('b_requests_failed_total{reason="abandoned"}') == 1


def test_work_that_has_begun_is_finished_and_remembered_when_its_caller_gave_up(start_b: StartB) -> None:
    app_b = start_b(B_DELAY_MS="300")
    with channel_to(app_b) as channel:
        with pytest.raises(grpc.RpcError):
            work(channel, "x", timeout_s=0.1)
        assert work(channel, "x").ok
    assert app_b.metric("b_requests_completed_total") == 1
    assert app_b.metric("b_requests_duplicate_total") == 1


def test_a_request_without_an_id_is_refused(start_b: StartB) -> None:
    with channel_to(start_b()) as channel, pytest.raises(grpc.RpcError) as failure:
        work(channel, "")
    assert failure.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_health_is_told_for_the_service_and_for_the_whole(start_b: StartB) -> None:
    with channel_to(start_b()) as channel:
        check = health_pb2_grpc.HealthStub(channel).Check
        for service in ("", "demo.v1.DemoService"):
            reply = check(health_pb2.HealthCheckRequest(service=service), timeout=15)
            assert reply.status == health_pb2.HealthCheckResponse.SERVING
        with pytest.raises(grpc.RpcError) as failure:
            check(health_pb2.HealthCheckRequest(service="another"), timeout=15)
    assert failure.value.code() is grpc.StatusCode.NOT_FOUND


def test_fast_keepalives_are_permitted(start_b: StartB) -> None:
    lost = threading.Event()

    def watch(state: grpc.ChannelConnectivity) -> None:
        if ready.is_set() and state is not grpc.ChannelConnectivity.READY:
            lost.set()
        if state is grpc.ChannelConnectivity.READY:
            ready.set()

    ready = threading.Event()
    pings = {
        "grpc.keepalive_time_ms": 100,
        "grpc.keepalive_timeout_ms": 1000,
        "grpc.keepalive_permit_without_calls": 1,
        "grpc.http2.max_pings_without_data": 0,
    }
    with channel_to(start_b(), **pings) as channel:
        channel.subscribe(watch, try_to_connect=True)
        assert ready.wait(15)
        # A client pings once a second at most; a server with defaults ends it at the third ping.
        assert not lost.wait(4.0)


def test_sigterm_lets_the_work_under_way_end(start_b: StartB) -> None:
    app_b = start_b(B_DELAY_MS="400")
    with channel_to(app_b) as channel:
        call = DemoServiceStub(channel).Work.future(WorkRequest(id="x"), timeout=15)
        while app_b.metric("b_busy") == 0:
            pass
        app_b.signal(signal.SIGTERM)
        assert call.result().ok
    assert app_b.exit_code() == 0
    app_b.event("stopped")


def test_two_cannot_share_a_port(start_b: StartB, programs: list[Program]) -> None:
    app_b = start_b()
    second = Program("chaosproof.demo.grpc.app_b", {"GRPC_PORT": str(app_b.grpc_port)}, cwd=ROOT)
    programs.append(second)
    assert second.exit_code() == 1
    assert second.process.stderr is not None
    assert f"port {app_b.grpc_port} is taken" in second.process.stderr.read()
