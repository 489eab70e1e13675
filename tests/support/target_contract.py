"""What every Target promises: a test module subclasses `TargetContract`, and gives it a `target`."""

import time

import pytest

from chaosproof.errors import TargetError
from chaosproof.targets.base import Target

__all__ = ["ServicesContract", "TargetContract"]


class TargetContract:
    """A target with at least one instance, in which commands can be run."""

    def test_instances_come_in_order_of_name(self, target: Target):
        names = [instance.name for instance in target.instances()]
        assert names and names == sorted(names)
        assert [target.instance(name).name for name in names] == names

    def test_the_instances_of_a_service_are_its_own(self, target: Target):
        for service in {instance.service for instance in target.instances()}:
            assert {instance.service for instance in target.instances(service)} == {service}
            assert target.address(service).host == service

    def test_an_unknown_service_is_an_error(self, target: Target):
        with pytest.raises(TargetError, match="nobody"):
            target.instances("nobody")
        with pytest.raises(TargetError, match="nobody"):
            target.address("nobody")

    def test_an_unknown_instance_is_an_error_that_lists_the_known_ones(self, target: Target):
        with pytest.raises(TargetError, match=rf"server-7.*{target.instances()[0].name}"):
            target.instance("server-7")
        with pytest.raises(TargetError, match="server-7"):
            target.run("server-7", ["true"])

    def test_every_instance_has_a_state(self, target: Target):
        assert set(target.states()) == {instance.name for instance in target.instances()}
        assert all(state.alive for state in target.states().values())

    def test_a_command_is_told_with_its_exit_code_and_output(self, target: Target):
        done = target.run(_first(target), ["sh", "-c", "cat; echo oops >&2; exit 3"], stdin="hello")
        assert (done.exit_code, done.stdout, done.stderr) == (3, "hello", "oops\n")
        assert done.argv == ("sh", "-c", "cat; echo oops >&2; exit 3")

    def test_a_command_that_is_not_there_ends_with_127(self, target: Target):
        assert target.run(_first(target), ["no-such-command"]).exit_code == 127

    def test_a_command_that_takes_too_long_ends_with_124(self, target: Target):
        started = time.monotonic()
        assert target.run(_first(target), ["sleep", "30"], timeout_s=0.2).exit_code == 124
        assert time.monotonic() - started < 5

    def test_an_unknown_job_is_an_error(self, target: Target):
        for call in (target.job, target.stop_job):
            with pytest.raises(TargetError, match="no-such-job"):
                call("no-such-job")


class ServicesContract(TargetContract):
    """A target with a service `server` of at least two instances that has a port, and another service."""

    def test_there_are_several_services(self, target: Target):
        assert len(target.instances()) >= 3
        assert 2 <= len(target.instances("server")) < len(target.instances())

    def test_a_service_has_an_address_and_ports(self, target: Target):
        address = target.address("server")
        assert address.ip and address.ports


def _first(target: Target) -> str:
    return target.instances()[0].name
