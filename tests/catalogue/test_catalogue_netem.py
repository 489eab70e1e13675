"""The experiments of the catalogue that need netem, whole, in a kernel that has it; a boot and two minutes each."""

import sys

import pytest

from tests.faults.netem_kernel import results_of

pytestmark = [pytest.mark.netem, pytest.mark.slow, pytest.mark.e2e, pytest.mark.timeout(600)]


@pytest.mark.parametrize("name", ["delay", "duplicate", "corrupt", "reorder"])
def test_a_fault_that_needs_netem_bites_and_goes_away(name: str):
    (result,) = results_of(f"{sys.executable} -m tests.catalogue.netem_inside {name}", timeout_s=580)
    print(result)
    assert result["unmet"] == []
    assert (result["exit_code"], result["verdict"]) == (0, "pass")
    assert [one["kind"] for one in result["faults"]] == [name]
