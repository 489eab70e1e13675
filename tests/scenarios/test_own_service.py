"""The example of docs/scenarios/own-service.md: its files are what the page says, and its services run in a lab.

.venv/bin/python -m pytest tests/scenarios/test_own_service.py
"""

import json
from pathlib import Path

import pytest
import yaml

from chaosproof.experiment.experiment import mistakes_of
from chaosproof.faults.engine import FaultEngine
from chaosproof.faults.model import Fault
from chaosproof.targets.local.control_client import take_down
from chaosproof.targets.local.launcher import launch_lab
from chaosproof.targets.local.target import LocalTarget
from chaosproof.targets.system.system_file import load_system
from tests.support.waiting import eventually

ROOT = Path(__file__).parents[2]
OWN = ROOT / "chaosproof/demo/own-service"
BUY = """
import http.client, sys
connection = http.client.HTTPConnection(sys.argv[1], 8000)
connection.request("GET", "/buy")
print(connection.getresponse().read().decode())
"""


def test_its_experiment_has_no_malformed_claim_and_names_its_own_system():
    experiment = json.loads((OWN / "s4.json").read_text())
    assert mistakes_of(experiment) == ()
    assert (ROOT / experiment["configuration"]["system"]).resolve() == OWN / "system.yaml"
    assert "app-a" not in json.dumps(experiment)


def test_the_page_shows_the_system_file_as_it_is():
    page = (ROOT / "docs/scenarios/own-service.md").read_text()
    block = page.partition("system.yaml):\n\n")[2].partition("\n\nAll words")[0]
    assert yaml.safe_load(block) == yaml.safe_load((OWN / "system.yaml").read_text())


@pytest.mark.lab
@pytest.mark.parametrize(
    ("mode", "code", "ready"), [("baseline", "OUT_OF_REACH", True), ("resilient", "LAST_KNOWN", False)]
)
def test_a_shop_cut_off_from_stock_does_what_its_mode_says_and_recovers(mode, code, ready):
    lab = launch_lab(load_system(OWN / "system.yaml", mode, "own-service"))
    try:
        target = LocalTarget(lab.name)
        assert _bought(target) == "SUCCESS"
        faults = FaultEngine(target)
        faults.apply(Fault(kind="reset", duration_s=3, port=7000), "shop-0")
        assert eventually(lambda: _bought(target) == code)
        assert eventually(lambda: target.states()["shop-0"].ready is ready)
        assert target.states()["shop-1"].ready
        assert eventually(
            lambda: _bought(target) == "SUCCESS" and target.states()["shop-0"].ready, within_s=10
        )
    finally:
        take_down(lab.name)


def _bought(target: LocalTarget) -> str:
    """What shop-0 answers, asked from beside it."""
    done = target.run("shop-0", ["python", "-I", "-S", "-c", BUY, target.instance("shop-0").address])
    return str(json.loads(done.stdout)["code"])
