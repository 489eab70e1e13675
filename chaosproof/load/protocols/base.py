"""What an engine and a protocol say to each other: a call goes onto a connection, an outcome comes back.

One small file per protocol implements `Driver` and `Connection`; `slot.py` implements `Owner`.
"""

import re
from typing import Protocol

__all__ = [
    "BAD_ANSWER",
    "BUG",
    "CLOSED_EARLY",
    "CONNECTION_RESET",
    "CONNECT_REFUSED",
    "CONNECT_TIMEOUT",
    "DNS_ERROR",
    "HEADER_TOO_LARGE",
    "NOT_SENT",
    "NO_FD",
    "NO_PORT",
    "STOPPED",
    "TIMEOUT",
    "TLS_ERROR",
    "UNREACHABLE",
    "Connection",
    "Driver",
    "OpenError",
    "Owner",
    "csv_word",
]

# The generator's own words for a request without an answer; its status is 0.
CONNECT_REFUSED = "CONNECT_REFUSED"
CONNECT_TIMEOUT = "CONNECT_TIMEOUT"
UNREACHABLE = "UNREACHABLE"  # no route, no such socket file, not permitted
DNS_ERROR = "DNS_ERROR"
TLS_ERROR = "TLS_ERROR"
NO_FD = "NO_FD"
NO_PORT = "NO_PORT"
CONNECTION_RESET = "CONNECTION_RESET"
CLOSED_EARLY = "CLOSED_EARLY"
TIMEOUT = "TIMEOUT"
BAD_ANSWER = "BAD_ANSWER"
HEADER_TOO_LARGE = "HEADER_TOO_LARGE"
NOT_SENT = "NOT_SENT"  # still waiting for a connection when the load was over
STOPPED = "STOPPED"  # in flight when the load was ended early
BUG = "BUG"  # the generator's own mistake, which also ends the load

_FOREIGN = re.compile(r"[^A-Za-z0-9_.:/@+-]")
_WORD_LENGTH = 64


class OpenError(Exception):
    """A connection could not be opened; `code` names why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Owner(Protocol):
    """Who holds a connection and hears what becomes of the request on it."""

    def answered(self, at: float, status: int, code: str, instance: str, reusable: bool) -> None:
        """The answer is whole since `at`; `reusable` says whether the connection can take another request."""

    def lost(self, code: str, answer_begun: bool) -> None:
        """The connection is gone, with or without a request on it; `code` names how."""


class Connection(Protocol):
    """One open connection with at most one request on it."""

    @property
    def lost_code(self) -> str:
        """Empty while the connection is alive; then the code that its owner was told."""

    def send(self, seq: int) -> None:
        """Put request `seq` on the wire; the owner hears exactly one `answered` or `lost` of it."""

    def close(self) -> None:
        """Drop the connection at once; the owner hears nothing more of it."""


class Driver(Protocol):
    """How one protocol opens its connections."""

    @property
    def idempotent(self) -> bool:
        """Whether a request may be sent again when a kept-alive connection died before its answer."""

    async def open(self, owner: Owner) -> Connection:
        """A new connection, ready to send; raises `OpenError`."""


def csv_word(text: str) -> str:
    """`text` from outside as a short word that can stand in a CSV row and in a table."""
    return _FOREIGN.sub("_", text[:_WORD_LENGTH])
