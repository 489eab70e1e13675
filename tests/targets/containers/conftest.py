"""What the tests with a container engine share: the engine that this user has, and a project on it."""

from collections.abc import Iterator

import pytest

from chaosproof.targets.containers.engine.client import EngineClient
from chaosproof.targets.containers.engine.find import find_engine
from tests.containers.projects import Project, new_project


@pytest.fixture
def client() -> Iterator[EngineClient]:
    """The engine that this user has; without any the test fails, and says how one is started."""
    engine = find_engine()
    yield engine
    engine.close()


@pytest.fixture
def project(client: EngineClient) -> Iterator[Project]:
    """A project without containers yet."""
    with new_project(client) as made:
        yield made
