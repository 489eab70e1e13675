"""What a lab does by itself: it runs what it was told to run later, begins ahead, and ends what a job left."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chaosproof.faults.engine import FaultEngine
from chaosproof.faults.limits import Limits
from chaosproof.faults.model import Fault
from chaosproof.targets.base import DeferredCommand, Instance, SupportsDeferred
from chaosproof.targets.local.target import LocalTarget
from tests.support.fake_target import FakeTarget
from tests.support.network import snapshot_of
from tests.support.small_lab import running_lab

SLEEPER = """\
name: later
services:
  sleeper:
    command: [sleep, infinity]
"""


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalTarget]:
    with running_lab(tmp_path_factory.mktemp("later"), SLEEPER) as lab:
        yield LocalTarget(lab.name)


@pytest.mark.lab
@pytest.mark.parametrize(
    ("argv", "exit_code"), [(["true"], 0), (["no-such-command"], 127), (["sleep", "30"], 124)], ids=str
)
def test_what_comes_after_a_command_comes_however_the_command_ended(
    target: LocalTarget, tmp_path: Path, argv: list[str], exit_code: int
):
    mark = tmp_path / "mark"
    done = target.run_deferring(
        "sleeper-0",
        argv,
        after=DeferredCommand(["touch", str(mark)], 0.3),
        timeout_s=0.5 if exit_code == 124 else 5,
    )
    assert (done.exit_code, mark.exists()) == (exit_code, False)
    told_at = time.time()
    while not mark.exists():
        assert time.time() < told_at + 5
        time.sleep(0.01)
    assert mark.stat().st_mtime > told_at + 0.2


@pytest.mark.lab
def test_a_command_that_cannot_be_run_later_harms_nobody(target: LocalTarget):
    target.run_deferring("sleeper-0", ["true"], after=DeferredCommand(["no-such-command"], 0.0))
    assert target.run("sleeper-0", ["echo", "here"]).stdout == "here\n"


@pytest.mark.lab
def test_a_command_that_was_begun_ahead_needs_only_its_input(target: LocalTarget):
    begun = target.prestart("sleeper-0", ["sh", "-c", "read -r word; echo got $word; exit 3"], keep_s=60)
    done = begun("it\n", 5.0)
    assert done is not None and (done.stdout, done.exit_code) == ("got it\n", 3)
    assert begun("again\n", 5.0) is None


@pytest.mark.lab
def test_a_command_whose_caller_is_gone_gets_an_empty_input(target: LocalTarget, tmp_path: Path):
    """Long before it would for want of patience: who was killed after he armed a fault leaves nothing of it."""
    mark = tmp_path / "mark"
    begun = target.prestart("sleeper-0", ["sh", "-c", f"read -r word; echo $word >{mark}"], keep_s=60)
    time.sleep(0.2)
    assert not mark.exists()
    del begun
    given_up_at = time.monotonic() + 5
    while not (mark.exists() and mark.read_text()):
        assert time.monotonic() < given_up_at
        time.sleep(0.01)
    assert mark.read_text() == "\n"


@pytest.mark.lab
def test_a_command_that_nobody_gives_its_input_gets_an_empty_one(target: LocalTarget, tmp_path: Path):
    mark = tmp_path / "mark"
    begun = target.prestart("sleeper-0", ["sh", "-c", f"read -r word; echo $word >{mark}"], keep_s=0.2)
    given_up_at = time.monotonic() + 5
    while not (mark.exists() and mark.read_text()):
        assert time.monotonic() < given_up_at
        time.sleep(0.01)
    assert mark.read_text() == "\n"
    assert begun("late", 5.0) is None


@pytest.mark.lab
@pytest.mark.parametrize("killed", [False, True], ids=["waiting", "killed while it waited"])
@pytest.mark.parametrize(
    ("backend", "kind", "waits"),
    [
        ("nft", {"kind": "reset"}, "n[f]t"),
        ("nft", {"kind": "rate", "rate_kbit": 100.0}, "chaosproof-watchdo[g]"),
        ("iptables", {"kind": "reset"}, "chaosproof-watchdo[g]"),
    ],
)
def test_an_armed_fault_goes_on_whatever_became_of_its_command(
    target: LocalTarget, backend: str, kind: dict[str, Any], waits: str, killed: bool
):
    engine = FaultEngine(target, limits=Limits(allow_all=True), backend=backend, canary=False)
    fault = Fault(port=7000, duration_s=30, **kind)
    engine.prepare("sleeper-0")
    before = snapshot_of(target, "sleeper-0")
    armed = engine.arm(fault, "sleeper-0")
    ahead = snapshot_of(target, "sleeper-0")
    rules = "nft -j list ruleset"
    # a queue is put up ahead; to what it will do nothing is sent
    assert ahead[rules] == before[rules] if fault.layer == "shape" else ahead == before
    waiting = _asleep(target, waits)
    if killed:
        # stopped first: the end of one is the end of the input of the next, which would be gone before its turn
        kill = 'kill -s STOP "$@" && kill -s KILL "$@"'
        assert target.run("sleeper-0", ["sh", "-c", kill, "sh", *waiting]).exit_code == 0
    receipt = armed.apply()
    assert [one.id for one in engine.active("sleeper-0")] == [receipt.id]
    engine.heal()
    assert snapshot_of(target, "sleeper-0") == before


def _asleep(target: LocalTarget, argument: str) -> list[str]:
    """The processes with this argument, once all of them wait: one that still starts could leave a child behind."""
    which = f"grep -lzx {argument} /proc/[0-9]*/cmdline"
    listing = f"for file in $({which}); do cut -d' ' -f1,3 ${{file%cmdline}}stat; done"
    given_up_at = time.monotonic() + 5
    earlier, lines = [], [""]
    while lines != earlier or not all(line.endswith(" S") for line in lines):
        assert time.monotonic() < given_up_at, lines
        earlier, lines = lines, target.run("sleeper-0", ["sh", "-c", listing]).stdout.splitlines() or [""]
    return [line.split()[0] for line in lines]


@pytest.mark.lab
def test_what_a_job_left_behind_ends_with_it(target: LocalTarget, tmp_path: Path):
    """So a stress is over also when only the process that kept its time was killed."""
    target.start_job("parent", ["sh", "-c", "sleep 1000 & echo $! >child"], env={}, out_dir=tmp_path)
    given_up_at = time.monotonic() + 5
    while target.job("parent").running:
        assert time.monotonic() < given_up_at
        time.sleep(0.01)
    child = (tmp_path / "child").read_text().strip()
    while target.run("sleeper-0", ["kill", "-0", child]).exit_code == 0:
        assert time.monotonic() < given_up_at, "the child is still there"
        time.sleep(0.01)


def test_a_lab_is_a_keeper_and_not_every_target_is():
    assert isinstance(LocalTarget("any"), SupportsDeferred)
    assert not isinstance(FakeTarget([Instance("a-0", "a", "10.0.0.1")]), SupportsDeferred)
