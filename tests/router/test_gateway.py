"""The gateway with a real NATS and router: every request is answered once, with its own code, in time."""

import asyncio
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from chaosproof.demo.router.conformance import FRAME_CASES, MAPPING, conform
from chaosproof.demo.router.connection import Answer, Client, ClientError, new_request
from chaosproof.demo.router.frames import PING, TASK_SUBMIT, Decoder, encode
from tests.support.router_stack import ROOT, Program, eventually, stack, until

TASK = {"type": "text.generate"}


def run(coroutine):
    return asyncio.run(coroutine)


async def asked(path: str, *requests: bytes) -> list[Answer]:
    """The answers to requests that are all sent at once on one connection."""
    client = await Client.connect(path)
    try:
        return list(await asyncio.gather(*(client.ask(request) for request in requests)))
    finally:
        client.close()


def ask(path: str, task: dict[str, object] | None = None, request_id: str = "r-1") -> Answer:
    return run(asked(path, new_request(request_id, task or TASK)))[0]


# --- semantics --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def report(shared):
    return run(conform(shared.socket, 10.0))


def test_every_row_of_the_mapping_and_every_malformed_frame_is_answered_exactly(report):
    assert [result for result in report["results"] if not result["right"]] == []


def test_the_report_has_all_rows_of_the_mapping_and_more_than_20_kinds_of_malformed_frames(report):
    names = [result["name"] for result in report["results"]]
    assert {f"mapping of {code}" for code in MAPPING} <= set(names)
    assert len([case for case in FRAME_CASES if case.name in names]) >= 20
    assert report["bystander"]["requests"] > 10


def test_a_reply_in_time_keeps_trace_id_and_decision(shared):
    answer = ask(shared.socket)
    assert (answer.status, answer.code) == (200, "ok")
    assert answer.body["context"] == {"request_id": "r-1", "trace_id": "trace-r-1"}
    assert answer.body["decision"]["policy_id"] == "default"


@pytest.fixture(scope="module")
def patient(tmp_path_factory):
    """A stack whose deadline no request meets, however busy the machine is."""
    with stack(tmp_path_factory.mktemp("patient"), gateway={"GATEWAY_TIMEOUT_MS": "60000"}) as one:
        yield one


def test_a_large_request_passes_and_comes_back(patient):
    task = {"type": "text.generate", "payload": {"text": "x" * 4_000_000}}
    assert ask(patient.socket, task).code == "ok"


def test_requests_of_one_connection_overtake_each_other_and_none_is_mixed_up(patient):
    delays = {f"d-{delay_ms}": delay_ms for delay_ms in (150, 100, 50, 0)}
    requests = [
        new_request(name, {"type": "demo.delay", "payload": {"delay_ms": delay_ms}})
        for name, delay_ms in delays.items()
    ]
    answers = run(asked(patient.socket, *requests))
    assert [answer.request_id for answer in answers] == list(delays)
    assert {answer.code for answer in answers} == {"ok"}


def test_a_client_that_closes_its_sending_side_still_gets_its_answers(shared):
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(5)
        client.connect(shared.socket)
        slow = {"type": "demo.delay", "payload": {"delay_ms": 50}}
        client.sendall(encode(TASK_SUBMIT, new_request("half", slow)))
        client.shutdown(socket.SHUT_WR)
        received = b"".join(iter(lambda: client.recv(65536), b""))
    ((_, payload),) = Decoder().feed(received)
    assert b'"request_id":"half"' in payload


def test_a_client_that_goes_away_leaves_nothing_behind(patient):
    def connections() -> float:
        return patient.gateway.metric("gateway_connections")

    async def leave():
        client = await Client.connect(patient.socket)
        client.submit(new_request("gone", {"type": "demo.delay", "payload": {"delay_ms": 1500}}))
        await until(lambda: patient.gateway.metric("gateway_pending") == 1)
        client.close()
        await client.closed

    assert eventually(lambda: connections() == 0)
    run(leave())
    assert eventually(lambda: connections() == 0)
    assert patient.gateway.metric("gateway_pending") == 0


def test_a_late_reply_is_dropped_and_counted_and_the_client_was_told_at_its_deadline(shared):
    before = shared.gateway.metric("gateway_late_replies_total")
    took_s = []
    for _ in range(3):
        begun = time.monotonic()
        answer = ask(shared.socket, {"type": "demo.delay", "payload": {"delay_ms": 1500}})
        took_s.append(time.monotonic() - begun)
        assert (answer.status, answer.code, answer.body["error"]["protocol_code"]) == (504, "timeout", 5)
    # what else the machine does makes a wait longer, never shorter, and hardly all three of them
    assert 0.4 <= min(took_s) < 0.5 + 0.1
    assert eventually(lambda: shared.gateway.metric("gateway_late_replies_total") == before + 3)
    assert shared.gateway.metric("gateway_pending") == 0


def test_who_does_not_read_answers_is_not_read_from_any_more(shared):
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(shared.socket)
        client.setblocking(False)
        ping = encode(PING, b"x" * 65_000)
        sent = 0
        given_up_at = time.monotonic() + 5
        while time.monotonic() < given_up_at:
            try:
                sent += client.send(ping)
                refused_since = None
            except BlockingIOError:
                refused_since = refused_since or time.monotonic()
                if time.monotonic() - refused_since > 0.1:
                    break
                time.sleep(0.005)
        assert sent < 20_000_000, "the gateway takes in without end what nobody reads"
    assert ask(shared.socket).code == "ok"


# --- NATS comes and goes ----------------------------------------------------------------------------------


@pytest.fixture
def own(tmp_path):
    with stack(tmp_path, gateway={"GATEWAY_TIMEOUT_MS": "3000"}) as one:
        yield one


@pytest.fixture
def slow(tmp_path):
    """A stack whose requests stay in flight for longer than a busy machine takes to do something meanwhile."""
    with stack(tmp_path, gateway={"GATEWAY_TIMEOUT_MS": "60000"}, router={"ROUTER_DELAY_MS": "2000"}) as one:
        yield one


def test_when_nats_goes_every_request_in_flight_is_answered_at_once_and_so_are_later_ones(slow):
    async def scenario() -> tuple[list[Answer], float, Answer]:
        client = await Client.connect(slow.socket)
        asking = [asyncio.ensure_future(client.ask(new_request(f"r-{n}", TASK))) for n in range(50)]
        await until(lambda: slow.gateway.metric("gateway_pending") == 50)
        slow.nats.kill()
        killed_at = time.monotonic()
        answers = await asyncio.gather(*asking)
        took_s = time.monotonic() - killed_at
        later = await client.ask(new_request("later", TASK))
        client.close()
        return list(answers), took_s, later

    answers, took_s, later = run(scenario())
    assert {(answer.status, answer.code) for answer in [*answers, later]} == {(503, "nats_unreachable")}
    assert later.body["error"]["protocol_code"] == 6
    assert took_s < 0.25
    assert slow.gateway.get("/readyz")[0] == 503
    assert slow.gateway.get("/healthz")[0] == 200


def test_when_nats_is_back_so_is_the_service_within_a_second(own):
    own.nats.kill()
    own.gateway.event("nats_lost")
    own.nats.start()
    back_at = time.monotonic()
    assert eventually(lambda: ask(own.socket).code == "ok", within_s=5)
    assert time.monotonic() - back_at < 1.0 + 0.3
    assert own.gateway.metric("gateway_nats_connects_total") == 2


def test_without_a_router_nobody_waits_for_the_timeout(own):
    own.router.end()
    assert eventually(lambda: ask(own.socket).code == "router_unreachable", within_s=10)
    begun = time.monotonic()
    assert ask(own.socket).status == 503
    assert time.monotonic() - begun < 0.5


def test_a_nats_that_freezes_is_taken_for_gone(tmp_path):
    with stack(tmp_path, gateway={"NATS_PING_MS": "50"}, router={"NATS_PING_MS": "50"}) as one:
        one.nats.process.send_signal(signal.SIGSTOP)
        try:
            reason = one.gateway.event("nats_lost", within_s=5)["reason"]
        finally:
            one.nats.process.send_signal(signal.SIGCONT)
        assert "unanswered" in str(reason)


# --- too much ---------------------------------------------------------------------------------------------


def test_beyond_the_ceiling_there_is_an_answer_at_once_and_no_queue(tmp_path):
    with stack(tmp_path, gateway={"GATEWAY_MAX_INFLIGHT": "5"}, router={"ROUTER_DELAY_MS": "1500"}) as one:
        answers = run(asked(one.socket, *(new_request(f"r-{n}", TASK) for n in range(20))))
    assert [answer.code for answer in answers] == ["ok"] * 5 + ["overloaded"] * 15
    assert {answer.status for answer in answers[5:]} == {503}


def test_a_router_under_pressure_lowers_the_ceiling_until_it_is_relieved(tmp_path):
    # Below ten, the last of the first ten could be refused: they come one by one, and pressure may be faster.
    router = {
        "ROUTER_DELAY_MS": "500",
        "ROUTER_CONCURRENCY": "5",
        "ROUTER_PRESSURE_HIGH": "10",
        "ROUTER_PRESSURE_LOW": "2",
    }
    with stack(tmp_path, router=router, gateway={"GATEWAY_PRESSED_INFLIGHT": "3"}) as one:

        async def press() -> list[Answer]:
            client = await Client.connect(one.socket)
            first = [asyncio.ensure_future(client.ask(new_request(f"a-{n}", TASK))) for n in range(10)]
            await until(lambda: one.gateway.metric("gateway_pressed") == 1)
            second = [client.ask(new_request(f"b-{n}", TASK)) for n in range(10)]
            answers = list(await asyncio.gather(*first, *second))
            client.close()
            return answers

        answers = run(press())
        assert {answer.code for answer in answers[:10]} == {"ok"}
        assert "overloaded" in {answer.code for answer in answers[10:]}
        one.gateway.event("relieved", within_s=5)
        assert ask(one.socket).code == "ok"


def test_a_signal_of_pressure_that_is_not_repeated_is_over(tmp_path):
    router = {
        "ROUTER_DELAY_MS": "60000",
        "ROUTER_PRESSURE_HIGH": "1",
        "ROUTER_PRESSURE_LOW": "0",
    }
    with stack(tmp_path, router=router, gateway={"PRESSURE_TTL_MS": "300"}) as one:
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(one.socket)
            client.sendall(encode(TASK_SUBMIT, new_request("stuck", TASK)))
            one.gateway.event("pressed")
            one.router.end()
            assert eventually(lambda: one.gateway.metric("gateway_pressed") == 0, within_s=3)


# --- the socket, and the end ------------------------------------------------------------------------------


def test_the_socket_is_for_its_owner_only(shared):
    assert stat.S_IMODE(Path(shared.socket).stat().st_mode) == 0o600


def test_a_live_socket_is_not_stolen(shared):
    second = Program("chaosproof.demo.router.gateway", "-s", shared.socket, NATS_URL=shared.nats.url)
    assert second.exit_code() == 1
    said = second.process.stderr.read()
    second.end()
    assert said == f"A program listens on {shared.socket} already: end it, or choose another path with -s.\n"
    assert ask(shared.socket).code == "ok"


def test_a_stale_socket_file_is_replaced(shared, tmp_path):
    path = str(tmp_path / "stale.sock")
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(path)
    gateway = Program("chaosproof.demo.router.gateway", "-s", path, NATS_URL=shared.nats.url)
    try:
        gateway.event("started")
        assert ask(path).code == "ok"
    finally:
        gateway.end()


def test_sigterm_drains_what_is_in_flight_then_exits_0_and_removes_the_socket(slow):
    async def scenario() -> list[Answer]:
        client = await Client.connect(slow.socket)
        asking = [asyncio.ensure_future(client.ask(new_request(f"r-{n}", TASK))) for n in range(20)]
        await until(lambda: slow.gateway.metric("gateway_pending") == 20)
        slow.gateway.signal(signal.SIGTERM)
        await until(lambda: not Path(slow.socket).exists())
        late = await client.ask(new_request("late", TASK))
        answers = [*await asyncio.gather(*asking), late]
        await client.closed
        return answers

    answers = run(scenario())
    assert [answer.code for answer in answers] == ["ok"] * 20 + ["shutting_down"]
    assert slow.gateway.exit_code() == 0


def test_the_router_finishes_what_it_took_when_it_is_told_to_end(slow):
    async def scenario() -> Answer:
        client = await Client.connect(slow.socket)
        asking = asyncio.ensure_future(client.ask(new_request("r", TASK)))
        await until(lambda: slow.router.metric("router_working") == 1)
        slow.router.signal(signal.SIGTERM)
        answer = await asking
        client.close()
        return answer

    assert run(scenario()).code == "ok"
    assert slow.router.exit_code() == 0


# --- wrong input ------------------------------------------------------------------------------------------

_FREE = "nats://127.0.0.1:1"
_LONG = "/tmp/" + "x" * 120
WRONG = [
    ({"NATS_URL": _FREE}, 1, f"Cannot reach NATS at {_FREE} (Connection refused)"),
    ({"NATS_URL": "http://x:1"}, 64, "NATS_URL='http://x:1' is not the address of a NATS server"),
    ({"NATS_URL": "nats://"}, 64, "is not the address of a NATS server"),
    ({"NATS_URL": "nats://h:99999"}, 64, "is not the address of a NATS server"),
    ({"IPC_SOCKET_PATH": _LONG}, 64, "the path of a socket at most 107"),
    ({"IPC_SOCKET_PATH": ""}, 64, "IPC_SOCKET_PATH is empty"),
    ({"IPC_SOCKET_PATH": "/proc/no/such.sock"}, 1, "Cannot open the socket /proc/no/such.sock: No such file"),
    ({"IPC_SOCKET_PATH": "/etc/hostname"}, 1, "/etc/hostname is there and is no socket"),
    ({"GATEWAY_TIMEOUT_MS": "5s"}, 64, "GATEWAY_TIMEOUT_MS='5s' is not a whole number"),
    ({"GATEWAY_MAX_INFLIGHT": "0"}, 64, "GATEWAY_MAX_INFLIGHT='0' is not a whole number from 1"),
    ({"ROUTER_DECIDE_SUBJECT": "a..b"}, 64, "ROUTER_DECIDE_SUBJECT='a..b' is not a subject"),
    ({"ROUTER_DECIDE_SUBJECT": "a.*"}, 64, "ROUTER_DECIDE_SUBJECT='a.*' is not a subject"),
]


@pytest.mark.parametrize(("environment", "code", "says"), WRONG)
def test_wrong_input_is_one_sentence_and_leaves_nothing(shared, tmp_path, environment, code, says):
    settings = {
        "NATS_URL": shared.nats.url,
        "IPC_SOCKET_PATH": str(tmp_path / "g.sock"),
        "NATS_START_MS": "200",
    }
    program = Program("chaosproof.demo.router.gateway", **{**settings, **environment})
    assert program.exit_code() == code
    said = program.process.stderr.read()
    program.end()
    assert said.startswith(says) or says in said
    assert said.count("\n") == 1 and "Traceback" not in said
    assert list(tmp_path.iterdir()) == []


def test_the_option_goes_before_the_environment(shared, tmp_path):
    gateway = Program(
        "chaosproof.demo.router.gateway", "-s", str(tmp_path / "option.sock"),
        NATS_URL=shared.nats.url, IPC_SOCKET_PATH=str(tmp_path / "environment.sock"),
    )  # fmt: skip
    try:
        assert gateway.event("started")["socket"] == str(tmp_path / "option.sock")
    finally:
        gateway.end()


def test_something_that_is_not_nats_is_said_to_be_none(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as stranger:

        def greet() -> None:
            connection, _ = stranger.accept()
            with connection:
                connection.sendall(b"SSH-2.0-OpenSSH_9\r\n")

        thread = threading.Thread(target=greet)
        thread.start()
        program = Program(
            "chaosproof.demo.router.router",
            NATS_URL=f"nats://127.0.0.1:{stranger.getsockname()[1]}",
            NATS_START_MS="300",
        )
        assert program.exit_code() == 1
        thread.join()
    said = program.process.stderr.read()
    program.end()
    assert said.startswith("Cannot reach NATS") and said.count("\n") == 1


def test_a_router_whose_marks_of_pressure_are_turned_round_is_refused():
    program = Program("chaosproof.demo.router.router", ROUTER_PRESSURE_HIGH="5", ROUTER_PRESSURE_LOW="5")
    assert program.exit_code() == 64
    assert "must be below ROUTER_PRESSURE_HIGH=5" in program.process.stderr.read()
    program.end()


def test_the_client_says_in_one_sentence_that_nobody_listens(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "chaosproof.demo.router.client", "ask", "-s", str(tmp_path / "none.sock")],
        cwd=ROOT, env=os.environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("No gateway listens on") and "Traceback" not in done.stderr


def test_a_client_whose_gateway_dies_is_told(slow):
    async def scenario() -> str:
        client = await Client.connect(slow.socket)
        asking = asyncio.ensure_future(client.ask(new_request("r", TASK)))
        await until(lambda: slow.gateway.metric("gateway_pending") == 1)
        slow.gateway.process.kill()
        try:
            await asking
        except ClientError as error:
            return error.code
        return "answered"

    assert run(scenario()) == "CONNECTION_CLOSED"
