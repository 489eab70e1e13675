"""The folder of the built-in checks: what each of them must keep, and how one is added."""

import pytest

from chaosproof.judge import checks
from chaosproof.judge.checks import registry
from chaosproof.judge.judge import judge_run
from tests.support.runs import resilient_run

ADDED = """
from chaosproof.judge.check import failed
from chaosproof.judge.checks.base import BuiltinCheck

ASKED = lambda material: failed("SYS_TITLE", "no", "x")
CHECK = BuiltinCheck("SYS_TITLE", 200, "Is the title long enough?", "lengthen it", ASKED)
"""


@pytest.fixture
def folder_of_mine(tmp_path, monkeypatch):
    """A folder whose files count as files of chaosproof/judge/checks."""
    monkeypatch.setattr(checks, "__path__", [*checks.__path__, str(tmp_path)])
    registry.builtin_checks.cache_clear()
    yield tmp_path
    registry.builtin_checks.cache_clear()


def test_a_check_is_added_by_one_file(tmp_path, folder_of_mine):
    """A file in the folder is all: its check is asked of every run, after those before it, and counts."""
    (folder_of_mine / "title_check.py").write_text(ADDED)
    verdict = judge_run(resilient_run().write(tmp_path / "run"))
    builtin = [check.id for check in verdict.checks if check.id.startswith("SYS_")]
    assert builtin[-1] == "SYS_TITLE"
    assert verdict.status == "fail"


def test_a_check_that_crashes_is_unknown_under_its_own_id(tmp_path, folder_of_mine):
    """And the others are answered all the same."""
    crashing = ADDED.replace('failed("SYS_TITLE", "no", "x")', "1 / 0")
    (folder_of_mine / "crashing_check.py").write_text(crashing)
    verdict = judge_run(resilient_run().write(tmp_path / "run"))
    (found,) = (check for check in verdict.checks if check.id == "SYS_TITLE")
    assert (found.status, found.evidence) == ("unknown", "journal.json")
    assert found.details.startswith("the checker itself failed: ZeroDivisionError: division by zero")
    assert {check.status for check in verdict.checks if check.id != "SYS_TITLE"} == {"pass"}


def test_two_checks_cannot_have_one_position(folder_of_mine):
    """The order of the rows is declared, so it must be one order."""
    (folder_of_mine / "same_position_check.py").write_text(ADDED.replace("200", "10"))
    with pytest.raises(ValueError, match="two built-in checks have one position: 10"):
        registry.builtin_checks()


def test_each_check_answers_a_run_of_which_nothing_is_known(tmp_path):
    """It answers with its own id, never with a pass, and no checker fails itself."""
    (tmp_path / "faults.jsonl").write_text("")
    answers = judge_run(tmp_path).checks
    assert [check.id for check in answers] == list(registry.required_ids())
    assert {check.status for check in answers} == {"unknown"}
    assert not [check.details for check in answers if "checker itself failed" in check.details]
