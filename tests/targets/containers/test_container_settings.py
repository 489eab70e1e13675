"""What an experiment may say of a project of containers."""

import pytest

from chaosproof.errors import UsageError
from chaosproof.targets.containers.container_settings import ContainerSettings, container_settings


def test_where_nothing_is_said_the_project_is_brought_up_and_taken_down():
    """On whichever engine there is."""
    assert container_settings({"mode": "resilient"}) == ContainerSettings()


def test_a_project_that_runs_already_is_named():
    """The command line brings texts."""
    said = {"deployed": "true", "project": "shop", "engine": "docker"}
    assert container_settings(said) == ContainerSettings("shop", "docker", deployed=True)


@pytest.mark.parametrize(
    "variables, part",
    [
        (
            {"project": "My Shop", "deployed": True},
            "small letters, digits, dashes and underscores, not 'My Shop'",
        ),
        ({"project": "shop"}, "say so, with --var deployed=true"),
        ({"engine": "lxc"}, "engine must be podman or docker, not 'lxc'"),
        ({"deployed": "yes"}, "deployed must be true or false, not 'yes'"),
        ({"keep": 1}, "keep must be true or false, not 1"),
    ],
)
def test_what_it_cannot_be_is_a_sentence(variables: dict[str, object], part: str):
    """Before any engine is asked."""
    with pytest.raises(UsageError) as error:
        container_settings(variables)
    assert part in str(error.value)
