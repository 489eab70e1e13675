"""Each answer that is no pass says what to do next, by the options of its run."""

import pytest

from chaosproof.compare.checks import step_of
from chaosproof.judge.checks.registry import builtin_checks
from chaosproof.judge.judge import judge_run
from chaosproof.judge.next_steps import MARK, add_next_step, filled_in
from chaosproof.runfolder.checks import Check
from chaosproof.runfolder.run_folder import read_run
from tests.support.runs import resilient_run
from tests.tampering.cases import MADE


def test_what_is_to_be_done_names_the_command_that_does_the_run_again(tmp_path):
    run = read_run(resilient_run().write(tmp_path))
    assert filled_in("then: {again}", run) == "then: chaos run experiments/s4.json --var mode=resilient"
    for check in builtin_checks():
        assert "{" not in filled_in(check.next_step, run)


def test_a_pass_and_an_answer_that_knows_better_stay_as_they_are():
    passing = Check("SYS_X", "pass", "all is well", "journal.json")
    assert add_next_step(passing, "do it again") == passing
    better = Check("SYS_X", "fail", f"it broke{MARK}mend it", "journal.json")
    assert add_next_step(better, "do it again") == better
    broken = Check("SYS_X", "fail", "it broke.", "journal.json")
    assert add_next_step(broken, "mend it").details == f"it broke{MARK}mend it"


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in MADE[::5]])
def test_no_answer_of_a_bent_run_leaves_its_reader_alone(tmp_path, case):
    run = resilient_run()
    case.mutate(run)
    verdict = judge_run(run.write(tmp_path))
    silent = [check.id for check in verdict.checks if (MARK in check.details) is (check.status == "pass")]
    assert silent == []


@pytest.mark.parametrize("id", ["CMP_SAME_SETTINGS", "CMP_NEGATIVE_CONTROL", "CMP_VARIANT_POOL1", "C06"])
def test_every_check_of_a_comparison_has_a_step(id):
    assert step_of(id)
