"""The exit code of a command is told in a Status; one that could not be started says why."""

import json

import pytest

from chaosproof.targets.kubernetes.client.execute import BROKEN, exit_code_in


def _failure(reason, message, causes=()):
    return json.dumps(
        {"status": "Failure", "reason": reason, "message": message, "details": {"causes": list(causes)}}
    ).encode()


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (b'{"metadata":{},"status":"Success"}', 0),
        (_failure("NonZeroExitCode", "x", [{"reason": "ExitCode", "message": "3"}]), 3),
        (_failure("InternalError", 'exec: "nope": executable file not found in $PATH: unknown'), 127),
        (_failure("InternalError", "cannot exec in a stopped container"), 126),
        (_failure("NonZeroExitCode", "x", [{"reason": "ExitCode", "message": "NaN"}]), BROKEN),
    ],
)
def test_a_status_says_how_a_command_ended(status, code):
    assert exit_code_in(status)[0] == code


def test_why_a_command_could_not_be_started_is_kept():
    assert exit_code_in(_failure("InternalError", "no such container"))[1] == b"no such container"
