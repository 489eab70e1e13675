"""JSON replies `{"ok": bool, "error": {...}}` as a status and a code."""

import json

from chaosproof.load.protocols.base import csv_word

__all__ = ["OK", "error_of", "status_and_code"]

OK = "OK"


def status_and_code(payload: bytes) -> tuple[int, str]:
    """200 OK, unless the reply is a JSON object whose `ok` is false."""
    try:
        reply = json.loads(payload)
    except (ValueError, RecursionError):
        return 200, OK
    if isinstance(reply, dict) and reply.get("ok") is False:
        return error_of(payload)
    return 200, OK


def error_of(payload: bytes) -> tuple[int, str]:
    """Status and code of `{"error": {"status": 503, "code": "overloaded"}}`; 500 ERROR where they are missing."""
    try:
        error = json.loads(payload)["error"]
        code, status = error["code"], error.get("status", 500)
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        return 500, "ERROR"
    well_formed = isinstance(status, int) and 300 <= status <= 599
    return (status if well_formed else 500), csv_word(str(code)) or "ERROR"
