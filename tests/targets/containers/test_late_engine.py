"""An engine that does not answer in time: every call ends, with a sentence."""

import socket
from pathlib import Path

import pytest

from chaosproof.errors import TargetError, UsageError
from chaosproof.targets.containers.engine import client as engine_client
from chaosproof.targets.containers.engine.client import connect
from chaosproof.targets.containers.engine.find import find_engine
from tests.support.engine_socket import PODMAN, answering_at

LIMIT_S = 0.3


@pytest.fixture(autouse=True)
def short_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_client, "CALL_LIMIT_S", LIMIT_S)


def test_a_socket_that_takes_a_call_and_never_answers_is_given_up(tmp_path: Path):
    """It listens, so that nobody can know whether it is an engine."""
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "s.sock"))
        silent.listen()
        with pytest.raises(UsageError, match=r"^The engine at .*s\.sock did not answer within 0\.3 s\.$"):
            find_engine(None, {"DOCKER_HOST": f"unix://{tmp_path}/s.sock"})


def test_a_call_that_is_not_answered_is_given_up(tmp_path: Path):
    """The engine said its version, and then nothing any more: a stopped process, say."""
    path = tmp_path / "p.sock"
    with answering_at(path, PODMAN):
        client = connect(path)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(path))
        silent.listen()
        with pytest.raises(
            TargetError, match=r"^Podman 4\.3\.1 at .* did not list its containers within 0\.3 s\.$"
        ):
            client.containers()
    client.close()
    path.unlink()


def test_an_engine_that_has_ended_is_one_sentence(tmp_path: Path):
    """Between two calls."""
    with answering_at(tmp_path / "p.sock", PODMAN):
        client = connect(tmp_path / "p.sock")
    with pytest.raises(
        TargetError, match=r"^Podman 4\.3\.1 at .*p\.sock did not describe shop: No such file"
    ) as caught:
        client.container("shop")
    assert "\n" not in str(caught.value)
    client.close()
