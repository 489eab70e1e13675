"""Which tests share a worker of pytest-xdist (`-n 2 --dist loadgroup`).

A test that starts a lab compares the host before and after, and measures time: such tests run one after the other, and
so do those in a namespace of their own, which no other test sees. Of the rest, a module stays together, so that what
its tests share is made once.
"""

import pytest

_IN_OWN_NAMESPACE = "tests/faults/"
_STARTS_A_LAB = "test_target_contract.py"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        module = item.nodeid.partition("::")[0]
        if item.get_closest_marker("lab") is None:
            group = module
        elif module.startswith(_IN_OWN_NAMESPACE) and not module.endswith(_STARTS_A_LAB):
            group = "namespaces"
        else:
            group = "labs"
        item.add_marker(pytest.mark.xdist_group(group))
