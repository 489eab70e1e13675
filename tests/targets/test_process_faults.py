"""Process faults on real processes: what was asked happens, ends by itself, and is written down."""

import time

import pytest

from chaosproof.errors import TargetError
from chaosproof.faults.errors import FaultRefused
from chaosproof.faults.limits import Limits
from chaosproof.faults.process import ProcessFaults
from chaosproof.runfolder.faults import FaultLedger
from chaosproof.targets.local.target import LocalTarget
from tests.support.sleeper import Sleeper
from tests.support.small_lab import TWO_SERVERS, running_lab
from tests.support.waiting import eventually

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def target(tmp_path_factory):
    with running_lab(tmp_path_factory.mktemp("process"), TWO_SERVERS) as lab:
        yield LocalTarget(lab.name)


@pytest.fixture
def faults(target, tmp_path):
    for name, state in target.states().items():
        if not state.alive:
            target.restart(name)
        elif state.paused:
            target.resume(name)
    return ProcessFaults(target, FaultLedger(tmp_path / "faults.jsonl"))


def _records(tmp_path):
    return FaultLedger(tmp_path / "faults.jsonl").records()


@pytest.mark.parametrize("kind", ["kill", "terminate"])
def test_an_ended_instance_is_dead_on_purpose_and_comes_back_when_restarted(target, faults, tmp_path, kind):
    getattr(faults, kind)("web-0")
    assert eventually(lambda: not target.states()["web-0"].alive)
    assert target.states()["web-0"].deaths == 0
    faults.restart("web-0")
    assert target.states()["web-0"].ready
    assert [(record.kind, record.ended_by) for record in _records(tmp_path)] == [
        (kind, "itself"),
        ("restart", "itself"),
    ]


def test_a_pause_ends_itself_at_its_deadline(target, faults, tmp_path):
    faults.pause("web-0", 1.5)
    sleeper = Sleeper(time.time() + 1.5)
    assert target.states()["web-0"].paused
    faults.wait_until_ended()
    assert not target.states()["web-0"].paused
    (record,) = _records(tmp_path)
    assert record.ended_by == "watchdog"
    assert -0.5 < record.ended_at - record.expires_at < 0.5 + sleeper.late_s()


def test_a_pause_ends_also_when_nobody_waits_for_it(target):
    target.pause("web-0", duration_s=0.3)
    assert eventually(lambda: not target.states()["web-0"].paused, within_s=1.0)


def test_a_pause_can_be_ended_early_and_that_is_said(target, faults, tmp_path):
    faults.pause("web-0", 30)
    faults.resume("web-0")
    faults.wait_until_ended()
    (record,) = _records(tmp_path)
    assert (record.ended_by, record.healed) == ("heal", True)


def test_a_later_pause_is_not_cut_short_by_an_earlier_one(target):
    target.pause("web-0", duration_s=0.2)
    target.resume("web-0")
    target.pause("web-0", duration_s=0.8)
    began = time.monotonic()
    assert eventually(lambda: not target.states()["web-0"].paused, within_s=2.0)
    assert time.monotonic() - began > 0.6


def test_the_last_whole_instance_of_a_service_is_not_hit_without_leave(target, faults):
    faults.kill("web-0")
    assert eventually(lambda: not target.states()["web-0"].alive)
    with pytest.raises(FaultRefused, match="would leave no instance of web whole"):
        faults.kill("web-1")
    ProcessFaults(target, limits=Limits(allow_all=True)).pause("web-1", 0.2)


def test_what_cannot_be_is_refused_before_anything_happens(target, faults, tmp_path):
    with pytest.raises(TargetError, match="no instance 'web-9'"):
        faults.kill("web-9")
    with pytest.raises(FaultRefused, match="at most 300 s"):
        faults.pause("web-0", 301)
    assert _records(tmp_path) == ()
