"""An activity of this project has one name, whether the experiment writes it in full or for short."""

import importlib

import pytest

from chaosproof.experiment.method_actions import (
    FAULT_MODULES,
    OWN_MODULES,
    calls_of,
    foreign_actions,
    function_of,
    own_module,
)

SHORT = {
    "type": "action",
    "name": "cut",
    "provider": {"type": "python", "module": "actions.network", "func": "reset"},
}
FOREIGN = {
    "type": "action",
    "name": "x",
    "provider": {"type": "python", "module": "shop.actions.network", "func": "reset"},
}


def test_a_short_name_is_the_whole_one():
    assert calls_of([SHORT, FOREIGN], *FAULT_MODULES) == (SHORT,)
    assert function_of(SHORT) == "chaosproof.actions.network.reset"
    assert [name for name, _ in foreign_actions([SHORT, FOREIGN])] == ["x"]


@pytest.mark.parametrize("module", [*OWN_MODULES, "chaosproof.probes.fault", "chaosproof.controls.session"])
def test_in_a_checkout_a_short_name_is_the_very_module(module: str):
    short = module.removeprefix("chaosproof.")
    assert own_module(short) == module
    assert importlib.import_module(short) is importlib.import_module(module)


def test_another_module_keeps_its_name():
    for module in ("chaosk8s.actions", "actionsextra.network", "shop.probes.load", "actions", ""):
        assert own_module(module) == module
