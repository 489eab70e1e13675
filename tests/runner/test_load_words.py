"""The measured load sends the requests of the warm-up."""

import pytest

from chaosproof.errors import UsageError
from chaosproof.load.plan_reader import plan_from_dict
from chaosproof.runner.load.words import filled_load, measured_plan, warmup_plan

LOAD = {
    "url": "http://shop:8000/warm",
    "rate_rps": 10,
    "method": "POST",
    "headers": {"Authorization": "Bearer ${api_token}"},
    "body": '{"id":{seq}}',
    "model": "closed",
    "timeout_s": "2s",
}
OWN = {"name": "measured", "url": "http://shop:8000/buy", "rate_rps": 50.0, "duration_s": 12.0, "seed": 7}


def test_what_the_warm_up_sends_is_what_the_measured_load_sends():
    load = filled_load(LOAD, {"api_token": "abc", "connections": 3})
    warmup = plan_from_dict(warmup_plan(load, {"connections": 3}, 122.0))
    measured = plan_from_dict(measured_plan(load, {**OWN, "timeout_s": None}))
    for plan in (warmup, measured):
        assert (plan.method, plan.headers, plan.body) == (
            "POST",
            (("Authorization", "Bearer abc"),),
            b'{"id":{seq}}',
        )
        assert (plan.model, plan.timeout_s) == ("closed", 2.0)
    assert (warmup.url, warmup.rate_rps, warmup.connections) == (LOAD["url"], 10, 3)
    assert (measured.url, measured.rate_rps, measured.seed) == (OWN["url"], 50, 7)


def test_what_the_action_says_itself_stands_above_it():
    plan = measured_plan({**LOAD, "body_base64": "eA=="}, {**OWN, "method": "PUT", "body": "{}"})
    assert (plan["method"], plan["body"], "body_base64" in plan) == ("PUT", "{}", False)


def test_a_load_over_another_protocol_takes_nothing():
    own = {**OWN, "url": "nats://bus:4222/orders"}
    assert measured_plan(LOAD, own) == own


def test_a_name_that_is_no_variable_is_not_sent_as_it_stands():
    with pytest.raises(
        UsageError, match=r"load\.headers names \$\{api_token\}, which is neither in .* add it there"
    ):
        filled_load(LOAD, {})


def test_a_file_of_authorities_is_found_from_where_the_experiment_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ca.pem").write_text("")
    assert filled_load({"ca_file": "ca.pem"}, {}) == {"ca_file": str(tmp_path / "ca.pem")}
    assert filled_load({"ca_file": "of-the-image.pem"}, {}) == {"ca_file": "of-the-image.pem"}
