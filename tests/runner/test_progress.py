from chaosproof.runfolder.faults import FaultRecord
from chaosproof.runner.progress import Moment, status_line

ROW = {
    "at": 110.0,
    "t_s": 10.0,
    "done": 2000,
    "ok": 1990,
    "p99_ms": 12.4,
    "codes": {"SUCCESS": 1990, "UNAVAILABLE": 10},
}
BEFORE = {"at": 109.5, "t_s": 9.5, "done": 1900}


def test_a_line_says_rate_latency_and_errors_by_code():
    line = status_line(Moment("load", ROW, BEFORE, (), (), 110.0))
    assert line == "load  10.0 s  200 req/s  p99 12 ms  1990 ok  UNAVAILABLE 10"


def test_a_line_counts_down_to_the_end_of_an_active_fault():
    fault = FaultRecord(id="f1", kind="reset", instance="app-a-0", expires_at=117.2)
    assert "[reset on app-a-0 ends in 7 s]" in status_line(Moment("load", ROW, BEFORE, (fault,), (), 110.0))


def test_the_first_row_counts_from_the_start_of_the_load():
    assert "200 req/s" in status_line(Moment("load", ROW, None, (), (), 110.0))


def test_no_errors_are_said_as_such():
    row = {**ROW, "codes": {"SUCCESS": 1990}}
    assert status_line(Moment("warm-up", row, BEFORE, (), (), 110.0)).endswith("1990 ok  no errors")
