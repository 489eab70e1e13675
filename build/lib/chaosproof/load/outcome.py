"""How a request ended: what the connections hand on, and the recorder makes rows of."""

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

__all__ = ["FailureCode", "Outcome", "Recorder"]


class Outcome(NamedTuple):
    """The end of one request, with instants of time.monotonic(). `sent` is None for a request that got no connection,
    `status` 0 where there was no response.
    """

    seq: int
    due: float
    sent: float | None
    done: float
    status: int
    code: str
    instance: str
    attempts: int


Recorder = Callable[[Outcome], None]


class FailureCode(StrEnum):
    """The generator's own codes for a request without a response."""

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
