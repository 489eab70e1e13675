"""Reads a load plan strictly, from JSON or from a command's options.

Every mistake is a `UsageError` that names the field, the value and what was expected. What urls and options there are
follows from the protocols' declarations.
"""

import base64
import binascii
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from chaosproof.errors import UsageError
from chaosproof.load.duration import parse_duration
from chaosproof.load.models.pacing import Stage, expected_requests
from chaosproof.load.plan import Plan
from chaosproof.load.protocols.base import LoadProtocol
from chaosproof.load.protocols.registry import find_protocols, protocol_of
from chaosproof.load.success import read_success

__all__ = ["MAX_DURATION_S", "plan_from_dict", "read_plan_file"]

MAX_DURATION_S = 3600.0
_MAX_CONNECTIONS = 65_536
_MAX_RATE_RPS = 1_000_000.0
_MODELS = ("open", "closed")
_ARRIVALS = ("constant", "poisson")
_METHODS = ("GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "POST", "PATCH")


def read_plan_file(path: Path) -> dict[str, Any]:
    """What a JSON file says of a plan, not yet checked."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"cannot read the plan {path}: {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"the plan {path} is no JSON: {error}") from error
    if not isinstance(raw, dict):
        raise UsageError(f"the plan {path} must be a JSON object, not {type(raw).__name__}")
    return raw


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
    if raw.get("protocol", protocol.name) != protocol.name:
        raise UsageError(
            f"protocol {raw['protocol']!r} does not fit the url {url!r}, which is {protocol.name}"
        )
    model = _choice(raw, "model", _MODELS)
    arrivals = _choice(raw, "arrivals", _ARRIVALS)
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
    connections = _whole(raw, "connections", 1, _MAX_CONNECTIONS, 50)
    plan = Plan(
        name=_text(raw, "name", "load"),
        url=url,
        protocol=protocol.name,
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
        ca_file=_text(raw, "ca_file", "") or None,
        verify_tls=_flag(raw, "verify_tls", True),
        processes=_whole(raw, "processes", 1, connections, 1),
        success=_success(raw.get("success") or (), protocol),
    )
    _check_options(plan, protocol)
    return plan


def _protocol(url: object) -> LoadProtocol:
    if not isinstance(url, str):
        raise UsageError(f"url must be text, not {url!r}")
    if "://" not in url:
        schemes = ", ".join(f"{scheme}://" for scheme in find_protocols())
        raise UsageError(f"url {url!r} has no scheme: begin it with one of {schemes}")
    if any(character <= " " or character == "\x7f" for character in url):
        raise UsageError(f"url {url!r} holds a blank or control character: write it percent-encoded")
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises for a port out of range
    except ValueError as error:
        raise UsageError(f"url {url!r} is malformed: {error}") from error
    protocol = protocol_of(parts.scheme, url)
    protocol.check_url(url, parts)
    return protocol


def _check_options(plan: Plan, protocol: LoadProtocol) -> None:
    """Refuse an option that was set and that the plan's protocol does not use."""
    protocols = find_protocols().values()
    options = set().union(*(known.options for known in protocols))
    for field in fields(Plan):
        name = field.name
        if name in options - protocol.options and getattr(plan, name) != field.default:
            users = ", ".join(sorted({known.name for known in protocols if name in known.options}))
            raise UsageError(f"{name} is no option of a load over {protocol.name}; it is one over {users}")
    scheme = urlsplit(plan.url).scheme
    if f"{scheme}s" in protocol.schemes and (plan.ca_file or not plan.verify_tls):
        raise UsageError(
            f"ca_file and verify_tls are for TLS: write {scheme}s:// in the url, or leave them out"
        )


def _rate(raw: Mapping[str, Any], model: str) -> float | None:
    if raw.get("rate_rps") is None:
        if model == "closed":
            return None
        raise UsageError("the open model needs a rate_rps: requests per second, such as 200")
    rate = _number(raw["rate_rps"], "rate_rps")
    if not 0 < rate <= _MAX_RATE_RPS:
        raise UsageError(f"rate_rps {rate:g} is out of range: above 0, at most {_MAX_RATE_RPS:g}")
    return rate


def _stages(raw: object) -> tuple[Stage, ...]:
    if not isinstance(raw, Sequence) or isinstance(raw, str):
        raise UsageError(f"stages must be a list, not {raw!r}")
    stages = tuple(_stage(item, number) for number, item in enumerate(raw))
    if stages and expected_requests(stages) < 1:
        raise UsageError("the stages together ask for less than one request")
    return stages


def _stage(item: object, number: int) -> Stage:
    keys = {"from_rps", "to_rps", "duration_s"}
    if not isinstance(item, Mapping) or set(item) != keys:
        raise UsageError(f"stages[{number}] must have exactly from_rps, to_rps and duration_s, not {item!r}")
    numbers = {key: _number(item[key], f"stages[{number}].{key}") for key in sorted(keys)}
    if numbers["duration_s"] <= 0 or not all(0 <= rate <= _MAX_RATE_RPS for rate in numbers.values()):
        raise UsageError(f"stages[{number}] needs rates from 0 to {_MAX_RATE_RPS:g} and a duration above 0")
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
        broken = any(mark in name + value for mark in "\r\n\0")
        if not name or broken or not (name + value).isascii() or any(mark in name for mark in ": \t"):
            raise UsageError(f"the header {name!r}: {value!r} cannot be sent as it is")
        headers.append((name, value))
    return tuple(headers)


def _success(raw: object, protocol: LoadProtocol) -> tuple[str, ...]:
    if (
        not isinstance(raw, Sequence)
        or isinstance(raw, str)
        or not all(isinstance(item, str) for item in raw)
    ):
        raise UsageError(f"success must be a list of conditions, such as ['json errors absent'], not {raw!r}")
    conditions = tuple(str(item) for item in raw)
    read_success(conditions, protocol.conditions, protocol.name)
    return conditions


def _body(raw: Mapping[str, Any]) -> bytes:
    if "body_base64" in raw:
        if "body" in raw:
            raise UsageError("the plan has both body and body_base64: keep one of them")
        try:
            return base64.b64decode(_text(raw, "body_base64", ""), validate=True)
        except binascii.Error as error:
            raise UsageError(f"body_base64 is not base64: {error}") from error
    return raw["body"] if isinstance(raw.get("body"), bytes) else _text(raw, "body", "").encode()
