"""Which container a person means by a name, and what it is called as an instance."""

from dataclasses import replace

import pytest

from chaosproof.errors import UsageError
from chaosproof.targets.containers.instance_names import choose, instance_name
from tests.support.containers import SHOP

SECOND = replace(SHOP, id="2f" * 32, name="mine-shop-2", number=2)
DATABASE = replace(SHOP, id="3f" * 32, name="mine-db-1", service="db")
ALONE = replace(SHOP, id="4f" * 32, name="shop", project="", service="", number=0)


def test_an_instance_is_called_as_in_a_lab():
    """Compose counts from 1, a lab from 0; a container without a project has its own name only."""
    assert [instance_name(each) for each in (SHOP, SECOND, ALONE)] == ["shop-0", "shop-1", "shop"]


def test_a_name_or_id_means_its_container():
    """A container's own name comes before a service's."""
    everyone = [SHOP, SECOND, DATABASE, ALONE]
    assert choose("mine-shop-2", everyone, "Podman") is SECOND
    assert choose("3f" * 6, everyone, "Podman") is DATABASE
    assert choose("shop", everyone, "Podman") is ALONE


def test_a_service_means_its_only_container():
    """Where it has several, the one that runs; a service with none that runs is found, to be refused by its state."""
    ended = replace(SECOND, running=False)
    assert choose("db", [SHOP, DATABASE], "Podman") is DATABASE
    assert choose("shop", [SHOP, ended], "Podman") is SHOP
    assert choose("shop", [ended], "Podman") is ended


def test_a_service_with_several_containers_lists_them():
    """Nobody can know which is meant."""
    with pytest.raises(
        UsageError, match=r"^The service shop has 2 containers: name one of mine-shop-1, mine-shop-2\.$"
    ):
        choose("shop", [SECOND, SHOP], "Podman")


def test_an_unknown_name_lists_what_runs():
    """What has ended is no help."""
    ended = replace(DATABASE, running=False)
    with pytest.raises(UsageError, match=r"^Podman has no container web; running are: mine-shop-1\.$"):
        choose("web", [SHOP, ended], "Podman")
    with pytest.raises(UsageError, match=r"running are: none\.$"):
        choose("web", [], "Podman")
