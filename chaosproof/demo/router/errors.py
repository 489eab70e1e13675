"""What goes wrong on the way, as the client of the gateway is told: one table, one shape.

A RESPONSE_ERROR holds `{"ok": false, "error": {"code", "status", "message"}, "context": {"request_id",
"trace_id"}}`. `status` is what HTTP would say. Where the frame itself was wrong, or its answer did not come,
the error has a `protocol_code` too.
"""

from collections.abc import Mapping

import orjson

from chaosproof.demo.router.frames import ProtocolCode

__all__ = ["BAD_REPLY_STATUS", "STATUSES", "error_payload", "error_status"]

BAD_REPLY_STATUS = 502

# What the router may answer, and what the gateway finds out itself.
STATUSES: Mapping[str, int] = {
    "invalid_request": 400,
    "unauthorized": 401,
    "policy_not_found": 404,
    "overloaded": 503,
    "decision_failed": 503,
    "internal": 500,
    "nats_unreachable": 503,
    "router_unreachable": 503,
    "timeout": 504,
    "bad_reply": BAD_REPLY_STATUS,
    "shutting_down": 503,
    "invalid_version": 400,
    "invalid_type": 400,
    "frame_too_large": 413,
    "invalid_payload": 400,
}

_PROTOCOL_CODES: Mapping[str, ProtocolCode] = {
    "invalid_version": ProtocolCode.INVALID_VERSION,
    "invalid_type": ProtocolCode.INVALID_TYPE,
    "frame_too_large": ProtocolCode.FRAME_TOO_LARGE,
    "invalid_payload": ProtocolCode.INVALID_PAYLOAD,
    "timeout": ProtocolCode.TIMEOUT,
    "nats_unreachable": ProtocolCode.CONNECTION_CLOSED,
    "router_unreachable": ProtocolCode.CONNECTION_CLOSED,
    "shutting_down": ProtocolCode.CONNECTION_CLOSED,
    "internal": ProtocolCode.INTERNAL,
}


def error_status(code: str) -> int:
    """The status of an error's code; 502 for one that nobody knows."""
    return STATUSES.get(code, BAD_REPLY_STATUS)


def error_payload(code: str, message: str, *, request_id: str = "", trace_id: str = "") -> bytes:
    """The payload of a RESPONSE_ERROR; a context that is not known is left out."""
    error: dict[str, object] = {"code": code, "status": error_status(code), "message": message}
    if code in _PROTOCOL_CODES:
        error["protocol_code"] = int(_PROTOCOL_CODES[code])
    context = {"request_id": request_id, "trace_id": trace_id} if request_id else {}
    return orjson.dumps({"ok": False, "error": error, "context": context})
