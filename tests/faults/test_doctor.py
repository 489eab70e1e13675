"""The doctor says in words what this machine can do, and leaves it as it was."""

import json
import subprocess
from collections.abc import Sequence

import pytest
from click.testing import CliRunner

from chaosproof.cli.doctor import doctor
from chaosproof.faults.doctor import ABILITIES, capabilities, findings
from chaosproof.faults.engine import FaultEngine
from chaosproof.faults.kinds import KINDS
from chaosproof.targets.base import CommandResult
from chaosproof.targets.host_command import run_to_end

from .netns_target import NetnsTarget


def answering(**answers: str):
    """A run that answers as the probe would: `""` for what worked, else what was said."""
    text = "".join(f"{name.replace('_', '-')}\t{said}\n" for name, said in answers.items())
    return lambda argv, *, stdin="", timeout_s=10.0: CommandResult(tuple(argv), 0, text, "", 0.1)


WORKING = {"nft": "", "iptables": "", "htb": "", "netem": "", "end_idle": ""}


def test_where_all_works_every_fault_is_made_by_nft():
    assert {one.backend for one in findings(capabilities(answering(**WORKING)))} == {"nft"}


def test_a_kernel_without_netem_is_told_by_the_name_of_its_option():
    known = capabilities(answering(**{**WORKING, "netem": "Error: Specified qdisc kind is unknown."}))
    assert "CONFIG_NET_SCH_NETEM" in known.lack("netem")
    impossible = {one.kind for one in findings(known) if one.backend is None}
    assert impossible == {"delay", "duplicate", "corrupt", "reorder"}


def test_a_missing_tool_is_told_by_its_package():
    known = capabilities(answering(**{**WORKING, "nft": "sh: 1: nft: not found", "fact": "manager\tdnf"}))
    assert known.lack("nft") == "nft is not installed: install it with: dnf install nftables"
    assert {one.kind: one.backend for one in findings(known)}["reset"] == "iptables"


def test_where_no_room_can_be_made_nothing_is_said_to_work():
    def run(argv: Sequence[str], *, stdin: str = "", timeout_s: float = 10.0) -> CommandResult:
        return CommandResult(
            tuple(argv), 0, "room\tunshare: unshare failed: Operation not permitted\n", "", 0.1
        )

    known = capabilities(run)
    assert all("Operation not permitted" in known.lack(ability) for ability in ABILITIES)
    assert all(one.backend is None for one in findings(known))


def test_an_ability_that_was_not_answered_is_missing():
    assert capabilities(answering(nft="")).lack("iptables")


@pytest.mark.parametrize(
    ("nothing_takes_s", "patience_s"), [(0.002, 60.0), (0.3, 300.0), (10.0, 600.0)], ids=str
)
def test_a_slow_machine_gets_the_time_that_it_needs(nothing_takes_s: float, patience_s: float):
    asked = []

    def run(argv: Sequence[str], *, stdin: str = "", timeout_s: float = 10.0) -> CommandResult:
        asked.append(timeout_s)
        return CommandResult(tuple(argv), 0, "", "", nothing_takes_s)

    capabilities(run)
    assert asked[-1] == patience_s


def test_the_command_tries_this_machine_and_leaves_it_alone():
    before = run_to_end(
        ["sh", "-c", "nft list ruleset; tc qdisc show; ip -o link; ls /run/netns /run"]
    ).stdout
    result = CliRunner().invoke(doctor, ["--json"])
    answer = json.loads(result.output)
    assert result.exit_code == 0 and answer["works"]
    assert [one["kind"] for one in answer["faults"]] == list(KINDS)
    assert set(answer["missing"]) == set(ABILITIES)
    assert (
        run_to_end(["sh", "-c", "nft list ruleset; tc qdisc show; ip -o link; ls /run/netns /run"]).stdout
        == before
    )


def test_the_table_names_every_kind_and_says_what_is_missing():
    result = CliRunner().invoke(doctor)
    known = capabilities(run_to_end)
    for kind in KINDS:
        assert kind in result.output
    for ability in ABILITIES:
        assert known.lack(ability) in result.output


@pytest.mark.lab
def test_an_ordinary_user_gets_the_same_answer():
    source = json.loads(CliRunner().invoke(doctor, ["--json"]).output)["missing"]
    done = subprocess.run(["id", "-u", "nobody"], capture_output=True, check=True, text=True)
    uid = int(done.stdout)

    def run(argv: Sequence[str], *, stdin: str = "", timeout_s: float = 10.0) -> CommandResult:
        done = subprocess.run(
            argv,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
            user=uid,
            group=uid,
            cwd="/",
        )
        return CommandResult(tuple(argv), done.returncode, done.stdout, done.stderr, 0.0)

    known = capabilities(run)
    assert {ability: known.lack(ability) or None for ability in ABILITIES} == source


@pytest.mark.lab
def test_an_instance_can_do_what_the_machine_can(room: NetnsTarget):
    here, there = capabilities(run_to_end), FaultEngine(room).capabilities("client-0")
    assert {a: here.lack(a) for a in ABILITIES} == {a: there.lack(a) for a in ABILITIES}
