"""Requests are checked once, and whatever bytes come, the answer is a request or a sentence."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproof.demo.router.connection import new_request
from chaosproof.demo.router.policies import POLICIES, decide
from chaosproof.demo.router.request import RequestError, read_request


def test_a_request_that_is_whole_is_sent_on_byte_for_byte():
    payload = new_request("r-1", {"type": "t", "payload": {"a": [1, 2]}}, anything={"else": True})
    request = read_request(payload)
    assert request.payload is payload
    assert (request.request_id, request.trace_id) == ("r-1", "trace-r-1")


def test_a_request_without_trace_id_gets_one_that_goes_all_the_way():
    request = read_request(b'{"version":"1","request_id":"r-1","task":{"type":"t"}}', new_id=lambda: "new")
    assert request.trace_id == "new"
    assert orjson.loads(request.payload)["trace_id"] == "new"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "request_id is missing"),
        ({"request_id": ""}, "request_id must be text"),
        ({"request_id": "x" * 257}, "request_id must be text of 1 to 256"),
        ({"request_id": "r"}, 'version must be "1"'),
        ({"request_id": "r", "version": 1}, 'version must be "1"'),
        ({"request_id": "r", "version": "1"}, "task must be an object"),
        ({"request_id": "r", "version": "1", "task": {"type": ""}}, "task must be an object"),
        ({"request_id": "r", "version": "1", "task": {"type": "t"}, "tenant_id": 7}, "tenant_id must be"),
        ({"request_id": "r", "version": "1", "task": {"type": "t"}, "policy_id": []}, "policy_id must be"),
    ],
)
def test_a_wrong_request_is_refused_with_a_sentence_that_names_what_is_wrong(body, says):
    with pytest.raises(RequestError, match=says) as caught:
        read_request(orjson.dumps(body))
    assert caught.value.code == "invalid_request"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


@given(st.one_of(st.binary(max_size=200), JSON.map(lambda value: _bytes(value))))
def test_whatever_comes_is_a_request_or_a_sentence(payload):
    try:
        request = read_request(payload)
    except RequestError as error:
        assert error.code in ("invalid_payload", "invalid_request") and str(error)
    else:
        assert request.request_id and request.trace_id


def _bytes(value: object) -> bytes:
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        return b"{"


def test_the_same_request_gets_the_same_decision_and_the_weights_hold():
    assert decide("default", "r-1") == decide("default", "r-1")
    chosen = [decide("default", f"r-{n}")["provider_id"] for n in range(10_000)]
    for provider, weight in zip(POLICIES["default"].providers, POLICIES["default"].weights, strict=True):
        assert chosen.count(provider.provider_id) / 10_000 == pytest.approx(weight / 100, abs=0.02)
