"""A secret is sent, and is written nowhere."""

import json
import logging

import pytest

from chaosproof.experiment.redaction import (
    REDACTED,
    literal_headers,
    redact,
    secret_names,
    secret_texts,
)
from chaosproof.load.plan_reader import plan_from_dict
from chaosproof.load.public_plan import hidden_fields, public_plan, put_back
from chaosproof.runner.load.job import start_load
from chaosproof.runner.secrecy import secrecy_of
from chaosproof.targets.system.definition import Service, System
from chaosproof.toolkit.log_redaction import keep_out_of_journal, keep_out_of_logs
from tests.support.fake_target import FakeTarget

TOKEN = "s3cr3t/xyz"


def env(**more):
    return {"type": "env", "key": "K", **more}


CONTENT = {
    "configuration": {
        "mode": env(default="resilient"),
        "api_token": env(),
        "note": env(default="none"),
        "peer": env(),
        "level": env(),
        "plain": "as written",
    },
    "method": [
        {
            "provider": {
                "type": "python",
                "module": "chaosproof.actions.network",
                "arguments": {"peer": "${peer}", "headers": {"X": "${note}"}},
            }
        }
    ],
    "extensions": [
        {
            "name": "chaosproof",
            "load": {"headers": {"Authorization": "Bearer ${api_token}"}},
            "checks": [{"figure": "load.codes.${level}"}],
        }
    ],
}
VARIABLES = {
    "mode": "baseline",
    "api_token": TOKEN,
    "note": "from-outside",
    "peer": "10.1.2.3",
    "level": "LEVEL_9",
    "plain": "as written",
    "db_password": "hunter2!",
    "rate_rps": 50.0,
}


def test_a_variable_of_the_environment_is_a_secret_unless_the_verdict_depends_on_it():
    assert secret_names(CONTENT, VARIABLES) == {"api_token", "note", "db_password"}


def test_a_value_that_the_experiments_file_shows_is_none():
    assert secret_names(CONTENT, {**VARIABLES, "note": "none"}) == {"api_token", "db_password"}


def test_the_names_of_instances_stay_whatever_a_secret_is():
    system = System("s", (Service("shop", ("x",), replicas=2),))
    groups = {"shop": {"pw": "shop-1", "key": TOKEN, "pin": "12"}}
    assert secrecy_of(CONTENT, {"mode": "baseline"}, groups, system).texts == ("s3cr3t%2Fxyz", TOKEN)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (f"Bearer {TOKEN}", f"Bearer {REDACTED}"),
        ("/?t=s3cr3t%2Fxyz", f"/?t={REDACTED}"),
        ("nats://user:pw@bus:4222", "nats://redacted@bus:4222"),
        ("http://shop:8000/a?mail=x@y.z", "http://shop:8000/a?mail=x@y.z"),
        ({"a": [TOKEN, 7, None]}, {"a": [REDACTED, 7, None]}),
    ],
)
def test_what_is_kept_of_a_text(text, kept):
    assert redact(text, secret_texts([TOKEN], ())) == kept


PLAN = {
    "url": "http://shop:8000/buy?key=s3cr3t%2Fxyz",
    "rate_rps": 5,
    "duration_s": 2,
    "method": "POST",
    "headers": [["Authorization", "Bearer abc"], ["X-Run", "7"]],
    "body": '{"token": "' + TOKEN + '"}',
}


def test_the_plan_is_written_without_secrets_and_sent_with_them():
    plan = plan_from_dict(PLAN).to_dict()
    public = public_plan(plan, secret_texts([TOKEN], ()))
    assert public["url"] == f"http://shop:8000/buy?key={REDACTED}"
    assert public["headers"] == [["Authorization", REDACTED], ["X-Run", "7"]]
    assert public["body"] == '{"token": "' + REDACTED + '"}'
    environment = hidden_fields(plan, public)
    assert plan_from_dict(put_back(json.loads(json.dumps(public)), environment)) == plan_from_dict(PLAN)


def test_a_plan_without_secrets_is_written_as_it_is():
    plan = plan_from_dict({"url": "http://shop/", "rate_rps": 5, "duration_s": 2}).to_dict()
    assert public_plan(plan) == plan and hidden_fields(plan, public_plan(plan)) == {}


def test_a_started_load_leaves_no_secret_in_its_folder(tmp_path, monkeypatch):
    """And its job gets what the file does not say."""
    given = {}
    target = FakeTarget()

    def start_job(name, argv, *, env, out_dir, beside=None):
        given.update(env)
        (out_dir / "load-progress.ndjson").write_text('{"at": 1.0, "t_s": 0.5}\n')

    monkeypatch.setattr(target, "start_job", start_job)
    returned = start_load(target, tmp_path, PLAN, secrets=secret_texts([TOKEN], ()))
    written = (tmp_path / "load-plan.json").read_text()
    for secret in ("abc", TOKEN, "s3cr3t"):
        assert secret not in written and secret not in json.dumps(returned)
    assert plan_from_dict(put_back(json.loads(written), given)) == plan_from_dict(PLAN)


def test_the_journal_and_the_logs_of_the_toolkit_are_kept_without_secrets(capsys):
    journal = {"experiment": CONTENT, "run": [{"output": {"stdout": f"token {TOKEN}\n"}}]}
    keep_out_of_journal(journal, (TOKEN,))
    assert journal["run"][0]["output"]["stdout"] == f"token {REDACTED}\n" and journal["experiment"] is CONTENT
    logger = logging.getLogger("of-a-test")
    logger.propagate = False
    lines = []
    handler = logging.StreamHandler()
    handler.emit = lambda record: lines.append(record.getMessage())
    logger.addHandler(handler)
    keep_out_of_logs((TOKEN,))
    logger.warning("sent %s", TOKEN)
    assert lines == [f"sent {REDACTED}"]


def test_a_secret_in_the_experiments_own_file_is_warned_of():
    literal = {"method": [{"provider": {"headers": {"Authorization": "Bearer abc", "Accept": "*/*"}}}]}
    assert list(literal_headers(literal)) == ["Authorization"]
    assert list(literal_headers(CONTENT)) == []
