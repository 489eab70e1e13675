"""What becomes of an HTTP request, whatever the server does: real sockets, one slot."""

import asyncio
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
from tests.support.load_client import Client, Outcome, plan_for
from tests.support.scripted_server import OK, Peer, Script, answer_all, serve


def outcome_of_one_request(run, script: Script, **settings) -> Outcome:
    async def test() -> Outcome:
        async with serve(script) as server, Client(plan_for(server.url, **settings)) as client:
            return await client.request()

    return run(test)


def test_an_answer_gives_its_status_code_and_instance(run):
    outcome = outcome_of_one_request(run, answer_all)
    assert (outcome.status, outcome.code, outcome.instance, outcome.attempts) == (
        200,
        "SUCCESS",
        "app-a-0",
        1,
    )
    assert outcome.due <= outcome.sent <= outcome.done


def test_a_connection_is_kept_and_used_again(run):
    async def test() -> int:
        async with serve(answer_all) as server, Client(plan_for(server.url)) as client:
            for seq in range(5):
                assert (await client.request(seq)).status == 200
            return len(server.peers)

    assert run(test) == 1


def test_the_request_is_well_formed(run):
    heard = []

    async def listen(peer: Peer) -> None:
        heard.append(await peer.request() + await peer.reader.readexactly(4))
        await peer.send(OK)

    async def test() -> int:
        async with serve(listen) as server:
            plan = plan_for(server.url + "?a=1", method="POST", body="abcd", headers={"X-Run": "7"})
            async with Client(plan) as client:
                await client.request()
            return server.port

    port = run(test)
    head, body = heard[0].split(b"\r\n\r\n")
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
        port = free.getsockname()[1]

        async def test() -> Outcome:
            async with Client(plan_for(f"http://127.0.0.1:{port}/")) as client:
                return await client.request()

        outcome = run(test)
    assert (outcome.status, outcome.code) == (0, "CONNECT_REFUSED")
    assert outcome.sent is not None


def test_a_server_that_accepts_nobody_is_a_connect_timeout(run):
    # A full backlog drops SYNs, as a blackhole does.
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        port = deaf.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))

        async def test() -> Outcome:
            async with Client(plan_for(f"http://127.0.0.1:{port}/", timeout_s=0.2)) as client:
                return await client.request()

        try:
            outcome = run(test)
        finally:
            for filler in fillers:
                filler.close()
    assert (outcome.status, outcome.code) == (0, "CONNECT_TIMEOUT")
    assert 0.2 <= outcome.done - outcome.sent < 1


def test_a_server_that_never_answers_is_a_timeout_after_exactly_the_timeout(run):
    outcome = outcome_of_one_request(run, Peer.gone, timeout_s=0.2)
    assert (outcome.status, outcome.code) == (0, "TIMEOUT")
    assert 0.2 <= outcome.done - outcome.sent < 1


def test_a_half_open_peer_that_stops_in_the_middle_is_a_timeout(run):
    async def half(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK[:40])
        await peer.gone()

    outcome = outcome_of_one_request(run, half, timeout_s=0.2)
    assert (outcome.status, outcome.code, outcome.attempts) == (0, "TIMEOUT", 1)


def test_a_close_before_the_answer_on_a_fresh_connection_is_closed_early(run):
    async def hang_up(peer: Peer) -> None:
        await peer.request()

    outcome = outcome_of_one_request(run, hang_up)
    assert (outcome.status, outcome.code, outcome.attempts) == (0, "CLOSED_EARLY", 1)


def test_a_close_in_the_middle_of_a_body_is_closed_early_and_has_no_status(run):
    async def hang_up(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK[:-5])

    outcome = outcome_of_one_request(run, hang_up)
    assert (outcome.status, outcome.code) == (0, "CLOSED_EARLY")


def test_a_reset_in_the_middle_of_a_body_is_a_connection_reset(run):
    async def reset(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK[:-5])
        peer.reset()

    outcome = outcome_of_one_request(run, reset)
    assert (outcome.status, outcome.code, outcome.attempts) == (0, "CONNECTION_RESET", 1)


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

    async def test() -> Outcome:
        async with serve(die) as server, Client(plan_for(server.url)) as client:
            await client.request(0)
            return await client.request(1)

    outcome = run(test)
    assert (outcome.status, outcome.code, outcome.attempts) == (0, "CLOSED_EARLY", 2)


def test_a_post_is_never_sent_twice(run):
    async def die_on_second(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK)
        await peer.request()

    async def test() -> tuple[Outcome, int]:
        async with serve(die_on_second) as server, Client(plan_for(server.url, method="POST")) as client:
            await client.request(0)
            return await client.request(1), len(server.peers)

    outcome, connections = run(test)
    assert (outcome.code, outcome.attempts, connections) == ("CLOSED_EARLY", 1, 1)


def test_a_death_after_the_first_byte_is_not_tried_again(run):
    async def die_on_second(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK)
        await peer.request()
        await peer.send(OK[:1])

    async def test() -> Outcome:
        async with serve(die_on_second) as server, Client(plan_for(server.url)) as client:
            await client.request(0)
            return await client.request(1)

    outcome = run(test)
    assert (outcome.code, outcome.attempts) == ("CLOSED_EARLY", 1)


def test_connection_close_makes_the_next_request_open_a_new_connection(run):
    async def one_each(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))

    async def test() -> tuple[list[int], int]:
        async with serve(one_each) as server, Client(plan_for(server.url)) as client:
            attempts = [(await client.request(seq)).attempts for seq in range(3)]
            return attempts, len(server.peers)

    assert run(test) == ([1, 1, 1], 3)


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


def test_a_redirect_is_recorded_and_not_followed(run):
    async def redirect(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n")
        await peer.gone()

    async def test() -> tuple[Outcome, int]:
        async with serve(redirect) as server, Client(plan_for(server.url)) as client:
            return await client.request(), len(server.peers)

    outcome, connections = run(test)
    assert (outcome.status, outcome.code, connections) == (302, "HTTP_302", 1)


def test_a_chunked_answer_may_come_byte_by_byte(run):
    body = b'1a\r\n{"ok":false,"code":"QUEUE_\r\n5;x=y\r\nFULL"\r\n1\r\n}\r\n0\r\nTrailer: 1\r\n\r\n'
    data = b"HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n" + body

    async def drip(peer: Peer) -> None:
        await peer.request()
        for place in range(len(data)):
            await peer.send(data[place : place + 1])
            await asyncio.sleep(0)
        await answer_all(peer)

    async def test() -> list[tuple[int, str]]:
        async with serve(drip) as server, Client(plan_for(server.url)) as client:
            outcomes = [await client.request(seq) for seq in range(2)]
            assert len(server.peers) == 1
            return [(outcome.status, outcome.code) for outcome in outcomes]

    assert run(test) == [(503, "QUEUE_FULL"), (200, "SUCCESS")]


def test_interim_answers_are_skipped(run):
    async def interim(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK)
        await peer.gone()

    outcome = outcome_of_one_request(run, interim)
    assert (outcome.status, outcome.code) == (200, "SUCCESS")


def test_an_answer_without_a_length_ends_with_its_connection(run):
    async def until_close(peer: Peer) -> None:
        await peer.request()
        await peer.send(b'HTTP/1.1 200 OK\r\n\r\n{"code":"SUCCESS"}')

    outcome = outcome_of_one_request(run, until_close)
    assert (outcome.status, outcome.code) == (200, "SUCCESS")


def test_a_huge_header_is_refused(run):
    async def huge(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nX-Big: " + b"x" * 100_000 + b"\r\nContent-Length: 0\r\n\r\n")
        await peer.gone()

    outcome = outcome_of_one_request(run, huge)
    assert (outcome.status, outcome.code) == (0, "HEADER_TOO_LARGE")


def test_a_server_of_another_protocol_is_a_bad_answer(run):
    async def talk(peer: Peer) -> None:
        await peer.send(b"SSH-2.0-OpenSSH_9.2\r\n")
        await peer.gone()

    async def test() -> Outcome:
        async with serve(talk) as server, Client(plan_for(server.url)) as client:
            return await client.request()

    outcome = run(test)
    assert outcome.status == 0
    assert outcome.code == "BAD_ANSWER"


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
    async def talk_too_much(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK + b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await peer.gone()

    async def test() -> tuple[Outcome, Outcome, int]:
        async with serve(talk_too_much) as server, Client(plan_for(server.url)) as client:
            return await client.request(0), await client.request(1), len(server.peers)

    first, second, connections = run(test)
    assert (first.code, second.code) == ("SUCCESS", "SUCCESS")
    assert connections == 2


def test_a_name_that_does_not_resolve_is_a_dns_error(run):
    async def test() -> Outcome:
        async with Client(plan_for("http://no-such-host.invalid/", timeout_s=10)) as client:
            return await client.request()

    outcome = run(test)
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
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost",
            "-keyout",
            "key.pem",
            "-out",
            "cert.pem",
        ],
        cwd=folder,
        check=True,
        capture_output=True,
    )
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


def test_tls_with_a_trusted_certificate_works(run, certificate):
    outcome = tls_outcome(run, certificate, "localhost", ca_file=str(certificate))
    assert (outcome.status, outcome.code) == (200, "SUCCESS")


def test_tls_with_an_unknown_authority_is_a_tls_error(run, certificate):
    outcome = tls_outcome(run, certificate, "localhost")
    assert (outcome.status, outcome.code) == (0, "TLS_ERROR")


def test_tls_with_another_hosts_certificate_is_a_tls_error(run, certificate):
    outcome = tls_outcome(run, certificate, "127.0.0.1", ca_file=str(certificate))
    assert (outcome.status, outcome.code) == (0, "TLS_ERROR")


def test_tls_may_be_left_unverified_on_request(run, certificate):
    outcome = tls_outcome(run, certificate, "127.0.0.1", verify_tls=False)
    assert (outcome.status, outcome.code) == (200, "SUCCESS")


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
    async def test() -> list[float]:
        async with serve(Peer.gone) as server:
            async with Client(plan_for(server.url, timeout_s=0.1)) as client:
                waits = []
                for seq in range(3):
                    began = time.monotonic()
                    await client.request(seq)
                    waits.append(time.monotonic() - began)
                return waits

    assert all(0.1 <= wait < 1 for wait in run(test))
