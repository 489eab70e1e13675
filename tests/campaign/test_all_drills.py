"""`./run all`: which drills are run, in how many lanes, and that a failed one does not keep the others from running."""

import threading

import pytest

from chaosproof.campaign.all import chosen, describe_lanes, drills_of, lanes_for, profile_of, run_drills
from chaosproof.campaign.conclude import pack_and_gate
from chaosproof.cli.main import main
from chaosproof.errors import ChaosproofError, UsageError
from chaosproof.pack.gate.rules import read_rules

ALL = ("s1", "s2", "s3", "s4", "r1", "r2", "r3", "r4", "r5", "r6")


def test_without_a_choice_all_ten_are_run():
    assert chosen(None, ALL) == ALL
    assert drills_of(read_rules()) == ALL


def test_a_choice_is_run_in_the_usual_order():
    assert chosen("R1, s4,s1", ALL) == ("s1", "s4", "r1")


@pytest.mark.parametrize("only", ["s9", "s4,x", "", " , "])
def test_a_choice_of_what_is_not_there_is_one_sentence(only):
    with pytest.raises(UsageError, match="--only"):
        chosen(only, ALL)


def test_the_gate_over_a_choice_still_asks_for_everything_but_for_a_single_one():
    assert profile_of(("s4",)) == "s4"
    assert profile_of(("s4", "r1")) == "all"


@pytest.mark.parametrize(("cores", "lanes"), [(1, 1), (2, 1), (7, 1), (8, 2), (64, 2)])
def test_labs_run_side_by_side_only_where_there_are_cores_for_two(cores, lanes):
    assert lanes_for(cores) == lanes


def test_it_says_that_labs_are_not_run_side_by_side_and_why():
    assert "on 2 cores labs side by side would disturb each other's figures" in describe_lanes(1, 2)


def test_a_drill_that_fails_does_not_keep_the_others_from_running(tmp_path):
    drilled = run_drills(("s1", "s2", "s3"), tmp_path, 1, lambda name, root, prefixed: int(name == "s2"))
    assert [(one.experiment, one.exit_code) for one in drilled] == [("s1", 0), ("s2", 1), ("s3", 0)]


def test_two_lanes_run_two_drills_at_the_same_time(tmp_path):
    both_are_there = threading.Barrier(2, timeout=10)

    def drill(name, root, prefixed):
        assert prefixed
        both_are_there.wait()
        return 0

    assert [one.exit_code for one in run_drills(("s1", "s2"), tmp_path, 2, drill)] == [0, 0]


def test_one_lane_runs_one_drill_at_a_time_and_leaves_its_output_alone(tmp_path):
    running = []

    def drill(name, root, prefixed):
        assert not prefixed
        assert not running
        running.append(name)
        running.remove(name)
        return 0

    assert len(run_drills(ALL, tmp_path, 1, drill)) == 10


def test_drills_that_leave_no_run_make_no_pack(tmp_path):
    with pytest.raises(ChaosproofError, match="nothing to put into a pack"):
        pack_and_gate(tmp_path, tmp_path / "pack", profile="all", now=1.0, report_progress=print)
    assert not (tmp_path / "pack").exists()


@pytest.mark.parametrize(
    ("words", "sentence"), [((), "no experiments/gate.yaml"), (("--profile", "x"), "no profile 'x'")]
)
def test_what_the_gate_cannot_ask_for_is_said_before_any_run(tmp_path, monkeypatch, capsys, words, sentence):
    """Neither a folder without rules nor an unknown profile costs a run."""
    if not words:
        (tmp_path / "experiments").mkdir()
        monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["all", "--out", str(tmp_path / "out"), *words])
    assert (ended.value.code, (tmp_path / "out").exists()) == (64, False)
    assert sentence in capsys.readouterr().err
