"""A request for a decision, checked once where it comes in: what is passed on can be relied on.

{"version": "1", "request_id", "trace_id", "tenant_id", "policy_id", "task": {"type", "payload" or
"payload_ref"}, "constraints", "metadata"}
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

__all__ = ["Request", "RequestError", "read_request"]

_TEXT_MAX = 256


class RequestError(Exception):
    """A payload that is no request. `code` is `invalid_payload` where it is not even JSON."""

    def __init__(self, code: str, message: str, *, request_id: str = "", trace_id: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.request_id = request_id
        self.trace_id = trace_id


@dataclass(frozen=True, slots=True)
class Request:
    """A request whose shape is right. `payload` is what is sent on; `body` the same, parsed."""

    request_id: str
    trace_id: str
    body: dict[str, Any]
    payload: bytes


def read_request(payload: bytes, *, new_id: Callable[[], str] = lambda: uuid.uuid4().hex) -> Request:
    """The request that `payload` is; one without a `trace_id` gets a new one.

    Raises `RequestError` with a sentence. Unknown keys are passed on as they are.
    """
    try:
        body = orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        raise RequestError("invalid_payload", f"the payload is no JSON: {error}") from None
    if type(body) is not dict:
        raise RequestError("invalid_request", f"a request is a JSON object, not {_kind(body)}")
    request_id = _optional_text(body, "request_id", "", "")
    if not request_id:
        raise RequestError("invalid_request", "request_id is missing")
    trace_id = _optional_text(body, "trace_id", request_id, "")
    version = body.get("version")
    if version != "1":
        raise RequestError(
            "invalid_request", f"version must be \"1\", not {_short(version)}",
            request_id=request_id, trace_id=trace_id,
        )  # fmt: skip
    for key in ("tenant_id", "policy_id"):
        _optional_text(body, key, request_id, trace_id)
    task = body.get("task")
    if type(task) is not dict or type(task.get("type")) is not str or not task["type"]:
        raise RequestError(
            "invalid_request", "task must be an object with a type", request_id=request_id, trace_id=trace_id
        )
    if trace_id:
        return Request(request_id, trace_id, body, payload)
    trace_id = new_id()
    body["trace_id"] = trace_id
    try:
        return Request(request_id, trace_id, body, orjson.dumps(body))
    except (orjson.JSONEncodeError, RecursionError):
        # Nesting that can be read can be too deep to be written.
        raise RequestError(
            "invalid_payload", "the payload is nested too deeply", request_id=request_id
        ) from None


def _optional_text(body: dict[str, Any], key: str, request_id: str, trace_id: str) -> str:
    value = body.get(key)
    if value is None:
        return ""
    if type(value) is not str or not value or len(value) > _TEXT_MAX:
        raise RequestError(
            "invalid_request",
            f"{key} must be text of 1 to {_TEXT_MAX} characters, not {_short(value)}",
            request_id=request_id,
            trace_id=trace_id,
        )
    return value


def _kind(value: object) -> str:
    names: dict[type, str] = {list: "an array", str: "text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:60] + "..."
