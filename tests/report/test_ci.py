"""What CI is told of a pack, in GitHub's words."""

from hypothesis import given
from hypothesis import strategies as st

from chaosproof.report.formats.ci import annotations, escape_message, escape_property, step_summary
from tests.support.overviews import AMISS, PASSING


def test_a_pack_that_passes_is_annotated_with_nothing():
    assert annotations(PASSING) == []


def test_a_required_check_that_failed_is_an_error_at_the_line_that_claims_it():
    (line,) = [one for one in annotations(AMISS) if "SYS_S4" in one]
    assert line.startswith("::error file=experiments/s4%2C2.json,line=12,title=SYS_S4::S4 heals: 100%25 of")


def test_a_required_check_that_is_not_known_is_an_error_too():
    assert "::error title=SYS_S1::not measured" in annotations(AMISS)


def test_a_required_check_that_is_absent_is_an_error():
    assert (
        "::error title=SYS_RECONNECT::SYS_RECONNECT is required and the pack does not have it"
        in annotations(AMISS)
    )


def test_a_performance_check_warns_and_an_informing_one_is_silent():
    lines = annotations(AMISS)
    assert "::warning file=experiments/r1.json,line=3,title=PERF_R1_P50::0.33 ms (at most 0.25)" in lines
    assert not any("INFO_KERNEL" in line for line in lines)


@given(st.text())
def test_whatever_is_said_stays_on_one_line_and_comes_back_whole(words):
    escaped = escape_message(words)
    assert "\n" not in escaped and "\r" not in escaped
    assert escaped.replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%") == words


@given(st.text())
def test_a_property_holds_nothing_that_ends_it(words):
    assert not set("\r\n:,") & set(escape_property(words))


def test_the_step_summary_is_a_table_of_runs_and_of_what_is_amiss():
    summary = step_summary(AMISS)
    assert "gate all: fail" in summary
    assert "0 of 3 required checks passed; readiness 41.5 of 100." in summary
    assert "| s4, baseline | ❌ fail | failed requests 13.6 % |" in summary
    assert "| SYS\\_RECONNECT | ❌ absent | required, and not in the pack |" in summary


def test_a_cell_of_the_step_summary_cannot_end_itself_or_start_html():
    (row,) = [line for line in step_summary(AMISS).splitlines() if line.startswith("| SYS\\_S4")]
    assert row.replace("\\|", "").count("|") == 4
    assert "<script" not in row
