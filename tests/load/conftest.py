"""Every test of the load generator that needs an event loop runs on asyncio's own and on uvloop."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
import uvloop

from tests.support.scripted_server import ScriptedServer, answer_all, serve

Run = Callable[[Callable[[], Coroutine[Any, Any, Any]]], Any]


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """Runs an async test to its end, and fails it when it leaves a task or an unheard exception behind."""

    def run_to_end(test: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        unheard: list[dict[str, Any]] = []

        async def whole() -> Any:
            loop = asyncio.get_running_loop()
            loop.set_exception_handler(lambda _, context: unheard.append(context))
            result = await test()
            this = asyncio.current_task()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(2):
                    while left := [task for task in asyncio.all_tasks() if task is not this]:
                        await asyncio.wait(left)
            assert [task for task in asyncio.all_tasks() if task is not this] == []
            return result

        with asyncio.Runner(loop_factory=request.param) as runner:
            result = runner.run(whole())
        assert unheard == []
        return result

    return run_to_end


@pytest.fixture(scope="session")
def url() -> Iterator[str]:
    """The url of a server that answers everyone, for tests whose client is another process."""
    ready = threading.Event()
    servers: list[tuple[ScriptedServer, asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def whole() -> None:
        end = asyncio.Event()
        async with serve(answer_all) as server:
            servers.append((server, asyncio.get_running_loop(), end))
            ready.set()
            await end.wait()

    thread = threading.Thread(target=lambda: uvloop.run(whole()))
    thread.start()
    assert ready.wait(10)
    server, loop, end = servers[0]
    yield server.url
    loop.call_soon_threadsafe(end.set)
    thread.join()
