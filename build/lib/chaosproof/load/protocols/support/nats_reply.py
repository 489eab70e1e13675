"""A NATS reply as a response: its status, its code, its headers.

Errors come in four forms: a status of the server's own in the first line of the headers (`NATS/1.0 503`), the header
`Nats-Service-Error-Code` of the services API, the `{"error": {"code": 503, "err_code": 10077}}` of JetStream, and
`{"ok": false}` of `reply.py`.
"""

import json

from chaosproof.load.protocols.base import csv_word
from chaosproof.load.protocols.support.reply import status_and_code
from chaosproof.load.success import Response

__all__ = ["nats_response"]

_NO_RESPONDERS = 503


def nats_response(headers: bytes, payload: bytes) -> Response:
    """The response of a message; `headers` is empty where it has none."""
    first, *lines = headers.decode("latin-1").split("\r\n")
    fields = {
        name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
    }
    status, code = _outcome(first.split()[1:2], fields.get("nats-service-error-code"), payload)
    return Response(status, code, payload, fields)


def _outcome(server_status: list[str], service_error: str | None, payload: bytes) -> tuple[int, str]:
    if server_status and server_status[0].isdecimal() and (status := int(server_status[0])) >= 300:
        return _as_error(status), "NO_RESPONDERS" if status == _NO_RESPONDERS else f"NATS_{status}"
    if service_error is not None:
        return _as_error(service_error), csv_word(f"SERVICE_ERROR_{service_error}")
    return _jetstream_error(payload) or status_and_code(payload)


def _jetstream_error(payload: bytes) -> tuple[int, str] | None:
    if b"err_code" not in payload:
        return None
    try:
        error = json.loads(payload)["error"]
        return _as_error(error["code"]), f"JETSTREAM_{int(error['err_code'])}"
    except (ValueError, RecursionError, KeyError, TypeError):
        return None


def _as_error(status: int | str) -> int:
    """A status of an error as a row can have it; 500 for what is none of HTTP."""
    number = int(status) if str(status).isdecimal() else 500
    return number if 300 <= number <= 599 else 500
