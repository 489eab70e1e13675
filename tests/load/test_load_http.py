"""What becomes of an HTTP request, whatever the server does: real sockets, one slot."""

import asyncio
import contextlib
import os
import resource
import socket
import ssl
import subprocess
import time
from pathlib import Path

import pytest

from chaosproof.errors import UsageError
from chaosproof.load.protocols.http import HttpDriver
from tests.support.load_client import Client, Outcome, outcome_at, plan_for
from tests.support.scripted_server import OK, Peer, Script, answer_all, respond, serve


def exchange(run, script: Script, requests: int = 1, **settings) -> tuple[list[Outcome], int]:
    """The outcomes of requests one after the other, and how many connections the server saw."""

    async def test() -> tuple[list[Outcome], int]:
        async with serve(script) as server, Client(plan_for(server.url, **settings)) as client:
            return [await client.request(seq) for seq in range(requests)], len(server.peers)

    return run(test)


def test_an_answer_gives_its_status_code_and_instance(run):
    [outcome], _ = exchange(run, answer_all)
    assert (outcome.status, outcome.code, outcome.instance, outcome.attempts) == (
        200,
        "SUCCESS",
        "app-a-0",
        1,
    )
    assert outcome.due <= outcome.sent <= outcome.done


def test_a_connection_is_kept_and_used_again(run):
    outcomes, connections = exchange(run, answer_all, requests=5)
    assert [outcome.status for outcome in outcomes] == [200] * 5
    assert connections == 1


def test_the_request_is_well_formed(run):
    received = []

    async def listen(peer: Peer) -> None:
        received.append(await peer.request() + await peer.reader.readexactly(4))
        await peer.send(OK)

    async def test() -> int:
        async with serve(listen) as server:
            plan = plan_for(server.url + "?a=1", method="POST", body="abcd", headers={"X-Run": "7"})
            async with Client(plan) as client:
                await client.request()
            return server.port

    port = run(test)
    head, body = received[0].split(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /api/work?a=1 HTTP/1.1"
    assert f"Host: 127.0.0.1:{port}" in lines
    assert "X-Run: 7" in lines and "Content-Length: 4" in lines
    assert body == b"abcd"


def test_an_ipv6_address_is_reached_and_named_as_it_is_written(run):
    heard = []

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(OK)
        await reader.read()
        writer.close()

    async def test() -> Outcome:
        server = await asyncio.start_server(accept, "::1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            async with Client(plan_for(f"http://[::1]:{port}/")) as client:
                return await client.request()

    assert run(test).code == "SUCCESS"
    assert b"Host: [::1]:" in heard[0]


def test_a_refused_connection_is_named(run):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        outcome = outcome_at(run, f"http://127.0.0.1:{free.getsockname()[1]}/")
    assert (outcome.status, outcome.code) == (0, "CONNECT_REFUSED")
    assert outcome.sent is not None


def test_a_server_that_accepts_nobody_is_a_connect_timeout(run):
    # A full backlog drops SYNs, as a blackhole does.
    with contextlib.ExitStack() as stack:
        deaf = stack.enter_context(socket.socket())
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        port = deaf.getsockname()[1]
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        outcome = outcome_at(run, f"http://127.0.0.1:{port}/", timeout_s=0.2)
    assert (outcome.status, outcome.code) == (0, "CONNECT_TIMEOUT")
    assert 0.2 <= outcome.done - outcome.sent < 1


def test_a_server_that_never_answers_is_a_timeout_after_exactly_the_timeout(run):
    [outcome], _ = exchange(run, Peer.gone, timeout_s=0.2)
    assert (outcome.status, outcome.code) == (0, "TIMEOUT")
    assert 0.2 <= outcome.done - outcome.sent < 1


@pytest.mark.parametrize(
    ("script", "code"),
    [
        pytest.param(respond(OK[:40], then="wait"), "TIMEOUT", id="half open, stops in the middle"),
        pytest.param(respond(b""), "CLOSED_EARLY", id="closed before the answer"),
        pytest.param(respond(OK[:-5]), "CLOSED_EARLY", id="closed in the middle of a body"),
        pytest.param(respond(OK[:-5], then="reset"), "CONNECTION_RESET", id="reset in the middle of a body"),
    ],
)
def test_an_answer_that_never_becomes_whole_has_no_status_and_is_not_asked_for_again(run, script, code):
    [outcome], _ = exchange(run, script, timeout_s=0.2 if code == "TIMEOUT" else 10)
    assert (outcome.status, outcome.code, outcome.attempts) == (0, code, 1)


@pytest.mark.parametrize("ending", ["close", "reset"])
def test_a_reused_connection_that_dies_before_the_answer_is_tried_once_more(run, ending):
    async def die_on_second(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK)
        if peer.number == 0:
            await peer.request()
            getattr(peer, ending)()
        else:
            await answer_all(peer)

    async def test() -> tuple[Outcome, int]:
        async with serve(die_on_second) as server, Client(plan_for(server.url)) as client:
            assert (await client.request(0)).attempts == 1
            return await client.request(1), len(server.peers)

    outcome, connections = run(test)
    assert (outcome.status, outcome.code, outcome.attempts) == (200, "SUCCESS", 2)
    assert connections == 2


def test_a_second_death_is_not_tried_again(run):
    async def die(peer: Peer) -> None:
        await peer.request()
        if peer.number == 0:
            await peer.send(OK)
            await peer.request()

    [_, outcome], _ = exchange(run, die, requests=2)
    assert (outcome.status, outcome.code, outcome.attempts) == (0, "CLOSED_EARLY", 2)


def test_a_post_is_never_sent_twice(run):
    [_, outcome], connections = exchange(run, respond(OK, b""), requests=2, method="POST")
    assert (outcome.code, outcome.attempts, connections) == ("CLOSED_EARLY", 1, 1)


def test_a_death_after_the_first_byte_is_not_tried_again(run):
    [_, outcome], _ = exchange(run, respond(OK, OK[:1]), requests=2)
    assert (outcome.code, outcome.attempts) == ("CLOSED_EARLY", 1)


def test_connection_close_makes_the_next_request_open_a_new_connection(run):
    script = respond(OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    outcomes, connections = exchange(run, script, requests=3)
    assert ([outcome.attempts for outcome in outcomes], connections) == ([1, 1, 1], 3)


def test_an_idle_connection_that_the_server_closes_is_opened_again_at_once(run):
    async def test() -> tuple[int, Outcome]:
        reopened = asyncio.Event()

        async def close_when_idle(peer: Peer) -> None:
            if peer.number == 1:
                reopened.set()
            await peer.request()
            await peer.send(OK)
            if peer.number == 1:
                await answer_all(peer)

        async with serve(close_when_idle) as server, Client(plan_for(server.url)) as client:
            await client.request(0)
            async with asyncio.timeout(5):
                await reopened.wait()
                await client.connection.wait_until_opened()
            outcome = await client.request(1)
            return len(server.peers), outcome

    connections, outcome = run(test)
    assert connections == 2
    assert (outcome.status, outcome.attempts) == (200, 1)


@pytest.mark.parametrize(
    ("response", "then", "status", "code"),
    [
        pytest.param(
            b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n",
            "wait", 302, "HTTP_302", id="a redirect is recorded and not followed",
        ),
        pytest.param(
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK,
            "wait", 200, "SUCCESS", id="interim answers are skipped",
        ),
        pytest.param(
            b'HTTP/1.1 200 OK\r\n\r\n{"code":"SUCCESS"}',
            "close", 200, "SUCCESS", id="an answer without a length ends with its connection",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nX-Big: " + b"x" * 100_000 + b"\r\nContent-Length: 0\r\n\r\n",
            "wait", 0, "HEADER_TOO_LARGE", id="a huge header is refused",
        ),
    ],
)  # fmt: skip
def test_an_answer_is_understood(run, response, then, status, code):
    [outcome], connections = exchange(run, respond(response, then=then))
    assert (outcome.status, outcome.code, connections) == (status, code, 1)


def test_a_server_of_another_protocol_is_a_bad_answer(run):
    async def talk(peer: Peer) -> None:
        await peer.send(b"SSH-2.0-OpenSSH_9.2\r\n")
        await peer.gone()

    [outcome], _ = exchange(run, talk)
    assert (outcome.status, outcome.code) == (0, "BAD_ANSWER")


def test_a_chunked_answer_may_come_byte_by_byte(run):
    body = b'1a\r\n{"ok":false,"code":"QUEUE_\r\n5;x=y\r\nFULL"\r\n1\r\n}\r\n0\r\nTrailer: 1\r\n\r\n'
    data = b"HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n" + body

    async def drip(peer: Peer) -> None:
        await peer.request()
        for byte in data:
            await peer.send(bytes([byte]))
            await asyncio.sleep(0)
        await answer_all(peer)

    outcomes, connections = exchange(run, drip, requests=2)
    assert [(outcome.status, outcome.code) for outcome in outcomes] == [(503, "QUEUE_FULL"), (200, "SUCCESS")]
    assert connections == 1


def test_a_body_of_megabytes_is_read_and_not_kept(run):
    size = 8_000_000

    async def big(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n{" % size + b" " * (size - 1))
        await peer.gone()

    async def test() -> int:
        async with serve(big) as server, Client(plan_for(server.url)) as client:
            assert (await client.request()).code == "HTTP_200"
            return len(client.connection._connection._parser._body)

    assert run(test) < 100_000


def test_bytes_nobody_asked_for_close_the_connection(run):
    script = respond(OK + b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", then="wait")
    outcomes, connections = exchange(run, script, requests=2)
    assert [outcome.code for outcome in outcomes] == ["SUCCESS", "SUCCESS"]
    assert connections == 2


def test_a_name_that_does_not_resolve_is_a_dns_error(run):
    outcome = outcome_at(run, "http://no-such-host.invalid/", timeout_s=10)
    assert (outcome.status, outcome.code) == (0, "DNS_ERROR")


def test_a_socket_beyond_the_limit_of_open_files_is_named(run):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)

    async def test() -> Outcome:
        async with serve(answer_all) as server, Client(plan_for(server.url)) as client:
            highest = max(int(fd.name) for fd in Path("/proc/self/fd").iterdir())
            resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 1, hard))
            taken = []
            try:
                with pytest.raises(OSError, match="Too many open files"):
                    while True:
                        taken.append(os.open("/dev/null", os.O_RDONLY))
                return await client.request()
            finally:
                for fd in taken:
                    os.close(fd)
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    outcome = run(test)
    assert (outcome.status, outcome.code) == (0, "NO_FD")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> Path:
    """A fresh self-signed certificate for `localhost`, with its key in the same file."""
    folder = tmp_path_factory.mktemp("tls")
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout key.pem -out cert.pem"
    )
    argv = [*command.split(), "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run(argv, cwd=folder, check=True, capture_output=True)
    both = folder / "both.pem"
    both.write_bytes((folder / "cert.pem").read_bytes() + (folder / "key.pem").read_bytes())
    return both


def tls_outcome(run, certificate: Path, host: str, **settings) -> Outcome:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    async def test() -> Outcome:
        async with serve(answer_all, context) as server:
            async with Client(plan_for(f"https://{host}:{server.port}/", **settings)) as client:
                return await client.request()

    return run(test)


@pytest.mark.parametrize(
    ("host", "trusted", "settings", "outcome"),
    [
        pytest.param("localhost", True, {}, (200, "SUCCESS"), id="a trusted certificate works"),
        pytest.param("localhost", False, {}, (0, "TLS_ERROR"), id="an unknown authority"),
        pytest.param("127.0.0.1", True, {}, (0, "TLS_ERROR"), id="another host's certificate"),
        pytest.param("127.0.0.1", False, {"verify_tls": False}, (200, "SUCCESS"), id="unverified on request"),
    ],
)
def test_tls_verifies_the_server_unless_it_is_asked_not_to(
    run, certificate, host, trusted, settings, outcome
):
    ca_file = {"ca_file": str(certificate)} if trusted else {}
    result = tls_outcome(run, certificate, host, **ca_file, **settings)
    assert (result.status, result.code) == outcome


def test_tls_to_a_server_without_it_is_a_tls_error(run):
    async def talk(peer: Peer) -> None:
        await peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await peer.gone()

    async def test() -> Outcome:
        async with serve(talk) as server, Client(plan_for(f"https://127.0.0.1:{server.port}/")) as client:
            return await client.request()

    assert run(test).code == "TLS_ERROR"


def test_certificate_authorities_that_cannot_be_read_are_refused_before_the_load():
    with pytest.raises(UsageError, match=r"/nowhere/ca\.pem"):
        HttpDriver(plan_for("https://127.0.0.1/", ca_file="/nowhere/ca.pem"))


def test_timeouts_expire_in_the_order_of_sending(run):
    began = time.monotonic()
    outcomes, _ = exchange(run, Peer.gone, requests=3, timeout_s=0.1)
    assert [outcome.code for outcome in outcomes] == ["TIMEOUT"] * 3
    waits = [outcome.done - outcome.sent for outcome in outcomes]
    assert all(0.1 <= wait < 1 for wait in waits)
    assert time.monotonic() - began < 3


def test_the_number_of_a_request_stands_in_its_body(run):
    """`{seq}` is replaced, and the length counts what is sent."""
    bodies = []

    async def listen(peer: Peer) -> None:
        for _ in range(2):
            head = await peer.request()
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
            bodies.append(await peer.reader.readexactly(length))
            await peer.send(OK)

    exchange_with_body = {"method": "POST", "body": '{"id":{seq}}'}
    outcomes, _ = exchange(run, listen, requests=2, **exchange_with_body)
    assert [outcome.status for outcome in outcomes] == [200, 200]
    assert bodies == [b'{"id":0}', b'{"id":1}']
