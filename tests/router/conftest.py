"""A stack for the tests that do not change it, and one for each of those that do."""

from collections.abc import Iterator

import pytest

from tests.support.router_stack import Stack, stack


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One stack for a module: a timeout of 400 ms, and no delay."""
    with stack(tmp_path_factory.mktemp("stack"), gateway={"GATEWAY_TIMEOUT_MS": "400"}) as one:
        yield one
