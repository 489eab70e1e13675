"""The target that the tests of faults act on keeps the contract of all targets."""

from collections.abc import Iterator

import pytest

from chaosproof.targets.base import Target
from tests.support.target_contract import ServicesContract

from .netns_target import NetnsTarget


@pytest.mark.lab
class TestNetnsTarget(ServicesContract):
    @pytest.fixture
    def target(self, room: NetnsTarget) -> Iterator[Target]:
        yield room
