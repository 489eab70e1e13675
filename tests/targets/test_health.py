"""A health check by HTTP is answered by servers as they are, and read to the answer's own end."""

import asyncio

import pytest

from chaosproof.targets.local.inside.health import is_ready
from chaosproof.targets.system.definition import HealthCheck

ANSWERS = {
    "kept open by its length": (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", True, (True, "")),
    "kept open in chunks": (
        b"HTTP/1.1 503 Down\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwait\r\n0\r\n\r\n",
        True,
        (False, "/readyz answered 503 wait"),
    ),
    "kept open without a body": (b"HTTP/1.1 204 No Content\r\n\r\n", True, (True, "")),
    "until it closes": (b"HTTP/1.0 200 OK\r\n\r\nok", False, (True, "")),
    "no HTTP": (b"220 mail\r\n", False, (False, "did not answer in HTTP")),
    "nothing": (b"", False, (False, "did not answer in HTTP")),
}


async def ask(answer: bytes, keep: bool) -> tuple[tuple[bool, str], bytes]:
    requests = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)
        await writer.drain()
        if keep:
            await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        check = HealthCheck("http", "/readyz", port, interval_s=0.1, timeout_s=5)
        return await is_ready("127.0.0.1", check, "web"), requests[0].replace(b"%d" % port, b"PORT")


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_is_read_to_its_own_end(name):
    answer, keep, (ready, reason) = ANSWERS[name]
    (got, why), request = asyncio.run(ask(answer, keep))
    assert got is ready and reason in why
    assert request.startswith(b"GET /readyz HTTP/1.1\r\nHost: web:PORT\r\n")
