"""A plan is checked where it comes in, and a mistake is a sentence."""

import json
import math
import subprocess
import sys

import pytest

from chaosproof.errors import UsageError
from chaosproof.load import protocols
from chaosproof.load.duration import parse_duration
from chaosproof.load.plan_reader import plan_from_dict, read_plan_file
from chaosproof.load.protocols.registry import find_protocols, make_driver

GOOD = {"url": "http://127.0.0.1:8080/api/work", "rate_rps": 200, "duration_s": 60}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"rate_rps": 0}, "rate_rps 0 is out of range"),
        ({"rate_rps": -1}, "rate_rps -1 is out of range"),
        ({"rate_rps": math.nan}, "must be a finite number"),
        ({"rate_rps": math.inf}, "must be a finite number"),
        ({"rate_rps": "nan"}, "must be a finite number"),
        ({"rate_rps": "fast"}, "'fast' is no number"),
        ({"rate_rps": True}, "must be a number"),
        ({"rate_rps": None}, "needs a rate_rps"),
        ({"duration_s": 0.5}, "duration_s 0.5 is out of range: from 1 s to 3600 s"),
        ({"duration_s": 3601}, "out of range"),
        ({"duration_s": "60"}, "no duration with a unit"),
        ({"duration_s": "sixty s"}, "no duration with a unit"),
        ({"duration_s": None}, "has no duration_s"),
        ({"timeout_s": 0}, "timeout_s 0 is out of range"),
        ({"timeout_s": "-1s"}, "no duration with a unit"),
        ({"url": "127.0.0.1:8080"}, "has no scheme"),
        ({"url": "gopher://a/"}, "unknown scheme gopher://"),
        ({"url": "http:///path"}, "names no host"),
        ({"url": "http://a:99999/"}, "is malformed"),
        ({"url": "http://a:0/"}, "names port 0"),
        ({"url": "http://a/b c"}, "holds a blank"),
        ({"url": "http://a/\r\nX: 1"}, "holds a blank or control character"),
        ({"url": "http://user:secret@a/"}, "holds credentials"),
        ({"url": 7}, "url must be text"),
        ({"url": "grpc://a:1/Service"}, "grpc://host:port/package.Service/Method"),
        ({"url": "ipc://relative.sock"}, "absolute path"),
        ({"url": "nats://a:4222"}, "names no subject"),
        ({"model": "half-open"}, "model 'half-open' is unknown; known are open, closed"),
        ({"arrivals": "bursty"}, "arrivals 'bursty' is unknown"),
        ({"model": "closed", "arrivals": "poisson"}, "one constant rate only"),
        ({"connections": 0}, "connections 0 is out of range"),
        ({"connections": 1.5}, "connections must be a whole number"),
        ({"processes": 51}, "processes 51 is out of range: from 1 to 50"),
        ({"seed": -1}, "seed -1 is out of range"),
        ({"method": "FETCH"}, "method 'FETCH' is unknown"),
        ({"headers": {"X-A": "1\r\nX-B: 2"}}, "cannot be sent as it is"),
        ({"headers": "X-A: 1"}, "headers must be"),
        ({"protocol": "nats"}, "does not fit the url"),
        ({"stages": [{"from_rps": 1}]}, "stages[0] must have exactly"),
        ({"stages": [{"from_rps": 0, "to_rps": 0, "duration_s": 5}]}, "less than one request"),
        ({"stages": [{"from_rps": 1, "to_rps": -1, "duration_s": 5}]}, "stages[0] needs rates from 0"),
        ({"body": "a", "body_base64": "YQ=="}, "both body and body_base64"),
        ({"body_base64": "!"}, "is not base64"),
        ({"verify_tls": "yes"}, "must be true or false"),
        ({"spead": 1}, "unknown field 'spead'"),
        (
            {"url": "ipc:///a", "headers": {"X": "1"}},
            "headers is no option of a load over ipc; it is one over grpc, http",
        ),
        ({"url": "ipc:///a?frame=PONG"}, "frame 'PONG' is unknown; known are PING, TASK_SUBMIT"),
        ({"url": "ipc:///a?type=PING"}, "the unknown option 'type'; known is frame"),
        ({"url": "nats://a/b", "verify_tls": False}, "verify_tls is no option of a load over nats"),
    ],
)
def test_a_mistake_is_refused_with_a_sentence_that_names_it(change, sentence):
    with pytest.raises(UsageError) as refused:
        plan_from_dict(GOOD | change)
    assert sentence in str(refused.value)
    assert refused.value.exit_code == 64


ECHO = """
from chaosproof.load.protocols.base import LoadProtocol, check_host

PROTOCOL = LoadProtocol(
    name="echo", schemes=("echo",), url_form="echo://host", options=frozenset({"body", "method"}),
    check_url=check_host, make_driver=lambda plan: "a driver",
)
"""


def test_a_protocol_is_one_file_that_is_found_by_itself(tmp_path, monkeypatch):
    (tmp_path / "echo_protocol.py").write_text(ECHO)
    monkeypatch.setattr(protocols, "__path__", [*protocols.__path__, str(tmp_path)])
    find_protocols.cache_clear()
    try:
        plan = plan_from_dict(GOOD | {"url": "echo://a", "body": "x"})
        assert (plan.protocol, make_driver(plan)) == ("echo", "a driver")
        with pytest.raises(
            UsageError, match="method is no option of a load over nats; it is one over echo, http"
        ):
            plan_from_dict(GOOD | {"url": "nats://a/b", "method": "PUT"})
    finally:
        find_protocols.cache_clear()


def test_a_load_over_http_does_not_wait_for_the_import_of_grpc():
    program = f"""
import sys
from chaosproof.load.plan_reader import plan_from_dict
from chaosproof.load.protocols.registry import make_driver
make_driver(plan_from_dict({GOOD!r}))
sys.exit("grpc" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0


def test_a_plan_without_a_url_is_refused():
    with pytest.raises(UsageError, match="has no url"):
        plan_from_dict({"rate_rps": 1, "duration_s": 1})


def test_the_ceiling_of_duration_can_be_set():
    assert plan_from_dict(GOOD | {"duration_s": 7200}, max_duration_s=7200).duration_s == 7200


def test_a_plan_survives_its_own_file(tmp_path):
    plan = plan_from_dict(
        GOOD
        | {"arrivals": "poisson", "seed": 7, "headers": {"X-A": "1"}, "body": b"\xff", "timeout_s": "250ms"}
    )
    path = tmp_path / "load-plan.json"
    path.write_text(json.dumps(plan.to_dict()))
    assert plan_from_dict(read_plan_file(path)) == plan


def test_a_plan_has_the_fields_that_the_run_folder_promises():
    promised = {"name", "url", "protocol", "model", "arrivals", "rate_rps", "connections", "duration_s"}
    promised |= {"timeout_s", "seed"}
    assert promised <= set(plan_from_dict(GOOD).to_dict())


@pytest.mark.parametrize(("content", "sentence"), [("{", "is no JSON"), ("[]", "must be a JSON object")])
def test_a_file_that_is_no_plan_is_named(tmp_path, content, sentence):
    path = tmp_path / "plan.json"
    path.write_text(content)
    with pytest.raises(UsageError, match=sentence) as refused:
        read_plan_file(path)
    assert str(path) in str(refused.value)


@pytest.mark.parametrize(
    ("rate", "duration", "planned"),
    [(200, 60, 12_000), (0.1, 30, 3), (1 / 3, 3, 1), (333.3, 3, 1000), (1.5, 1, 2), (0.5, 1, 1)],
)
def test_what_is_planned_is_what_is_scheduled(rate, duration, planned):
    plan = plan_from_dict(GOOD | {"rate_rps": rate, "duration_s": duration})
    assert plan.planned == planned == sum(1 for _ in plan.offsets())


@pytest.mark.parametrize(
    ("text", "seconds"), [("60s", 60), ("250ms", 0.25), ("1m30s", 90), ("1.5h", 5400), ("2H", 7200)]
)
def test_durations_are_read_with_their_units(text, seconds):
    assert parse_duration(text, "--duration") == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "60", "s", "60 s", "-5s", "5d", "1s2", "1e3s", "nan"])
def test_a_duration_without_a_unit_is_refused(text):
    with pytest.raises(UsageError, match="--duration"):
        parse_duration(text, "--duration")
