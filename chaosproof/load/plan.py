"""What a load is to be: a frozen `Plan`, checked strictly where it comes in, as JSON or as options.

Every mistake is a `UsageError` that names the field, the value and what was expected.
"""

import base64
import binascii
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from chaosproof.errors import UsageError
from chaosproof.load.duration import parse_duration
from chaosproof.load.pacing import Stage, due_offsets, expected_requests

__all__ = ["MAX_DURATION_S", "Plan", "plan_from_dict", "plan_from_file"]

MAX_DURATION_S = 3600.0
MAX_CONNECTIONS = 65_536
MAX_RATE_RPS = 1_000_000.0
PROTOCOLS = {"http": "http", "https": "http", "grpc": "grpc", "ipc": "ipc", "nats": "nats"}
MODELS = ("open", "closed")
ARRIVALS = ("constant", "poisson")
_METHODS = ("GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "POST", "PATCH")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A load that has been checked. `rate_rps` is None for a closed model without a cap.

    `stages` is empty for one constant rate; else the rate's course, and `rate_rps` is its mean.
    `frame` is the kind of frame sent over `ipc://`. `ca_file` replaces the system's certificate authorities.
    """

    name: str
    url: str
    protocol: str
    model: str
    arrivals: str
    rate_rps: float | None
    connections: int
    duration_s: float
    timeout_s: float
    seed: int
    stages: tuple[Stage, ...] = ()
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    frame: str = "PING"
    ca_file: str | None = None
    verify_tls: bool = True
    processes: int = 1

    @property
    def course(self) -> tuple[Stage, ...]:
        """The rate over time; empty when there is no cap."""
        if self.stages:
            return self.stages
        return () if self.rate_rps is None else (Stage(self.rate_rps, self.rate_rps, self.duration_s),)

    @property
    def planned(self) -> int | None:
        """How many requests the plan asks for, exactly; None when there is no cap."""
        if self.rate_rps is None:
            return None
        if self.arrivals == "constant":
            return max(1, math.ceil(expected_requests(self.course) - 5e-7))
        return sum(1 for _ in self.offsets())

    def offsets(self) -> Iterator[float]:
        """Seconds after the start at which each request is due."""
        return due_offsets(self.course, self.arrivals, self.seed)

    def to_dict(self) -> dict[str, Any]:
        """The plan as load-plan.json has it; `plan_from_dict` reads it back."""
        plan = asdict(self)
        plan["headers"] = [list(header) for header in self.headers]
        plan["stages"] = [asdict(stage) for stage in self.stages]
        try:
            plan["body"] = self.body.decode()
        except UnicodeDecodeError:
            del plan["body"]
            plan["body_base64"] = base64.b64encode(self.body).decode()
        return plan


def plan_from_file(path: Path, *, max_duration_s: float = MAX_DURATION_S) -> Plan:
    """The plan of a JSON file."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"cannot read the plan {path}: {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"the plan {path} is no JSON: {error}") from error
    if not isinstance(raw, dict):
        raise UsageError(f"the plan {path} must be a JSON object, not {type(raw).__name__}")
    return plan_from_dict(raw, max_duration_s=max_duration_s)


def plan_from_dict(raw: Mapping[str, Any], *, max_duration_s: float = MAX_DURATION_S) -> Plan:
    """A checked plan. Durations are seconds as numbers (`duration_s: 60`) or text with a unit (`"60s"`)."""
    known = {field.name for field in fields(Plan)} | {"body_base64"}
    for key in raw:
        if key not in known:
            raise UsageError(f"the plan has an unknown field {key!r}; known are {', '.join(sorted(known))}")
    if "url" not in raw:
        raise UsageError("the plan has no url")
    url = raw["url"]
    protocol = _protocol(url)
    if raw.get("protocol", protocol) != protocol:
        raise UsageError(f"protocol {raw['protocol']!r} does not fit the url {url!r}, which is {protocol}")
    model = _choice(raw, "model", MODELS)
    arrivals = _choice(raw, "arrivals", ARRIVALS)
    stages = _stages(raw.get("stages") or ())
    if stages:
        duration_s = math.fsum(stage.duration_s for stage in stages)
        rate_rps: float | None = expected_requests(stages) / duration_s
    else:
        duration_s = _duration(raw, "duration_s", None)
        rate_rps = _rate(raw, model)
    if not 1.0 <= duration_s <= max_duration_s:
        raise UsageError(f"duration_s {duration_s:g} is out of range: from 1 s to {max_duration_s:g} s")
    if model == "closed" and (stages or arrivals != "constant"):
        raise UsageError(
            "the closed model knows one constant rate only: drop stages and arrivals, or use open"
        )
    connections = _whole(raw, "connections", 1, MAX_CONNECTIONS, 50)
    return Plan(
        name=_text(raw, "name", "load"),
        url=url,
        protocol=protocol,
        model=model,
        arrivals=arrivals,
        rate_rps=rate_rps,
        connections=connections,
        duration_s=duration_s,
        timeout_s=_between(_duration(raw, "timeout_s", 10.0), "timeout_s", 0.001, 600.0),
        seed=_whole(raw, "seed", 0, 2**63 - 1, 0),
        stages=stages,
        method=_choice(raw, "method", _METHODS),
        headers=_headers(raw.get("headers") or ()),
        body=_body(raw),
        frame=_choice(raw, "frame", ("PING", "TASK_SUBMIT")),
        ca_file=_text(raw, "ca_file", "") or None,
        verify_tls=_flag(raw, "verify_tls", True),
        processes=_whole(raw, "processes", 1, connections, 1),
    )


def _protocol(url: object) -> str:
    if not isinstance(url, str):
        raise UsageError(f"url must be text, not {url!r}")
    schemes = ", ".join(f"{scheme}://" for scheme in PROTOCOLS)
    if "://" not in url:
        raise UsageError(f"url {url!r} has no scheme: begin it with one of {schemes}")
    if any(character <= " " or character == "\x7f" for character in url):
        raise UsageError(f"url {url!r} holds a blank or control character: write it percent-encoded")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise UsageError(f"url {url!r} is malformed: {error}") from error
    if parts.scheme not in PROTOCOLS:
        raise UsageError(f"url {url!r} has the unknown scheme {parts.scheme}://; known are {schemes}")
    _check_place(url, parts, port)
    return PROTOCOLS[parts.scheme]


def _check_place(url: str, parts: SplitResult, port: int | None) -> None:
    if parts.scheme == "ipc":
        if parts.netloc or not parts.path.strip("/"):
            raise UsageError(f"url {url!r} must name a socket's absolute path: ipc:///run/gateway.sock")
        return
    if parts.username is not None:
        raise UsageError(f"the url of {parts.hostname} holds credentials: put them into a header")
    if not parts.hostname:
        raise UsageError(f"url {url!r} names no host")
    if port == 0:
        raise UsageError(f"url {url!r} names port 0, which nobody listens on")
    if parts.scheme == "grpc" and (port is None or parts.path.count("/") != 2 or parts.path.endswith("/")):
        raise UsageError(f"url {url!r} must read grpc://host:port/package.Service/Method")
    if parts.scheme == "nats" and not parts.path.strip("/"):
        raise UsageError(f"url {url!r} names no subject: nats://host:4222/the.subject")


def _rate(raw: Mapping[str, Any], model: str) -> float | None:
    if raw.get("rate_rps") is None:
        if model == "closed":
            return None
        raise UsageError("the open model needs a rate_rps: requests per second, such as 200")
    rate = _number(raw["rate_rps"], "rate_rps")
    if not 0 < rate <= MAX_RATE_RPS:
        raise UsageError(f"rate_rps {rate:g} is out of range: above 0, at most {MAX_RATE_RPS:g}")
    return rate


def _stages(raw: object) -> tuple[Stage, ...]:
    if not isinstance(raw, Sequence) or isinstance(raw, str):
        raise UsageError(f"stages must be a list, not {raw!r}")
    stages = tuple(_stage(item, place) for place, item in enumerate(raw))
    if stages and expected_requests(stages) < 1:
        raise UsageError("the stages together ask for less than one request")
    return stages


def _stage(item: object, place: int) -> Stage:
    wanted = {"from_rps", "to_rps", "duration_s"}
    if not isinstance(item, Mapping) or set(item) != wanted:
        raise UsageError(f"stages[{place}] must have exactly from_rps, to_rps and duration_s, not {item!r}")
    numbers = {key: _number(item[key], f"stages[{place}].{key}") for key in sorted(wanted)}
    if numbers["duration_s"] <= 0 or not all(0 <= rate <= MAX_RATE_RPS for rate in numbers.values()):
        raise UsageError(f"stages[{place}] needs rates from 0 to {MAX_RATE_RPS:g} and a duration above 0")
    return Stage(**numbers)


def _number(value: object, what: str) -> float:
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            raise UsageError(f"{what} {value!r} is no number") from None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UsageError(f"{what} must be a number, not {value!r}")
    if not math.isfinite(value):
        raise UsageError(f"{what} must be a finite number, not {value}")
    return float(value)


def _duration(raw: Mapping[str, Any], key: str, default_s: float | None) -> float:
    value = raw.get(key, default_s)
    if value is None:
        raise UsageError(f"the plan has no {key}")
    return parse_duration(value, key) if isinstance(value, str) else _number(value, key)


def _between(value: float, what: str, low: float, high: float) -> float:
    if not low <= value <= high:
        raise UsageError(f"{what} {value:g} is out of range: from {low:g} to {high:g}")
    return value


def _whole(raw: Mapping[str, Any], key: str, low: int, high: int, default: int) -> int:
    number = _number(raw.get(key, default), key)
    if number != int(number):
        raise UsageError(f"{key} must be a whole number, not {number:g}")
    if not low <= number <= high:
        raise UsageError(f"{key} {int(number)} is out of range: from {low} to {high}")
    return int(number)


def _choice(raw: Mapping[str, Any], key: str, choices: tuple[str, ...]) -> str:
    value = raw.get(key, choices[0])
    if value not in choices:
        raise UsageError(f"{key} {value!r} is unknown; known are {', '.join(choices)}")
    return str(value)


def _text(raw: Mapping[str, Any], key: str, default: str) -> str:
    value = raw.get(key)
    if value is None:
        return default
    if not isinstance(value, str):
        raise UsageError(f"{key} must be text, not {value!r}")
    return value


def _flag(raw: Mapping[str, Any], key: str, default: bool) -> bool:
    value = raw.get(key, default)
    if not isinstance(value, bool):
        raise UsageError(f"{key} must be true or false, not {value!r}")
    return value


def _headers(raw: object) -> tuple[tuple[str, str], ...]:
    pairs = list(raw.items()) if isinstance(raw, Mapping) else raw
    if not isinstance(pairs, Sequence) or isinstance(pairs, str):
        raise UsageError(f"headers must be a mapping or a list of pairs, not {raw!r}")
    headers = []
    for pair in pairs:
        if not isinstance(pair, Sequence) or isinstance(pair, str) or len(pair) != 2:
            raise UsageError(f"a header must be a pair of name and value, not {pair!r}")
        name, value = str(pair[0]).strip(), str(pair[1]).strip()
        torn = any(mark in name + value for mark in "\r\n\0")
        if not name or torn or not (name + value).isascii() or any(mark in name for mark in ": \t"):
            raise UsageError(f"the header {name!r}: {value!r} cannot be sent as it is")
        headers.append((name, value))
    return tuple(headers)


def _body(raw: Mapping[str, Any]) -> bytes:
    if "body_base64" in raw:
        if "body" in raw:
            raise UsageError("the plan has both body and body_base64: keep one of them")
        try:
            return base64.b64decode(_text(raw, "body_base64", ""), validate=True)
        except binascii.Error as error:
            raise UsageError(f"body_base64 is not base64: {error}") from error
    return raw["body"] if isinstance(raw.get("body"), bytes) else _text(raw, "body", "").encode()
