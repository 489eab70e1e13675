"""Says when a router serves: asks over NATS until one replies, and from then on listens on a Unix socket.

    python -m chaosproof.demo.router.watch nats://127.0.0.1:4222 beamline.router.v1.decide /run/router.ready

So a lab can wait for any router, also one that has no page or port of its own to ask. It ends with the process that
started it.
"""

import asyncio
import contextlib
import os
import sys
from pathlib import Path

from chaosproof.demo.router.connection import new_request
from chaosproof.demo.router.nats_link import NatsLink, parse_url

__all__ = ["main", "wait_for_router"]

_ASK_AGAIN_S = 0.02
_REPLY_S = 2.0
_LOOK_S = 0.5
_FOR_EVER_S = 1e9


async def wait_for_router(nats_url: str, subject: bytes) -> None:
    """Return once a router has replied to a request; raises `SettingError` for a wrong address."""
    inbox = b"_INBOX." + os.urandom(11).hex().encode()
    replied = asyncio.Event()
    refused = asyncio.Event()

    def heard(_: bytes, __: bytes, ___: bytes, status: int) -> None:
        (refused if status == 503 else replied).set()

    link = NatsLink(parse_url("NATS_URL", nats_url), "router watch", on_change=lambda _: None)
    link.subscribe(inbox, heard)
    await link.start(_FOR_EVER_S)
    request = new_request(f"startup-{os.getpid()}", {"type": "startup.check"})
    while not replied.is_set():
        refused.clear()
        link.publish(subject, request, inbox)
        heard_one = [asyncio.ensure_future(event.wait()) for event in (replied, refused)]
        await asyncio.wait(heard_one, timeout=_REPLY_S, return_when=asyncio.FIRST_COMPLETED)
        for waiter in heard_one:
            waiter.cancel()
        if not replied.is_set():
            await asyncio.sleep(_ASK_AGAIN_S)
    await link.close()


async def _watch(nats_url: str, subject: str, path: str) -> None:
    parent = os.getppid()
    waiting = asyncio.create_task(wait_for_router(nats_url, subject.encode()))
    while not waiting.done() and os.getppid() == parent:
        await asyncio.wait([waiting], timeout=_LOOK_S)
    if not waiting.done():
        return
    waiting.result()
    with contextlib.suppress(FileNotFoundError):
        Path(path).unlink()
    server = await asyncio.start_unix_server(lambda _, writer: writer.close(), path)
    async with server:
        gone = asyncio.Event()
        while os.getppid() == parent:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(gone.wait(), _LOOK_S)


def main(arguments: list[str] | None = None) -> int:
    """Watch until the process that started this one has ended; 64 for a wrong call."""
    given = sys.argv[1:] if arguments is None else arguments
    if len(given) != 3:
        print(
            "python -m chaosproof.demo.router.watch takes NATS_URL, SUBJECT and SOCKET_PATH.", file=sys.stderr
        )
        return 64
    asyncio.run(_watch(*given))
    return 0


if __name__ == "__main__":
    sys.exit(main())
