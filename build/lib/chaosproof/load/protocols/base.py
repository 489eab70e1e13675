"""The contract of a load protocol. To add one, put one module beside this file that declares a `PROTOCOL`.

The module holds a `LoadProtocol`, a `Driver` that opens connections, and its `Connection`; `registry.py` finds it by
itself, and with it the url schemes and the options of a plan. A library that takes long to import is imported by the
driver's constructor, not at the top of the module, since every module here is read before any load. Each request that
is sent ends in exactly one call of its `ResponseHandler`. What several protocols share stands in `support/`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import SplitResult

from chaosproof.errors import UsageError
from chaosproof.load.plan import Plan

__all__ = ["Connection", "Driver", "LoadProtocol", "OpenError", "ResponseHandler", "check_host", "csv_word"]

_NOT_IN_A_WORD = re.compile(r"[^A-Za-z0-9_.:/@+-]")
_WORD_LENGTH = 64


class OpenError(Exception):
    """A connection could not be opened; `code` names why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class ResponseHandler(Protocol):
    """What a connection calls when its request ends; the connection pool implements it."""

    def response_received(self, at: float, status: int, code: str, instance: str, reusable: bool) -> None:
        """The response is whole since `at` (time.monotonic()); `reusable` says whether the connection can take
        another request.
        """

    def connection_lost(self, code: str, response_begun: bool, unread: bool = False) -> None:
        """The connection is gone, with or without a request on it; `code` names how. With `unread` the server had
        closed it before the request reached it.
        """


class Connection(Protocol):
    """One open connection with at most one request on it."""

    @property
    def lost_code(self) -> str:
        """Empty while the connection is alive; then the code that its handler got."""

    def send(self, seq: int) -> None:
        """Send request `seq`; exactly one call of `response_received` or `connection_lost` follows."""

    def close(self) -> None:
        """Drop the connection at once; its handler is not called any more."""


class Driver(Protocol):
    """Opens the connections of one plan."""

    @property
    def idempotent(self) -> bool:
        """Whether a request may be sent again when a kept-alive connection died before its response."""

    async def open(self, handler: ResponseHandler) -> Connection:
        """A new connection, ready to send; raises `OpenError`."""


@dataclass(frozen=True, kw_only=True)
class LoadProtocol:
    """The declaration of one protocol.

    `url_form` shows a url of it, for help and error messages. `options` are the fields of a `Plan` that this protocol
    uses beside those of every load; setting any other is refused. `check_url` raises `UsageError` for a url that is
    none of this protocol. `conditions` are the kinds of `success` (see `load/success.py`) that its responses can
    answer. `make_driver` may raise `UsageError` for what only the driver can see.
    """

    name: str
    schemes: tuple[str, ...]
    url_form: str
    options: frozenset[str]
    check_url: Callable[[str, SplitResult], None]
    make_driver: Callable[[Plan], Driver]
    conditions: frozenset[str] = frozenset()


def check_host(url: str, parts: SplitResult, *, credentials: bool = False) -> None:
    """Raise `UsageError` unless `url` names a host to connect to, and holds no credentials but where they may be."""
    if parts.username is not None and not credentials:
        raise UsageError(f"the url of {parts.hostname} holds credentials: put them into a header")
    if not parts.hostname:
        raise UsageError(f"url {url!r} names no host")
    if parts.port == 0:
        raise UsageError(f"url {url!r} names port 0, which nobody listens on")


def csv_word(text: str) -> str:
    """`text` from outside as a short word that can stand in a CSV row and in a table."""
    return _NOT_IN_A_WORD.sub("_", text[:_WORD_LENGTH])
