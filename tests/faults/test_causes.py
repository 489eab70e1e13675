"""A cause in words becomes the fault that imitates it, and an experiment's action that is the same fault."""

import inspect
import json
import subprocess
import sys

import pytest
from click.testing import CliRunner, Result

import chaosproof.actions.network
from chaosproof.cli.inject import inject
from chaosproof.errors import UsageError
from chaosproof.faults.causes.base import Cause, arguments_of, cause_named
from chaosproof.faults.causes.shown import provider_of
from chaosproof.faults.causes.table import CAUSES
from chaosproof.faults.kinds import KINDS
from chaosproof.faults.model import Fault
from tests.support.chaos import REPOSITORY

every_cause = pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.name)


def injected(*arguments: str) -> Result:
    return CliRunner().invoke(inject, arguments)


def fault_of(cause: Cause) -> Fault:
    return Fault(port=7000, duration_s=1, **arguments_of(cause, {}))


@every_cause
def test_a_cause_is_a_fault_that_exists(cause: Cause) -> None:
    """Its kind takes all of its arguments, and the end that it is on is the one that its direction meets."""
    fault = fault_of(cause)
    assert fault.kind == cause.kind
    at_the_server = (fault.direction, fault.port_side) == ("ingress", "destination")
    assert cause.on == ("server" if at_the_server else "client")
    declared = {parameter.name for parameter in KINDS[cause.kind].parameters}
    assert set(cause.magnitudes) <= declared and not set(cause.fixed) & declared


@every_cause
def test_a_cause_is_said_in_whole_sentences(cause: Cause) -> None:
    """What a real one looks like is one sentence."""
    assert cause.real.endswith(".") and ". " not in cause.real
    assert cause.nearness.endswith(".")


@every_cause
def test_the_action_of_an_experiment_is_the_same_fault(cause: Cause) -> None:
    """The action takes the arguments that are printed, and its defaults are those that are left out."""
    fault = fault_of(cause)
    provider = provider_of(fault, "shop-0")
    signature = inspect.signature(getattr(chaosproof.actions.network, provider["func"]))
    call = signature.bind(**provider["arguments"])
    call.apply_defaults()
    others = {name: value for name, value in call.arguments.items() if name not in ("instance", "at_s")}
    del others["configuration"]
    optional = {p.name for p in fault.declared.parameters if not p.required}
    again = {name: value for name, value in others.items() if value or name not in optional}
    again = {"protocol": fault.declared.protocols[0], "direction": fault.declared.directions[0], **again}
    assert Fault(kind=provider["func"], **{**again, "peer": again["peer"] or None}) == fault


def test_no_two_causes_have_one_name() -> None:
    """Each is found by its name, however it is typed."""
    for cause in CAUSES:
        for name in (cause.name, cause.name.upper(), f" {cause.name.replace(' ', '-')} "):
            assert cause_named(name, CAUSES) is cause


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("peer proces kiled", "did you mean 'peer process killed'?"),
        ("firewall drop", "did you mean 'firewall with DROP'?"),
        ("loss", "--list-causes lists all of them"),
        ("", "--list-causes lists all of them"),
    ],
)
def test_a_misspelt_cause_is_refused_with_the_nearest(name: str, meant: str) -> None:
    """So is one that is like none, with where to look."""
    done = injected("--like", name, "--port", "7000", "--duration", "1s", "--dry-run")
    assert isinstance(done.exception, UsageError)
    assert f"there is no cause {name!r}: " in str(done.exception) and meant in str(done.exception)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("drop", "--like", "lossy link"), "'lossy link' is a loss, not a drop"),
        (
            ("--like", "peer process killed", "--direction", "ingress"),
            "'peer process killed' is a reset with direction egress, not ingress: leave direction out",
        ),
        (
            ("--like", "lossy link", "--port-side", "source"),
            "'lossy link' is a loss with port_side destination, not source",
        ),
        (("--like", "long line", "--loss-percent", "3"), "a delay fault has no loss_percent: leave it out"),
        (
            ("--like", "peer process killed", "--sides", "client"),
            "'peer process killed' is a reset with sides both, not client",
        ),
        (("--like", "long line", "--sides", "both"), "a delay fault has no sides"),
        (("--like", "lossy link", "--loss-percent", "101"), "at most 100"),
        (("--like", "stuck peer", "--protocol", "udp"), "only TCP can be stalled"),
        (("--like", "long line", "--ceiling", "500ms"), "beyond the ceiling of 0.5 s"),
        ((), "Say which kind of fault"),
    ],
)
def test_what_contradicts_the_cause_is_refused(arguments: tuple[str, ...], sentence: str) -> None:
    """One sentence says which argument, and what the cause has in its place."""
    done = injected(*arguments, "--port", "7000", "--duration", "1s", "--dry-run")
    assert isinstance(done.exception, Exception) and sentence in str(done.exception)
    assert done.output == ""


def test_a_fault_without_an_end_is_refused() -> None:
    """The duration is asked for by a sentence that shows one."""
    done = injected("--like", "peer process killed", "--port", "7000", "--dry-run")
    assert isinstance(done.exception, UsageError) and "--duration 15s" in str(done.exception)


def test_what_agrees_with_the_cause_may_be_said_again_and_its_strength_is_a_choice() -> None:
    """A dry run says which fault it would be, and touches nothing: there is no lab here."""
    options = ("--direction", "egress", "--loss-percent", "30", "--port", "7000", "--duration", "1s")
    done = injected("loss", "--like", "Lossy-Link", *options, "--dry-run", "--json")
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert document["like"]["cause"] == "lossy link"
    assert (document["kind"], document["direction"], document["magnitude"]) == (
        "loss",
        "egress",
        {"loss_percent": 30.0},
    )


def test_a_dry_run_says_the_fault_in_words_and_as_an_action() -> None:
    """In words it says how near the fault comes, too."""
    done = injected("--like", "peer process killed", "--port", "7000", "--duration", "1s", "--dry-run")
    likeness, fault, action = done.stdout.splitlines()
    assert likeness.startswith(
        "Like 'peer process killed', on the client of the connection. Near: both kernels"
    )
    assert fault == "It would be reset of egress tcp destination port 7000 for 1 s."
    assert json.loads(action.removeprefix("In an experiment: "))["func"] == "reset"


def test_a_kind_may_be_tried_dry_as_well() -> None:
    """Then nothing is said of a likeness."""
    done = injected("drop", "--port", "7000", "--duration", "1s", "--dry-run")
    assert done.stdout.startswith("It would be drop of egress tcp destination port 7000 for 1 s.\n")


def test_the_list_has_every_cause_in_words_and_as_data() -> None:
    """The data has all that the words have."""
    listing = injected("--list-causes").stdout
    rows = json.loads(injected("--list-causes", "--json").stdout)
    assert [row["cause"] for row in rows] == [cause.name for cause in CAUSES]
    assert [entry.splitlines()[0] for entry in listing.split("\n\n")] == [row["cause"] for row in rows]
    for row in rows:
        assert " ".join(row["real"].split()) in " ".join(listing.split())


def test_the_page_is_what_the_generator_prints() -> None:
    """docs/reference/causes.md follows the table."""
    argv = [sys.executable, "docs/reference/generate_causes.py"]
    printed = subprocess.run(argv, cwd=REPOSITORY, capture_output=True, text=True, timeout=30, check=True)
    assert (REPOSITORY / "docs" / "reference" / "causes.md").read_text() == printed.stdout
