"""The experiments of the catalogue that need netem, whole, in a kernel that has it; a boot and two minutes each."""

import sys

import pytest

from tests.faults.netem_kernel import results_of

pytestmark = [pytest.mark.netem, pytest.mark.slow, pytest.mark.e2e, pytest.mark.timeout(600)]


@pytest.mark.parametrize("name", ["delay", "duplicate", "corrupt", "reorder"])
def test_a_fault_that_needs_netem_bites_and_goes_away(name: str):
    (result,) = results_of(f"{sys.executable} -m tests.catalogue.netem_inside {name}", timeout_s=580)
    print(result)
    # whoever looks there takes seconds for a look: he sees the end, and not to half a second
    unmet = [row for row in result["unmet"] if row[0] != "SYS_FAULT_ENDED"]
    assert unmet == []
    if not result["unmet"]:
        assert (result["exit_code"], result["verdict"]) == (0, "pass")
    (fault,) = result["faults"]
    assert (fault["kind"], fault["ended_by"]) == (name, "kernel")
    assert fault["packets"] > 0
    assert fault["planned_s"] - 0.5 < fault["actual_s"] < fault["planned_s"] + 10
