"""What counts as served: conditions of a plan, and errors that a reply carries under an ok status."""

import pytest

from chaosproof.errors import UsageError
from chaosproof.load.plan_reader import plan_from_dict
from chaosproof.load.protocols.support.nats_reply import nats_response
from chaosproof.load.success import Response, read_success
from tests.support.load_client import Client, Outcome, plan_for
from tests.support.scripted_server import respond, serve

KINDS = frozenset({"status", "json", "text", "header", "grpc"})
GRAPHQL_ERROR = b'{"data":null,"errors":[{"message":"stock is out of reach"}]}'


def judged(
    conditions: list[str], status: int = 200, body: bytes | None = b"", **headers: str
) -> tuple[int, str]:
    response = Response(status, f"HTTP_{status}", body, headers)
    return read_success(conditions, KINDS, "http").outcome(response)


@pytest.mark.parametrize(
    ("condition", "body", "served"),
    [
        ("json errors absent", GRAPHQL_ERROR, False),
        ("json errors absent", b'{"data":{}}', True),
        ("json errors absent", b'{"data":{},"errors":[]}', True),
        ("json errors absent", b"<html>", False),
        ("json errors absent", None, False),
        ("json data.items.0.id exists", b'{"data":{"items":[{"id":7}]}}', True),
        ("json data.items.1.id exists", b'{"data":{"items":[{"id":7}]}}', False),
        ("json ok = true", b'{"ok":true}', True),
        ("json ok = true", b'{"ok":1}', False),
        ("json state = late", b'{"state":"late"}', True),
        ("json state != late", b'{"state":"late"}', False),
        ("text has thank you", b"we thank you", True),
        ("text has thank you", b"sorry", False),
        ("text lacks sorry", b"sorry", False),
        ("text lacks sorry", None, False),
    ],
)
def test_a_condition_of_the_body_decides_whether_an_answer_is_served(condition, body, served):
    expected = (200, "HTTP_200") if served else (500, "NOT_SERVED_HTTP_200")
    assert judged([condition], body=body) == expected


def test_a_status_that_counts_replaces_the_default_and_its_code_stays():
    conditions = ["status 200-299,404"]
    assert judged(conditions, 404) == (200, "HTTP_404")
    assert judged(conditions, 503) == (503, "HTTP_503")
    assert judged(["status 201"], 200) == (500, "NOT_SERVED_HTTP_200")


def test_every_condition_must_hold_and_none_makes_an_error_status_ok():
    both = ["json errors absent", "header Warning absent"]
    assert judged(both, body=b"{}") == (200, "HTTP_200")
    assert judged(both, body=b"{}", warning="199 stale") == (500, "NOT_SERVED_HTTP_200")
    assert judged(both, 503, b"{}") == (503, "HTTP_503")


def test_grpc_statuses_that_count_as_served():
    rule = read_success(["grpc OK,NOT_FOUND"], KINDS, "grpc")
    assert rule.outcome(Response(404, "NOT_FOUND")) == (200, "NOT_FOUND")
    assert rule.outcome(Response(503, "UNAVAILABLE")) == (503, "UNAVAILABLE")


@pytest.mark.parametrize(
    ("url", "condition", "sentence"),
    [
        ("http://a/", "status 100-599", "nothing could fail"),
        ("http://a/", "status ok", "must look like: status 200-299,404"),
        ("http://a/", "json errors", "must look like: json errors absent"),
        ("http://a/", "json errors absent now", "must look like"),
        ("http://a/", "body errors", "begin with one of: header, json, status, text"),
        ("grpc://a:1/s/m", "grpc OK,UNAVAILABLE,INTERNAL", "nothing could fail"),
        ("grpc://a:1/s/m", "json ok = true", "a load over grpc has conditions that begin with one of: grpc"),
    ],
)
def test_a_condition_that_cannot_be_judged_is_refused(url, condition, sentence):
    with pytest.raises(UsageError, match=sentence):
        plan_from_dict({"url": url, "rate_rps": 1, "duration_s": 1, "success": [condition]})


def test_a_plan_keeps_its_conditions_and_says_what_counts():
    plan = plan_for("http://a/", success=["json errors absent"])
    assert plan_from_dict(plan.to_dict()) == plan
    assert plan.to_record().served == "json errors absent (`success` of the load)"
    assert "200 to 299" in plan_for("http://a/").to_record().served
    assert "success" not in plan_for("http://a/").to_dict()


def test_an_error_under_status_200_is_an_error_where_the_plan_says_so(run):
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nX-Cache: HIT\r\n\r\n" % len(GRAPHQL_ERROR)

    async def test() -> list[Outcome]:
        outcomes = []
        for success in ([], ["json errors absent"], ["header x-cache = MISS"]):
            async with (
                serve(respond(head + GRAPHQL_ERROR, then="wait")) as server,
                Client(plan_for(server.url, success=success)) as client,
            ):
                outcomes.append(await client.request())
        return outcomes

    not_served = (500, "NOT_SERVED_HTTP_200")
    assert [(outcome.status, outcome.code) for outcome in run(test)] == [
        (200, "HTTP_200"),
        not_served,
        not_served,
    ]


@pytest.mark.parametrize(
    ("headers", "payload", "expected"),
    [
        (b"NATS/1.0\r\nNats-Service-Error-Code: 503\r\nX-A: b\r\n\r\n", b"", (503, "SERVICE_ERROR_503")),
        (b"NATS/1.0\r\nNats-Service-Error-Code: 7\r\n\r\n", b"", (500, "SERVICE_ERROR_7")),
        (b"NATS/1.0 503\r\n\r\n", b"", (503, "NO_RESPONDERS")),
        (b"NATS/1.0 408 Request Timeout\r\n\r\n", b"", (408, "NATS_408")),
        (b"", b'{"error":{"code":503,"err_code":10077,"description":"full"}}', (503, "JETSTREAM_10077")),
        (b"", b'{"err_code":10077}', (200, "OK")),
        (b"NATS/1.0\r\nX-A: b\r\n\r\n", b'{"ok":true}', (200, "OK")),
    ],
)  # fmt: skip
def test_a_nats_reply_with_an_error_of_any_form_is_an_error(headers, payload, expected):
    response = nats_response(headers, payload)
    assert (response.status, response.code) == expected
