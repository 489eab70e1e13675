"""What the gateway and the router do around their work: read settings, run until SIGTERM, say how it ended."""

import argparse
import gc
import os
import sys
from collections.abc import Callable, Coroutine, Mapping
from typing import NoReturn, TypeVar

import uvloop

from chaosproof.demo.grpc.program import EX_USAGE
from chaosproof.demo.grpc.settings import SettingError
from chaosproof.demo.router.nats_link import NatsError
from chaosproof.demo.router.socket_file import SocketError

__all__ = ["Parser", "run"]

_Settings = TypeVar("_Settings")


class Parser(argparse.ArgumentParser):
    """A wrong call ends with 64 and one sentence."""

    def error(self, message: str) -> NoReturn:
        self.exit(EX_USAGE, f"{self.prog}: {message}\n")


def run(
    read: Callable[[Mapping[str, str]], _Settings],
    serve: Callable[[_Settings], Coroutine[object, object, None]],
) -> int:
    """The exit code: 0 after a graceful end, 64 for a wrong setting, 1 for what cannot be reached or opened."""
    try:
        settings = read(os.environ)
    except SettingError as error:
        print(error, file=sys.stderr)
        return EX_USAGE
    # What lives now lives to the end, and requests make no cycles: collections are made rare and short.
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    try:
        uvloop.run(serve(settings))
    except (NatsError, SocketError) as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"Cannot serve: {error.strerror or error}; choose other ports and files.", file=sys.stderr)
        return 1
    return 0
