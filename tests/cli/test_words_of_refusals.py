"""What a command cannot do is said with what to write instead."""

import click
import pytest
from click.testing import CliRunner

from chaosproof.cli import lab as lab_commands
from chaosproof.cli.inject import inject
from chaosproof.errors import TargetError
from chaosproof.faults.backends import choose_backend
from chaosproof.faults.backends.base import Capabilities
from chaosproof.faults.doctor import ABILITIES
from chaosproof.faults.errors import CapabilityError
from chaosproof.faults.model import Fault
from chaosproof.faults.selector import resolve_peer
from chaosproof.targets.base import Instance
from chaosproof.targets.local.listed_labs import ListedLab
from tests.support.fake_target import FakeTarget


def test_a_lab_that_ends_while_it_is_asked_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def row(lab: ListedLab) -> dict[str, object]:
        if lab.name == "ending":
            raise TargetError("Lab ending went away during 'states'.")
        row = {"lab": lab.name, "pid": 7, "folder": "/f", "owner": ""}
        return {**row, "endpoints": {}, "instances": [], "no_metrics": []}

    labs = (ListedLab("ending", "/f"), ListedLab("stays", "/f"))
    monkeypatch.setattr(lab_commands, "listed_labs", lambda: labs)
    monkeypatch.setattr(lab_commands, "_row", row)
    done = CliRunner().invoke(lab_commands.status)
    assert done.exit_code == 0
    assert done.stdout == "Lab stays (pid 7), from /f\n"
    assert done.stderr == "Lab ending is left out: Lab ending went away during 'states'.\n"


def test_two_ports_are_two_faults() -> None:
    done = CliRunner().invoke(inject, ["drop", "--pid", "1", "--duration", "1s", "--port", "443,80"])
    assert isinstance(done.exception, SystemExit | click.ClickException)
    assert "a fault has one; put one on for each port" in done.output


def test_a_name_outside_of_the_system_is_named_by_its_address() -> None:
    target = FakeTarget([Instance("app-0", "app", "10.0.0.1")])
    with pytest.raises(TargetError, match=r"named by its address or network.*names are not looked up"):
        resolve_peer("api.example.com", target)


def test_datagrams_to_what_is_no_instance_are_dropped_by_their_answers() -> None:
    """Where no queue can lose them behind the sender's stack."""
    fault = Fault(kind="drop", protocol="udp", port=53, direction="egress", duration_s=1)
    able = dict.fromkeys(ABILITIES, "")
    assert choose_backend(Capabilities(able), fault) == "nft"
    with pytest.raises(CapabilityError, match="direction ingress with port_side source"):
        choose_backend(Capabilities(able | dict.fromkeys(("htb", "nfqueue"), "it is missing")), fault)
    Fault(kind="drop", protocol="udp", port=53, direction="ingress", port_side="source", duration_s=1)
