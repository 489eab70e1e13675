"""A plugin of pytest: labs and faults as fixtures, wherever chaosproof is installed; it starts nothing unasked.

    def test_customers_can_buy_while_stock_resets_them(lab):
        with lab.fault("reset", "shop-0", port=7000, duration_s=3):
            assert get(lab.endpoints["shop-http"] + "/buy").status == 200

`lab` is the system of the file that `chaosproof_system` in pytest's settings names (default: `system.yaml`), up once
for the tests of a module. A module of tests that wants another, or another mode, has a fixture of its own:

    @pytest.fixture(scope="module")
    def lab_system():
        return {"system": "other.yaml", "mode": "resilient"}

A fault that nothing was seen to meet fails its test: see `chaosproof.testing.lab.Lab.fault`.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

# What is imported here is imported in every run of pytest, so it is imported where it is used.
if TYPE_CHECKING:
    from chaosproof.targets.base import Running
    from chaosproof.testing.active_fault import ActiveFault
    from chaosproof.testing.lab import Lab

__all__ = ["fault", "lab", "lab_running", "lab_system", "pytest_addoption"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """The settings of the plugin."""
    parser.addini(
        "chaosproof_system", "The system file that the fixture `lab` brings up.", default="system.yaml"
    )
    parser.addini("chaosproof_mode", "The mode whose values overlay it is brought up with.", default="")


@pytest.fixture(scope="module")
def lab_system(pytestconfig: pytest.Config) -> dict[str, Any]:
    """What `lab` brings up: `system`, and where it has overlays `mode` and `scenario`."""
    system = Path(pytestconfig.getini("chaosproof_system"))
    return {"system": pytestconfig.rootpath / system, "mode": pytestconfig.getini("chaosproof_mode") or None}


@pytest.fixture(scope="module")
def lab_running(
    lab_system: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> "Iterator[tuple[Running, Path]]":
    """The system, up for the tests of a module, and the file of what happens to its instances."""
    from chaosproof.testing.lab import launched

    events_file = tmp_path_factory.mktemp("lab") / "readiness.ndjson"
    with launched(**lab_system, events_file=events_file) as running:
        yield running, events_file


@pytest.fixture
def lab(lab_running: "tuple[Running, Path]", tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Lab]":
    """The system of this module, for one test: its faults and its load end with the test."""
    from chaosproof.testing.lab import Lab

    running, events_file = lab_running
    this = Lab(running, tmp_path_factory.mktemp("lab"), events_file)
    yield this
    this.end()


@pytest.fixture
def fault(lab: "Lab") -> "Callable[..., AbstractContextManager[ActiveFault]]":
    """`lab.fault`, for a test that needs no more of its lab."""
    return lab.fault
