"""What a program of the pair does around its work: read settings, run until SIGTERM, say how it ended."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Mapping
from typing import TypeVar

import uvloop

from chaosproof.demo.grpc.settings import SettingError

__all__ = ["EX_USAGE", "run", "terminated"]

EX_USAGE = 64

_Settings = TypeVar("_Settings")


def run(
    read: Callable[[Mapping[str, str]], _Settings],
    serve: Callable[[_Settings], Coroutine[object, object, None]],
) -> int:
    """The exit code: 0 after a graceful end, 64 for a wrong setting, 1 for a port that is taken."""
    try:
        settings = read(os.environ)
    except SettingError as error:
        print(error, file=sys.stderr)
        return EX_USAGE
    try:
        uvloop.run(serve(settings))
    except OSError as error:
        print(
            f"Cannot serve: {error.strerror or error}; choose other ports or end who holds them.",
            file=sys.stderr,
        )
        return 1
    return 0


def terminated() -> asyncio.Event:
    """An event that SIGTERM or SIGINT sets."""
    event = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, event.set)
    return event
