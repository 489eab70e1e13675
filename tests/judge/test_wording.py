"""How an answer is worded: what is long is cut, what is many is counted, and the worst of it is said."""

from typing import Any

import pytest

from chaosproof.judge.check import counts, failed, guarded, passed, skipped, unknown
from chaosproof.judge.findings import Findings
from chaosproof.review.facts.effect import last_line_of, name_of
from chaosproof.runfolder.checks import Check
from chaosproof.runfolder.journal import ActivityRun
from chaosproof.wording import counted, short


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a" * 240, "a" * 240),
        ("a" * 241, "a" * 240 + "..."),
        (1 / 3, "0.333333"),
        ([1 / 4, "b"], "[0.25, 'b']"),
        (None, "None"),
        (7, "7"),
    ],
)
def test_a_value_is_quoted_as_it_stands_and_cut_where_it_is_long(value: Any, shown: str) -> None:
    assert short(value) == shown


@pytest.mark.parametrize(
    ("count", "noun", "shown"),
    [
        (0, "probe", "0 probes"),
        (1, "activity", "1 activity"),
        (2, "activity", "2 activities"),
        (2, "time", "2 times"),
    ],
)
def test_a_count_has_its_noun(count: int, noun: str, shown: str) -> None:
    assert counted(count, noun) == shown


@pytest.mark.parametrize(
    ("wrong", "unclear", "expected"),
    [
        ([], [], passed("SYS_X", "all is well", "x.json")),
        ([], ["a", "b"], unknown("SYS_X", "a; b", "x.json")),
        (["c"], ["a"], failed("SYS_X", "c", "x.json")),
        ([*"abcd"], [], failed("SYS_X", "a; b; c; d", "x.json")),
        ([*"abcde"], [], failed("SYS_X", "a; b; c; d; and 1 more", "x.json")),
        ([], [*"abcdef"], unknown("SYS_X", "a; b; c; d; and 2 more", "x.json")),
    ],
)
def test_what_is_wrong_outweighs_what_is_unclear(
    wrong: list[str], unclear: list[str], expected: Check
) -> None:
    assert Findings("SYS_X", "x.json", wrong, unclear).check("all is well") == expected


def test_an_answer_has_its_id_its_status_its_words_and_its_evidence() -> None:
    assert passed("A", "b", "c") == Check("A", "pass", "b", "c", skipped=False)
    assert failed("A", "b", "c") == Check("A", "fail", "b", "c", skipped=False)
    assert unknown("A", "b", "c") == Check("A", "unknown", "b", "c", skipped=False)
    assert skipped("A", "b", "c") == Check("A", "unknown", "b", "c", skipped=True)
    checks = [passed("A", "", ""), failed("B", "", ""), unknown("C", "", ""), skipped("D", "", "")]
    assert counts(checks) == {"total": 4, "pass": 1, "fail": 1, "unknown": 2}
    assert counts([]) == {"total": 0, "pass": 0, "fail": 0, "unknown": 0}


def test_a_checker_that_crashes_says_so_under_its_own_id() -> None:
    def crash() -> Check:
        raise KeyError("x")

    assert guarded("A", "c", crash) == unknown("A", "the checker itself failed: KeyError: 'x'", "c")
    assert guarded("A", "c", lambda: passed("A", "b", "c")) == passed("A", "b", "c")


@pytest.mark.parametrize(
    ("exception", "sentence"),
    [
        ([], "it does not say why"),
        ([" \n", "\n"], "it does not say why"),
        (["Traceback:\n", "  chaoslib.exceptions.ActivityFailed: no route \n", "\n"], "no route"),
        (["first\nlast\n"], "last"),
        (["x" * 300], "x" * 240 + "..."),
    ],
)
def test_an_activity_failed_for_the_last_line_that_the_toolkit_kept(
    exception: list[str], sentence: str
) -> None:
    assert last_line_of(ActivityRun.from_json({"exception": exception})) == sentence


def test_an_activity_without_a_name_is_called_so() -> None:
    assert name_of(ActivityRun.from_json({})) == "(no name)"
    assert name_of(ActivityRun.from_json({"activity": {"name": "hold"}})) == "hold"
