"""What is made of records: Fortio's format, the summary, and the figures in both."""

import json
import statistics
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaosproof.errors import ChaosproofError
from chaosproof.load.outcome import Outcome
from chaosproof.load.output.fortio import PERCENTILES, fortio_result, save_fortio_result
from chaosproof.load.output.text_summary import summary_text
from chaosproof.load.recording.latencies import Latencies, nearest_rank
from chaosproof.load.recording.request_recorder import OK_CODES_MAX, RequestRecorder
from chaosproof.load.recording.row_file import RowFile
from chaosproof.runfolder.load import LoadDone
from chaosproof.runfolder.requests import HEADER, RequestRow, decode_row, encode_row, read_rows
from tests.support.load_client import plan_for

DONE = LoadDone(
    name="load",
    planned=4,
    recorded=4,
    ok=3,
    errors=1,
    started_at=1_795_289_405.0,
    ended_at=1_795_289_407.0,
    complete=True,
    rate_rps=2.0,
    stopped_by=None,
)


def record(seq: int, latency_s: float, status: int = 200, code: str = "SUCCESS") -> RequestRow:
    due = DONE.started_at + seq
    return RequestRow(seq, due, due + 0.0005, due + latency_s, status, code, "app-a-0", 1)


PLAN = plan_for("http://127.0.0.1:1/").to_record()
RECORDS = [record(0, 0.001), record(1, 0.0125), record(2, 0.25), record(3, 2.5, 0, "TIMEOUT")]


def result() -> dict:
    return fortio_result(RECORDS, plan_for("http://127.0.0.1:1/").to_record(), DONE)


def test_a_result_has_fortios_fields_and_units():
    fields = result()
    assert fields["RunType"] == "HTTP"
    assert fields["Labels"] == "load"
    assert fields["StartTime"] == "2026-11-21T19:30:05Z"
    assert (fields["RequestedQPS"], fields["NumThreads"]) == ("10", 50)
    assert fields["ActualDuration"] == 2_000_000_000
    assert fields["ActualQPS"] == 2
    assert fields["RetCodes"] == {"-1": 1, "200": 3}
    histogram = fields["DurationHistogram"]
    assert histogram["Count"] == 4
    assert histogram["Min"] == pytest.approx(0.001, abs=1e-6)
    assert histogram["Max"] == pytest.approx(2.5, abs=1e-6)
    assert histogram["Sum"] == pytest.approx(2.7635, abs=1e-6)
    assert histogram["StdDev"] == pytest.approx(statistics.pstdev([0.001, 0.0125, 0.25, 2.5]), abs=1e-6)
    assert [percentile["Percentile"] for percentile in histogram["Percentiles"]] == list(PERCENTILES)
    assert histogram["Percentiles"][0]["Value"] == pytest.approx(0.0125, abs=1e-6)
    assert histogram["Percentiles"][-1]["Value"] == histogram["Max"]


def test_fortios_buckets_hold_everything_once_and_meet_at_its_bounds():
    data = result()["DurationHistogram"]["Data"]
    assert sum(bucket["Count"] for bucket in data) == 4
    assert [bucket["Percent"] for bucket in data] == [25, 50, 75, 100]
    assert [(bucket["Start"], bucket["End"]) for bucket in data[1:3]] == [(0.012, 0.014), (0.2, 0.25)]
    assert data[-1]["End"] == pytest.approx(2.5, abs=1e-6)


def test_a_load_without_requests_has_a_result_too():
    fields = fortio_result([], plan_for("http://127.0.0.1:1/").to_record(), DONE)
    assert fields["DurationHistogram"]["Count"] == 0
    assert "All done 0 calls" in summary_text(fields, DONE, PLAN)


def test_a_result_is_folded_from_the_files_alone(tmp_path):
    with (tmp_path / "load-plan.json").open("w") as file:
        json.dump(plan_for("http://127.0.0.1:1/").to_dict(), file)
    with (tmp_path / "load-done.json").open("w") as file:
        json.dump(DONE.to_json(), file)
    write_records(tmp_path / "requests.csv.gz", RECORDS)
    save_fortio_result(tmp_path, tmp_path / "artifacts" / "load.json")
    saved = json.loads((tmp_path / "artifacts" / "load.json").read_text())
    assert saved["DurationHistogram"]["Count"] == 4
    assert saved["RetCodes"] == {"-1": 1, "200": 3}


def test_a_folder_without_a_load_is_one_sentence(tmp_path):
    with pytest.raises(ChaosproofError, match=r"cannot read .*load-plan\.json: No such file"):
        save_fortio_result(tmp_path, tmp_path / "load.json")


def test_the_summary_says_what_the_person_wants_to_know():
    text = summary_text(result(), DONE, PLAN)
    assert "Ended after 2.000 s: 4 calls, 2 sent per second (of 10), 50 connections" in text
    assert "# target 50% 12.500 ms" in text
    assert "Code TIMEOUT : 1 (25.0 %)" in text
    assert text.endswith("All done 4 calls, 3 ok, 1 errors")


def test_successes_have_a_limited_number_of_codes_and_errors_keep_theirs():
    rows: list[str] = []
    recorder = RequestRecorder(model="open", epoch=0.0, add_row=rows.append)
    for seq in range(200):
        status = 503 if seq % 2 else 200
        recorder.add(Outcome(seq, 0.0, 0.0, 0.1, status, f"C{seq}", "", 1))
    codes = [decode_row(row.strip().split(",")).code for row in rows]
    assert len(set(codes[::2])) == OK_CODES_MAX + 1 and codes[-2] == "OTHER"
    assert len(set(codes[1::2])) == 100
    assert recorder.tally.codes["OTHER"] == 100 - OK_CODES_MAX


def write_records(path: Path, records: list[RequestRow]) -> None:
    file = RowFile(path, HEADER)
    for one in records:
        file.add(
            encode_row(
                one.seq,
                one.due_at,
                one.sent_at,
                one.done_at,
                one.status,
                one.code,
                one.instance,
                one.attempts,
            )
        )
        file.flush()
    file.close()


def test_a_row_survives_its_writing(tmp_path):
    unsent = RequestRow(4, DONE.started_at, None, DONE.started_at + 1, 0, "NOT_SENT", "", 0)
    write_records(tmp_path / "requests.csv.gz", [*RECORDS, unsent])
    read = list(read_rows(tmp_path / "requests.csv.gz"))
    assert [one.code for one in read] == ["SUCCESS", "SUCCESS", "SUCCESS", "TIMEOUT", "NOT_SENT"]
    assert read[4].sent_at is None
    assert read[1].latency_s("open") == pytest.approx(0.0125, abs=2e-6)
    assert read[1].latency_s("closed") == pytest.approx(0.012, abs=2e-6)


def test_a_file_that_holds_no_records_is_named(tmp_path):
    path = tmp_path / "requests.csv.gz"
    RowFile(path, "a,b\n").close()
    with pytest.raises(ChaosproofError, match="is not the header"):
        list(read_rows(path))


@pytest.mark.parametrize("row", [["1"], ["x", "1", "1", "1", "200", "A", "", "1"], [""] * 8])
def test_a_row_that_is_no_record_is_refused(row):
    with pytest.raises(ValueError):
        decode_row(row)


@given(st.lists(st.floats(1e-6, 100), min_size=1, max_size=300), st.sampled_from(PERCENTILES))
def test_exact_percentiles_are_latencies_that_so_many_do_not_exceed(values, percent):
    latencies = Latencies()
    for value in values:
        latencies.add(value)
    latencies.freeze()
    answer = latencies.percentile_s(percent)
    assert answer in values
    assert sum(value <= answer for value in values) >= percent / 100 * len(values) - 1e-9
    assert sum(value < answer for value in values) < percent / 100 * len(values) + 1e-9


@settings(max_examples=30)
@given(st.lists(st.floats(1e-4, 100), min_size=20, max_size=100), st.sampled_from(PERCENTILES))
def test_percentiles_beyond_what_fits_are_within_a_tenth_of_a_percent(values, percent):
    latencies = Latencies(exact_max=10)
    for value in values:
        latencies.add(value)
    latencies.freeze()
    assert not latencies.exact
    exact = nearest_rank(sorted(values), percent)
    assert latencies.percentile_s(percent) == pytest.approx(exact, rel=0.001, abs=2e-6)
    assert latencies.deviation_s == pytest.approx(statistics.pstdev(values), rel=1e-6, abs=1e-9)
