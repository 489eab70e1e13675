"""What a gateway must answer, asked of a running one: every error's code and status, and frames that are none.

    python -m chaosproof.demo.router.client conform -s /tmp/gateway.sock

While the cases run, a bystander on a connection of its own sends PINGs and requests: none of theirs may fail.
A case is `right` when the answers were exactly those expected, and the connection was closed, or was not, as
expected.
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chaosproof.demo.router.connection import Answer, Client, ClientError, new_request
from chaosproof.demo.router.frames import (
    FRAME_BYTES_MAX,
    HEADER_BYTES,
    PING,
    PONG,
    RESPONSE_ERROR,
    RESPONSE_OK,
    STREAM_TYPES,
    TASK_CANCEL,
    TASK_QUERY,
    TASK_SUBMIT,
    VERSION,
    encode,
)

__all__ = ["FRAME_CASES", "MAPPING", "FrameCase", "conform"]

MAPPING = {
    "invalid_request": 400,
    "unauthorized": 401,
    "policy_not_found": 404,
    "overloaded": 503,
    "decision_failed": 503,
    "internal": 500,
    "a_code_that_nobody_knows": 502,
}
"""Code of the router -> status for the client. Timeout and unreachable NATS need the system's help."""

_BYSTANDER_S = 0.005
_SILENCE_S = 0.05


@dataclass(frozen=True)
class FrameCase:
    """Bytes in some pieces, and what must come of them.

    `answers` are codes of errors, `ok`, or `pong`, in order. `closes`: the gateway ends the connection.
    `hangs_up`: the client does, in the middle.
    """

    name: str
    pieces: tuple[bytes, ...]
    answers: tuple[str, ...] = ()
    closes: bool = False
    hangs_up: bool = False


def _request(request_id: str, **more: Any) -> bytes:
    return encode(TASK_SUBMIT, new_request(request_id, {"type": "text.generate"}, **more))


def _raw(length: int, version: int = VERSION, frame_type: int = TASK_SUBMIT, payload: bytes = b"") -> bytes:
    return length.to_bytes(4, "big") + bytes((version, frame_type)) + payload


def _submit(payload: bytes) -> bytes:
    return encode(TASK_SUBMIT, payload)


def _bytes(data: bytes) -> tuple[bytes, ...]:
    return tuple(data[at : at + 1] for at in range(len(data)))


def _bad_payload(name: str, payload: bytes) -> FrameCase:
    return FrameCase(name, (_submit(payload), _PING), ("invalid_payload", "pong"))


def _bad_request(name: str, payload: bytes) -> FrameCase:
    return FrameCase(name, (_submit(payload), _PING), ("invalid_request", "pong"))


_GOOD = _request("good")
_PING = encode(PING, b"64 bytes or fewer")

FRAME_CASES = (
    FrameCase("a length of 0", (_raw(0),), ("invalid_payload",), closes=True),
    FrameCase("a length of 5", (_raw(5),), ("invalid_payload",), closes=True),
    FrameCase("a length of 5, and only that", (b"\0\0\0\5",), ("invalid_payload",), closes=True),
    FrameCase("a length of 0xFFFFFFFF", (_raw(0xFFFFFFFF),), ("frame_too_large",), closes=True),
    FrameCase("4 MiB and one byte", (_raw(FRAME_BYTES_MAX + 1),), ("frame_too_large",), closes=True),
    FrameCase(
        "4 MiB exactly",
        (encode(PING, bytes(FRAME_BYTES_MAX - HEADER_BYTES)),),
        ("pong",),
    ),
    FrameCase("version 0", (_raw(len(_GOOD), 0x00, payload=_GOOD[6:]),), ("invalid_version",), closes=True),
    FrameCase("version 2", (_raw(len(_GOOD), 0x02, payload=_GOOD[6:]),), ("invalid_version",), closes=True),
    FrameCase("a wrong version before its body came", (_raw(100, 0x02),), ("invalid_version",), closes=True),
    FrameCase("HTTP", (b"GET / HTTP/1.1\r\nHost: gateway\r\n\r\n",), ("frame_too_large",), closes=True),
    FrameCase("a type that does not exist", (encode(0x7F, b"{}"), _PING), ("invalid_type", "pong")),
    FrameCase("type 0", (encode(0x00, b""), _PING), ("invalid_type", "pong")),
    FrameCase("an answer where a request is due", (encode(RESPONSE_OK, b"{}"), _PING), ("invalid_type", "pong")),
    FrameCase("a PONG nobody asked for", (encode(PONG, b"x"), _PING), ("invalid_type", "pong")),
    FrameCase("TASK_QUERY", (encode(TASK_QUERY, b"{}"), _PING), ("invalid_type", "pong")),
    FrameCase("TASK_CANCEL", (encode(TASK_CANCEL, b"{}"), _PING), ("invalid_type", "pong")),
    *(
        FrameCase(f"STREAM {number:#04x}", (encode(number, b"{}"), _PING), ("invalid_type", "pong"))
        for number in STREAM_TYPES
    ),
    _bad_payload("no payload", b""),
    _bad_payload("invalid UTF-8", b'{"version":"1","request_id":"\xff\xfe"}'),
    _bad_payload("invalid JSON", b'{"version":'),
    _bad_payload("two JSON values", b"{}{}"),
    _bad_payload("NaN", b'{"version":"1","request_id":"n","task":{"type":"t","payload":NaN}}'),
    _bad_payload("a lone surrogate", b'{"version":"1","request_id":"\\ud800"}'),
    _bad_payload("arrays 100,000 deep", b"[" * 100_000 + b"]" * 100_000),
    _bad_payload(
        "objects too deep to be written again",
                b'{"version":"1","request_id":"deep","task":{"type":"t","payload":'
                + b'{"a":' * 500 + b"1" + b"}" * 500 + b"}}"
    ),
    _bad_request("an array for a request", b"[]"),
    _bad_request("null for a request", b"null"),
    _bad_request("no request_id", b'{"version":"1","task":{"type":"t"}}'),
    _bad_request("a number for request_id", b'{"version":"1","request_id":7,"task":{"type":"t"}}'),
    FrameCase("version 2 of the request", (_request("v2", version="2"), _PING), ("invalid_request", "pong")),
    _bad_request("no task", b'{"version":"1","request_id":"no-task"}'),
    _bad_request("a text for a task", b'{"version":"1","request_id":"t","task":"t"}'),
    FrameCase("cut in the header, then gone", (_GOOD[:3],), hangs_up=True),
    FrameCase("cut in the payload, then gone", (_GOOD[:-1],), hangs_up=True),
    FrameCase("byte by byte", _bytes(_GOOD), ("ok",)),
    FrameCase("two frames in one piece", (_PING + _PING,), ("pong", "pong")),
    FrameCase("one frame and a half, then the rest", (_PING + _PING[:9], _PING[9:]), ("pong", "pong")),
    FrameCase("a good frame, then a bad one", (_PING + _raw(0),), ("pong", "invalid_payload"), closes=True),
    FrameCase("frames after a bad one", (_raw(0) + _PING,), ("invalid_payload",), closes=True),
)  # fmt: skip


async def conform(path: str, timeout_s: float) -> dict[str, Any]:
    """Run every case against the gateway on `path`; returns the report.

    `{"cases", "wrong", "bystander": {"requests", "failed"}, "results": [{"name", "right", "expected",
    "seen"}]}`. Raises `ClientError` when the gateway cannot be reached at all.
    """
    bystander = _Bystander(await Client.connect(path), timeout_s)
    watching = asyncio.create_task(bystander.run())
    results = [await _mapped(path, code, status, timeout_s) for code, status in MAPPING.items()]
    results += [await case(path, timeout_s) for case in _REQUEST_CASES]
    results += [await _framed(path, case, timeout_s) for case in FRAME_CASES]
    bystander.stop()
    await watching
    results.append(
        _result("other connections notice nothing", True, not bystander.failed and bystander.requests > 0)
    )
    return {
        "cases": len(results),
        "wrong": sum(not result["right"] for result in results),
        "bystander": {"requests": bystander.requests, "failed": bystander.failed},
        "results": results,
    }


def _result(name: str, expected: object, seen: object) -> dict[str, Any]:
    return {"name": name, "right": expected == seen, "expected": expected, "seen": seen}


async def _mapped(path: str, code: str, status: int, timeout_s: float) -> dict[str, Any]:
    """One row of the mapping: the router fails as asked, and the client is told so, in the router's words."""
    message = f"the router says {code}, in words: Grüße"
    task = {"type": "demo.error", "payload": {"code": code, "message": message}}
    expected = {"code": code, "status": status, "message": message, "trace_id": f"trace-map-{code}"}
    return _result(
        f"mapping of {code}",
        expected,
        _seen(await _answer_to(path, new_request(f"map-{code}", task), timeout_s)),
    )


async def _answer_to(path: str, request: bytes, timeout_s: float) -> Answer:
    client = await Client.connect(path)
    try:
        return await client.ask(request, timeout_s)
    except ClientError as error:
        return Answer("", 0, error.code, str(error), {})
    finally:
        client.close()


def _seen(answer: Answer) -> dict[str, Any]:
    return {
        "code": answer.code,
        "status": answer.status,
        "message": answer.message,
        "trace_id": answer.body.get("context", {}).get("trace_id"),
    }


def _ask_for(
    name: str, task: dict[str, Any], expected: tuple[str, int], **more: Any
) -> "Callable[[str, float], Any]":
    async def case(path: str, timeout_s: float) -> dict[str, Any]:
        answer = await _answer_to(path, new_request(name.replace(" ", "-"), task, **more), timeout_s)
        return _result(name, list(expected), [answer.code, answer.status])

    return case


async def _without_trace_id(path: str, timeout_s: float) -> dict[str, Any]:
    request = json.dumps({"version": "1", "request_id": "untraced", "task": {"type": "text.generate"}})
    answer = await _answer_to(path, request.encode(), timeout_s)
    trace_id = answer.body.get("context", {}).get("trace_id", "")
    return _result("a request without trace_id gets one", ["ok", True], [answer.code, bool(trace_id)])


_TASK = {"type": "text.generate"}
_REQUEST_CASES = (
    _ask_for("a good request", _TASK, ("ok", 200)),
    _ask_for("a tenant that is blocked", _TASK, ("unauthorized", 401), tenant_id="blocked"),
    _ask_for("an unknown policy", _TASK, ("policy_not_found", 404), policy_id="no-such-policy"),
    _ask_for("a reply that is no JSON", {"type": "demo.garbage"}, ("bad_reply", 502)),
    _ask_for(
        "a reply without ok",
        {"type": "demo.garbage", "payload": {"text": '{"decision": {}}'}},
        ("bad_reply", 502),
    ),
    _ask_for(
        "an error without code",
        {"type": "demo.garbage", "payload": {"text": '{"ok": false}'}},
        ("bad_reply", 502),
    ),
    _ask_for(
        "an ok that is text",
        {"type": "demo.garbage", "payload": {"text": '{"ok": "true"}'}},
        ("bad_reply", 502),
    ),
    _ask_for("a reply that is a list", {"type": "demo.garbage", "payload": {"text": "[]"}}, ("bad_reply", 502)),
    _ask_for("a reply that comes twice", {"type": "demo.twice"}, ("ok", 200)),
    _ask_for("no reply at all", {"type": "demo.silent"}, ("timeout", 504)),
    _without_trace_id,
)  # fmt: skip


async def _framed(path: str, case: FrameCase, timeout_s: float) -> dict[str, Any]:
    """Send the pieces and take down what comes."""
    seen: list[str] = []
    arrived = asyncio.Event()

    class _Listener(Client):
        def data_received(self, data: bytes) -> None:
            for frame_type, payload in self._decoder.feed(data):
                seen.append(_name(frame_type, payload))
            arrived.set()

    loop = asyncio.get_running_loop()
    _, client = await loop.create_unix_connection(_Listener, path)
    try:
        for piece in case.pieces:
            client.send_bytes(piece)
            # Each piece a read of its own.
            await asyncio.sleep(0.0002)
    except ClientError:
        pass  # The gateway has closed already, which `closed` says.
    if case.hangs_up:
        client.close()
        await client.closed
        return _result(case.name, [], seen)
    async with asyncio.timeout(timeout_s):
        while len(seen) < len(case.answers) and not client.closed.done():
            arrived.clear()
            either: list[asyncio.Future[Any]] = [client.closed, asyncio.ensure_future(arrived.wait())]
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    # What must not come would come now; a close that is due is waited for.
    await asyncio.wait([client.closed], timeout=timeout_s if case.closes else _SILENCE_S)
    closed = client.closed.done()
    client.close()
    expected = {"answers": list(case.answers), "closed": case.closes}
    return _result(case.name, expected, {"answers": seen, "closed": closed})


def _name(frame_type: int, payload: bytes) -> str:
    if frame_type == PONG:
        return "pong"
    if frame_type == RESPONSE_OK:
        return "ok"
    if frame_type == RESPONSE_ERROR:
        return str(json.loads(payload)["error"]["code"])
    return f"type {frame_type:#04x}"


class _Bystander:
    """Uses the gateway as it should be used, all the time."""

    def __init__(self, client: Client, timeout_s: float) -> None:
        self.requests = 0
        self.failed = 0
        self._client = client
        self._timeout_s = timeout_s
        self._over = asyncio.Event()

    def stop(self) -> None:
        self._over.set()

    async def run(self) -> None:
        while not self._over.is_set():
            name = f"bystander-{self.requests}"
            self.requests += 1
            try:
                echoed = await self._client.ping(name.encode(), self._timeout_s)
                answer = await self._client.ask(new_request(name, _TASK), self._timeout_s)
                self.failed += echoed != name.encode() or answer.code != "ok"
            except ClientError:
                self.failed += 1
                if self._client.closed.done():
                    break
            await asyncio.sleep(_BYSTANDER_S)
        self._client.close()
