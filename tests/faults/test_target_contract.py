"""What every Target promises, tried on each of them: subclass `TargetContract` and give it a `target`."""

import time
from collections.abc import Iterator

import pytest

from chaosproof.errors import TargetError
from chaosproof.targets.base import Instance, Target
from chaosproof.targets.fake import FakeTarget
from chaosproof.targets.local.target import LocalTarget
from tests.support.small_lab import running_lab

from .netns_target import NetnsTarget

SMALL = """\
name: contract
services:
  server:
    command: [sleep, infinity]
    replicas: 2
    ports: {grpc: 50051}
  client:
    command: [sleep, infinity]
"""


class TargetContract:
    """A target with a service `server` of at least two instances, and another service."""

    @pytest.fixture
    def target(self) -> Iterator[Target]:
        raise NotImplementedError

    def test_instances_come_in_order_of_name(self, target: Target):
        names = [one.name for one in target.instances()]
        assert names == sorted(names) and len(names) >= 3

    def test_the_instances_of_a_service_are_its_own(self, target: Target):
        assert {one.service for one in target.instances("server")} == {"server"}
        assert len(target.instances("server")) < len(target.instances())

    def test_an_unknown_service_is_an_error(self, target: Target):
        with pytest.raises(TargetError, match="nobody"):
            target.instances("nobody")
        with pytest.raises(TargetError, match="nobody"):
            target.address("nobody")

    def test_an_unknown_instance_is_an_error_that_lists_the_known_ones(self, target: Target):
        with pytest.raises(TargetError, match=r"server-7.*server-0"):
            target.instance("server-7")
        with pytest.raises(TargetError, match="server-7"):
            target.run("server-7", ["true"])

    def test_every_instance_has_a_state(self, target: Target):
        assert set(target.states()) == {one.name for one in target.instances()}
        assert all(state.alive for state in target.states().values())

    def test_a_service_has_an_address_and_ports(self, target: Target):
        address = target.address("server")
        assert address.ip and address.ports

    def test_a_command_is_told_with_its_exit_code_and_output(self, target: Target):
        done = target.run("server-0", ["sh", "-c", "cat; echo oops >&2; exit 3"], stdin="hello")
        assert (done.exit_code, done.stdout, done.stderr) == (3, "hello", "oops\n")
        assert done.argv == ("sh", "-c", "cat; echo oops >&2; exit 3")

    def test_a_command_that_is_not_there_ends_with_127(self, target: Target):
        assert target.run("server-0", ["no-such-command"]).exit_code == 127

    def test_a_command_that_takes_too_long_ends_with_124(self, target: Target):
        started = time.monotonic()
        assert target.run("server-0", ["sleep", "30"], timeout_s=0.2).exit_code == 124
        assert time.monotonic() - started < 5

    def test_an_unknown_job_is_an_error(self, target: Target):
        with pytest.raises(TargetError, match="no-such-job"):
            target.job("no-such-job")


class TestFakeTarget(TargetContract):
    @pytest.fixture
    def target(self) -> Iterator[Target]:
        target = FakeTarget(
            [
                Instance("server-1", "server", "10.0.0.2", ports={"grpc": 50051}),
                Instance("server-0", "server", "10.0.0.1", ports={"grpc": 50051}),
                Instance("client-0", "client", "10.0.0.3"),
            ]
        )
        target.answer(["sh", "-c"], "hello", exit_code=3, stderr="oops\n")
        target.answer(["no-such-command"], exit_code=127)
        target.answer(["sleep"], exit_code=124)
        yield target


@pytest.mark.lab
class TestNetnsTarget(TargetContract):
    @pytest.fixture
    def target(self, room: NetnsTarget) -> Iterator[Target]:
        yield room


@pytest.mark.lab
class TestLocalTarget(TargetContract):
    @pytest.fixture(scope="class")
    def lab_name(self, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
        with running_lab(tmp_path_factory.mktemp("contract"), SMALL) as lab:
            yield lab.name

    @pytest.fixture
    def target(self, lab_name: str) -> Iterator[Target]:
        yield LocalTarget(lab_name)
