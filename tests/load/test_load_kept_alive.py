"""Which connection a request takes: all addresses of a name, and a kept-alive one that the server has closed."""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from chaosproof.load.protocols.support import connect
from chaosproof.load.protocols.support.connect import Resolver
from tests.support.load_client import Client, Outcome, plan_for
from tests.support.scripted_server import OK, answer_all, serve

INET, INET6 = socket.AF_INET, socket.AF_INET6


@contextlib.contextmanager
def server_of_one_request_each(reads_second: bool) -> Iterator[str]:
    """In a thread: it answers one request on a connection and closes it, with `reads_second` once it has read
    another.
    """
    listener = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        with contextlib.suppress(OSError):
            while True:
                peer, _ = listener.accept()
                with peer:
                    peer.recv(65536)
                    peer.sendall(OK)
                    if reads_second:
                        peer.recv(65536)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


@pytest.mark.parametrize(
    ("reads_second", "expected"), [(False, (200, "SUCCESS", 2)), (True, (0, "CLOSED_EARLY", 1))]
)
def test_a_post_is_sent_again_only_where_the_server_cannot_have_read_it(run, reads_second, expected):
    async def test() -> Outcome:
        with server_of_one_request_each(reads_second) as url:
            async with Client(plan_for(url, method="POST", body="x")) as client:
                await client.request()
                time.sleep(0.05)  # noqa: ASYNC251  the loop is kept from seeing that the server has closed
                return await client.request(1)

    outcome = run(test)
    assert (outcome.status, outcome.code, outcome.attempts) == expected


def test_connections_take_turns_over_the_addresses_of_the_first_family(monkeypatch):
    known = ((INET, "a"), (INET, "b"), (INET6, "c"))
    monkeypatch.setattr(connect, "_numeric", lambda host, port: known)

    async def test() -> list[tuple[object, ...]]:
        resolver = Resolver("two", 80)
        return [tuple(address for _, address in await resolver.addresses()) for _ in range(4)]

    orders = asyncio.run(test())
    assert set(orders) == {("a", "b", "c"), ("b", "a", "c")} and orders[0] == orders[2] != orders[1]


def test_a_name_of_two_servers_is_spread_over_both(run, monkeypatch):
    async def test() -> list[int]:
        async with serve(answer_all) as left, serve(answer_all) as right:
            both = tuple((INET, ("127.0.0.1", server.port)) for server in (left, right))
            monkeypatch.setattr(connect, "_numeric", lambda host, port: both)
            plan = plan_for("http://two/")
            async with Client(plan) as client:
                await client.request()
                client.connection.abort()
                await client.request()
            return [len(left.peers), len(right.peers)]

    assert run(test) == [1, 1]
