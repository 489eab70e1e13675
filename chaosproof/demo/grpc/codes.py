"""The words in which the gRPC pair answers, and what they are in gRPC and in HTTP."""

from enum import StrEnum

import grpc

__all__ = ["PROTECTION", "Code", "code_of", "http_status_of"]


class Code(StrEnum):
    """How one call ended, as counted in `a_downstream_requests_total{code}` and told to the user."""

    SUCCESS = "SUCCESS"
    BACKEND_ERROR = "BACKEND_ERROR"
    UNAVAILABLE = "UNAVAILABLE"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    QUEUE_FULL = "QUEUE_FULL"
    CIRCUIT_OPEN = "CIRCUIT_OPEN"
    UNKNOWN = "UNKNOWN"


PROTECTION = frozenset({Code.QUEUE_FULL, Code.CIRCUIT_OPEN})
"""Answers of our own policies: app-b never saw the call."""

_BY_GRPC_STATUS = {
    grpc.StatusCode.RESOURCE_EXHAUSTED: Code.BACKEND_ERROR,
    grpc.StatusCode.UNAVAILABLE: Code.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED: Code.DEADLINE_EXCEEDED,
}

_HTTP_STATUS = {
    Code.SUCCESS: 200,
    Code.DEADLINE_EXCEEDED: 504,
    Code.BACKEND_ERROR: 500,
    Code.UNKNOWN: 500,
}


def code_of(status: grpc.StatusCode) -> Code:
    """The code for a failed call's gRPC status; one that is not in the contract is UNKNOWN."""
    return _BY_GRPC_STATUS.get(status, Code.UNKNOWN)


def http_status_of(code: Code) -> int:
    """The HTTP status that app-a answers with: 200, 500, 503 or 504."""
    return _HTTP_STATUS.get(code, 503)
