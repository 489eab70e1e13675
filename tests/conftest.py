"""Which tests share a worker of pytest-xdist (`--dist loadgroup`).

A test that starts a lab compares the host before and after, and measures time: such tests run one after the other. Of
the rest, also of those in a namespace of their own, which no other test sees, a module stays together, so that what its
tests share is made once.
"""

import gc
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.installed import use_entry_points_of

use_entry_points_of(Path(__file__).parents[1])

# What is collected stays to the end: looking through it for garbage, again and again, took a quarter of the collection.
gc.disable()

# An example of a property may take as long as a busy machine makes it: what is too slow ends by pytest's timeout.
settings.register_profile("chaosproof", deadline=None)
settings.load_profile("chaosproof")

_IN_OWN_NAMESPACE = ("tests/faults/", "tests/demo/", "tests/fidelity/")
_STARTS_A_LAB = "test_target_contract.py"


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


# pytest-xdist reads the groups in a hook of its own, and would come first.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        module = item.nodeid.partition("::")[0]
        lab = item.get_closest_marker("lab") is not None
        if lab and "mark.lab" not in _text(item.path):
            raise pytest.UsageError(
                f"{module}: tests/run finds tests with a lab by the words mark.lab in their file"
            )
        on_the_host = not module.startswith(_IN_OWN_NAMESPACE) or module.endswith(_STARTS_A_LAB)
        group = "labs" if lab and on_the_host else module
        item.add_marker(pytest.mark.xdist_group(group))


@cache
def _text(path: Path) -> str:
    return path.read_text()
