"""Which container is which instance, and where it is reached: without any engine."""

from dataclasses import replace

import pytest

from chaosproof.errors import TargetError
from chaosproof.targets.base import Instance
from chaosproof.targets.containers.inside.own_network import hosts_file
from chaosproof.targets.containers.spec import instance_of, plan_project
from chaosproof.targets.system.definition import Service, System
from tests.support.containers import SHOP

SYSTEM = System(
    "mine",
    (Service("shop", ()), Service("stock", (), ports={"http": 7000}, metrics_port=7000)),
)
SECOND = replace(
    SHOP, id="2e" * 32, name="mine-shop-2", number=2, networks={"mine_default": ("10.89.0.3", "")}
)
STOCK = replace(
    SHOP,
    id="3d" * 32,
    name="mine-stock-1",
    service="stock",
    ports=(),
    networks={"back": ("10.89.1.4", "fd00::4"), "empty": ("", "")},
)


def test_copies_are_named_as_in_a_lab_by_the_numbers_that_compose_gave_them():
    """In their order, whichever the engine lists first."""
    services, ids = plan_project(SYSTEM, [SECOND, STOCK, SHOP])
    assert [instance.name for instance in services[0].instances] == ["shop-0", "shop-1"]
    assert ids == {"shop-0": SHOP.id, "shop-1": SECOND.id, "stock-0": STOCK.id}


def test_each_service_has_a_virtual_address_of_its_own():
    """And each instance the address of its container."""
    services, _ = plan_project(SYSTEM, [SHOP, SECOND, STOCK])
    assert [plan.address for plan in services] == ["198.18.0.1", "198.18.0.2"]
    assert [instance.address for plan in services for instance in plan.instances] == [
        "10.89.0.2",
        "10.89.0.3",
        "10.89.1.4",
    ]
    assert services[1].instances[0].address6 == "fd00::4"


def test_ports_are_those_of_the_system_and_else_those_that_the_container_exposes():
    """By their number, where nobody has named them."""
    services, _ = plan_project(SYSTEM, [SHOP, STOCK])
    assert services[0].instances[0].ports == {"8080": 8080}
    assert services[1].instances[0].ports == {"http": 7000}
    assert services[1].instances[0].metrics_port == 7000


def test_a_service_without_a_container_is_an_error_that_lists_those_that_have_one():
    """A run without it would be one of another system."""
    with pytest.raises(TargetError, match=r"no container of the service stock \(it has: shop\)"):
        plan_project(SYSTEM, [SHOP])


def test_an_instance_follows_its_container_to_another_address():
    """All else of it stays."""
    known = Instance("shop-0", "shop", "10.89.0.2", ports={"http": 1}, metrics_port=1, metrics_path="/m")
    assert instance_of(SECOND, known) == replace(known, address="10.89.0.3")


def test_names_lead_to_the_virtual_addresses_and_an_instance_without_one_has_no_name():
    """A container that has ended has no address."""
    services, _ = plan_project(SYSTEM, [SHOP, replace(STOCK, networks={})])
    instances = [instance for plan in services for instance in plan.instances]
    assert hosts_file(services, instances).splitlines() == [
        "127.0.0.1 localhost",
        "::1 localhost",
        "198.18.0.1 shop",
        "198.18.0.2 stock",
        "10.89.0.2 shop-0",
    ]


def test_what_has_run_once_is_no_instance() -> None:
    """It has ended when the others are started, and its network with it: nothing can be prepared or healed there."""
    migrate = replace(SHOP, id="2e" * 32, service="migrate", name="mine-migrate-1", running=False, pid=0)
    system = System("mine", (Service("migrate", (), one_shot=True), Service("shop", ())))
    plans, ids = plan_project(system, [migrate, SHOP])
    assert [plan.service.name for plan in plans] == ["shop"]
    assert ids == {"shop-0": SHOP.id}
