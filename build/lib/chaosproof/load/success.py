"""What counts as served: the conditions that a plan's `success` lists, all of which a response must meet.

    status 200-299,404                     the statuses that count, in place of 200 to 299
    json errors absent                     the value at a path of the JSON body: not there, null or empty
    json data.items.0.id exists            it is there and not empty
    json ok = true, json state != "late"   what it is, or is not
    text has thank you, text lacks sorry   what the body holds, or does not
    header Warning absent, header X-Cache = HIT
    grpc OK,NOT_FOUND                      the gRPC statuses that count, in place of OK

A response that misses a condition is recorded with status 500 and `NOT_SERVED_` before its code; one that counts with a
status of its own is recorded with status 200. Its code keeps what the server sent. A reader of the rows needs no rule.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from chaosproof.errors import UsageError
from chaosproof.runfolder.requests import is_ok

__all__ = ["BY_DEFAULT", "Response", "SuccessRule", "read_success"]

NOT_SERVED = "NOT_SERVED_"
_EMPTY: tuple[object, ...] = (None, "", [], {})
_FORM = re.compile(r"(?P<kind>\S+)(?:\s+(?P<rest>.*\S))?\s*", re.DOTALL)
_COMPARED = re.compile(r"(?P<subject>\S+)\s+(?P<how>exists|absent|!=|=)(?:\s+(?P<value>.+))?", re.DOTALL)
_TEXT = re.compile(r"(?P<how>has|lacks)\s+(?P<value>.+)", re.DOTALL)
_STATUSES = re.compile(r"([1-5]\d\d)(?:-([1-5]\d\d))?")
_GRPC_NAME = re.compile(r"[A-Z]+(_[A-Z]+)*")
_REPLACING = ("status", "grpc")  # these kinds stand in place of the default, every other one comes on top


class Response(NamedTuple):
    """What a condition can look at; names of headers are in lower case, a body that is too long to judge is None."""

    status: int
    code: str
    body: bytes | None = b""
    headers: Mapping[str, str] = {}


@dataclass(frozen=True)
class SuccessRule:
    """The conditions of a plan; a rule without any leaves every response as it is."""

    conditions: tuple[tuple[str, Callable[[Response], bool]], ...] = ()
    headers: frozenset[str] = frozenset()

    @property
    def reads_body(self) -> bool:
        return any(kind in ("json", "text") for kind, _ in self.conditions)

    def outcome(self, response: Response) -> tuple[int, str]:
        """Status and code as they are recorded."""
        status, code = response.status, response.code
        if not self.conditions:
            return status, code
        kinds = {kind for kind, _ in self.conditions}
        counts = is_ok(status) if kinds.isdisjoint(_REPLACING) else True
        if counts and all(is_met(response) for _, is_met in self.conditions):
            return (status if is_ok(status) else 200), code
        return (500, NOT_SERVED + code) if is_ok(status) else (status, code)


BY_DEFAULT = SuccessRule()


def read_success(conditions: Sequence[str], kinds: frozenset[str], protocol: str) -> SuccessRule:
    """The rule of `conditions`; raises `UsageError` for one that cannot be read, or is none of `kinds`, those that a
    load over `protocol` can have.
    """
    read = []
    headers = set()
    for text in conditions:
        form = _FORM.fullmatch(text.strip())
        kind, rest = (form["kind"], form["rest"] or "") if form else ("", "")
        if kind not in kinds:
            known = ", ".join(sorted(kinds)) or "none"
            raise UsageError(
                f"success {text!r}: a load over {protocol} has conditions that begin with one of: {known}"
            )
        is_met = _READERS[kind](rest)
        if is_met is None:
            raise UsageError(f"success {text!r} cannot be read; it must look like: {_EXAMPLES[kind]}")
        read.append((kind, is_met))
        if kind == "header":
            headers.add(rest.split()[0].lower())
    return SuccessRule(tuple(read), frozenset(headers))


def _status(rest: str) -> Callable[[Response], bool] | None:
    counted: set[int] = set()
    for part in rest.split(","):
        match = _STATUSES.fullmatch(part.strip())
        if match is None:
            return None
        low, high = int(match[1]), int(match[2] or match[1])
        counted.update(range(low, high + 1))
    if counted.issuperset(range(500, 600)):
        raise UsageError(
            f"success 'status {rest}' counts every error of a server as served: nothing could fail"
        )
    return (lambda response: response.status in counted) if counted else None


def _grpc(rest: str) -> Callable[[Response], bool] | None:
    names = {part.strip() for part in rest.split(",")}
    if not all(_GRPC_NAME.fullmatch(name) for name in names):
        return None
    if {"UNAVAILABLE", "INTERNAL"} <= names:
        raise UsageError(
            f"success 'grpc {rest}' counts a server that is not there as served: nothing could fail"
        )
    return lambda response: response.code in names


def _text(rest: str) -> Callable[[Response], bool] | None:
    match = _TEXT.fullmatch(rest)
    if match is None:
        return None
    wanted, value = match["how"] == "has", match["value"].encode()
    return lambda response: response.body is not None and (value in response.body) is wanted


def _json(rest: str) -> Callable[[Response], bool] | None:
    match = _COMPARED.fullmatch(rest)
    matches = _comparison(match, _json_value) if match else None
    if match is None or matches is None:
        return None
    path = match["subject"].split(".")

    def is_met(response: Response) -> bool:
        try:
            document = json.loads(response.body or b"")
        except (ValueError, RecursionError):
            return False  # a body that cannot be read shows nothing, not even that something is absent
        return matches(_at(document, path))

    return is_met


def _header(rest: str) -> Callable[[Response], bool] | None:
    match = _COMPARED.fullmatch(rest)
    matches = _comparison(match, str) if match else None
    if match is None or matches is None:
        return None
    name = match["subject"].lower()
    return lambda response: matches(response.headers.get(name))


def _comparison(match: re.Match[str], read_value: Callable[[str], Any]) -> Callable[[Any], bool] | None:
    how, written = match["how"], match["value"]
    if (how in ("exists", "absent")) == (written is not None):
        return None
    if written is None:
        return lambda value: (value in _EMPTY) is (how == "absent")
    wanted = read_value(written)
    return lambda value: _equal(value, wanted) is (how == "=")


def _equal(value: object, wanted: object) -> bool:
    # In Python true equals 1, which it does not in JSON.
    return isinstance(value, bool) == isinstance(wanted, bool) and value == wanted


def _json_value(written: str) -> Any:
    try:
        return json.loads(written)
    except (ValueError, RecursionError):
        return written


def _at(document: Any, path: Sequence[str]) -> Any:
    for key in path:
        if isinstance(document, Mapping):
            document = document.get(key)
        elif isinstance(document, list) and key.isdecimal() and int(key) < len(document):
            document = document[int(key)]
        else:
            return None
    return document


_READERS = {"status": _status, "json": _json, "text": _text, "header": _header, "grpc": _grpc}
_EXAMPLES = {
    "status": "status 200-299,404",
    "json": "json errors absent, json data.id exists, json ok = true",
    "text": "text has thank you, text lacks sorry",
    "header": "header Warning absent, header X-Cache = HIT",
    "grpc": "grpc OK,NOT_FOUND",
}
