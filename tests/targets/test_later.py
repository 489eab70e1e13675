"""What a lab does by itself: it runs what it has been told to run later, and ends what a job left behind."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaosproof.targets.fake import FakeTarget
from chaosproof.targets.local.local import LocalTarget
from chaosproof.targets.target import Instance, Keeper

from .small_lab import running_lab

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
    done = target.run_kept(
        "sleeper-0", argv, then=["touch", str(mark)], after_s=0.3, timeout_s=0.5 if exit_code == 124 else 5
    )
    assert (done.exit_code, mark.exists()) == (exit_code, False)
    told_at = time.time()
    while not mark.exists():
        assert time.time() < told_at + 5
        time.sleep(0.01)
    assert mark.stat().st_mtime > told_at + 0.2


@pytest.mark.lab
def test_a_command_that_cannot_be_run_later_harms_nobody(target: LocalTarget):
    target.run_kept("sleeper-0", ["true"], then=["no-such-command"], after_s=0.0)
    assert target.run("sleeper-0", ["echo", "here"]).stdout == "here\n"


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
    assert isinstance(LocalTarget("any"), Keeper)
    assert not isinstance(FakeTarget([Instance("a-0", "a", "10.0.0.1")]), Keeper)
