"""What is made of records: Fortio's format, the summary, and the figures in both."""

import json
import statistics
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaosproof.errors import ChaosproofError
from chaosproof.load.folder import LoadDone
from chaosproof.load.latencies import Latencies, nearest_rank
from chaosproof.load.output.fortio import PERCENTILES, fortio_result, save_fortio_result
from chaosproof.load.output.summary import summary_text
from chaosproof.load.protocols.http_parser import HttpResponse, HttpResponseError, HttpResponseParser
from chaosproof.load.recorder import RecordFile
from chaosproof.runfolder.requests import HEADER, RequestRow, decode_row, encode_row, read_rows

from .one_slot import plan_for
from .scripted_server import OK

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


RECORDS = [record(0, 0.001), record(1, 0.0125), record(2, 0.25), record(3, 2.5, 0, "TIMEOUT")]


def result() -> dict:
    return fortio_result(RECORDS, plan_for("http://127.0.0.1:1/").to_dict(), DONE.__dict__)


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
    fields = fortio_result([], plan_for("http://127.0.0.1:1/").to_dict(), DONE.__dict__)
    assert fields["DurationHistogram"]["Count"] == 0
    assert "All done 0 calls" in summary_text(fields, DONE)


def test_a_result_is_folded_from_the_files_alone(tmp_path):
    with (tmp_path / "load-plan.json").open("w") as file:
        json.dump(plan_for("http://127.0.0.1:1/").to_dict(), file)
    with (tmp_path / "load-done.json").open("w") as file:
        json.dump(DONE.__dict__, file)
    write_records(tmp_path / "requests.csv.gz", RECORDS)
    save_fortio_result(tmp_path, tmp_path / "artifacts" / "load.json")
    saved = json.loads((tmp_path / "artifacts" / "load.json").read_text())
    assert saved["DurationHistogram"]["Count"] == 4
    assert saved["RetCodes"] == {"-1": 1, "200": 3}


def test_a_folder_without_a_load_is_one_sentence(tmp_path):
    with pytest.raises(ChaosproofError, match=r"cannot read .*load-plan\.json: No such file"):
        save_fortio_result(tmp_path, tmp_path / "load.json")


def test_the_summary_says_what_the_person_wants_to_know():
    text = summary_text(result(), DONE)
    assert "Ended after 2.000 s: 4 calls, 2 sent per second (of 10), 50 connections" in text
    assert "# target 50% 12.500 ms" in text
    assert "Code TIMEOUT : 1 (25.0 %)" in text
    assert text.endswith("All done 4 calls, 3 ok, 1 errors")


def write_records(path: Path, records: list[RequestRow]) -> None:
    file = RecordFile(path, HEADER)
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
    RecordFile(path, "a,b\n").close()
    with pytest.raises(ChaosproofError, match="its header is"):
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


OK_CHUNK = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
CHUNKED = b'HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\nf\r\n{"code":"FULL"}\r\n0\r\n\r\n'


@given(st.sampled_from([OK, CHUNKED, b"HTTP/1.1 100 Continue\r\n\r\n" + OK]), st.lists(st.integers(1, 40)))
def test_an_answer_is_the_same_however_it_is_cut(data, sizes):
    def read(pieces: list[bytes]) -> HttpResponse | None:
        parser = HttpResponseParser("GET")
        for piece in pieces[:-1]:
            assert parser.feed(piece) is None
        return parser.feed(pieces[-1])

    pieces = []
    rest = data
    for size in sizes:
        if len(rest) > size:
            pieces.append(rest[:size])
            rest = rest[size:]
    whole = read([data])
    assert whole is not None
    assert read([*pieces, rest]) == whole


@given(st.binary(max_size=300))
def test_no_bytes_make_the_parser_raise_anything_but_an_answer_error(data):
    for prefix in (b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"):
        parser = HttpResponseParser("GET")
        try:
            parser.feed(prefix + data)
        except HttpResponseError as error:
            assert error.code in ("BAD_ANSWER", "HEADER_TOO_LARGE")


@pytest.mark.parametrize(
    ("data", "status", "reusable"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, True),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n", 304, True),
        (b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 200, True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: x, Close\r\n\r\n", 200, False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", 200, False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n", 200, True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 200, False),
    ],
)
def test_framing_follows_rfc_9112(data, status, reusable):
    answer = HttpResponseParser("GET").feed(data)
    assert answer is not None
    assert (answer.status, answer.reusable) == (status, reusable)


@pytest.mark.parametrize(
    ("data", "reusable"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsurplus", False),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc", False),
    ],
)
def test_a_response_to_head_ends_with_its_head(data, reusable):
    response = HttpResponseParser("HEAD").feed(data)
    assert response is not None
    assert response.reusable is reusable


@pytest.mark.parametrize("surplus", [b"x", OK, OK[:1], b"HTTP/1.1 2"])
def test_bytes_after_a_response_make_its_connection_unusable(surplus):
    response = HttpResponseParser("GET").feed(OK + surplus)
    assert response is not None
    assert (response.code, response.reusable) == ("SUCCESS", False)


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\n", OK_CHUNK + b"0\r\n"])
@pytest.mark.parametrize("line", [b"X: " + b"y" * 997 + b"\r\n", b"y" * 1000])
def test_headers_and_trailers_without_end_are_refused(head, line):
    parser = HttpResponseParser("GET")
    parser.feed(head)
    with pytest.raises(HttpResponseError, match="HEADER_TOO_LARGE"):
        for _ in range(100):
            parser.feed(line)


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 099 OK\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",  # may be refused: RFC 9110, 8.6
        b"HTTP/0.9 200 OK\r\n\r\n",
        b"RTSP/1.0 200 OK\r\n\r\n",
        b"\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n folded: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length : 1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc",
    ],
)
def test_what_is_no_answer_is_refused_at_once(data):
    with pytest.raises(HttpResponseError, match="BAD_ANSWER"):
        HttpResponseParser("GET").feed(data)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"code":"UNAVAILABLE"}', "UNAVAILABLE"),
        (b'{"code":"a,b\\n\\"c"}', "a_b__c"),
        (b'{"code":"' + b"x" * 500 + b'"}', "x" * 64),
        (b'{"code":7}', "HTTP_200"),
        (b'{"code":""}', "HTTP_200"),
        (b'["code"]', "HTTP_200"),
        (b"{", "HTTP_200"),
        (b"{" * 5000, "HTTP_200"),
        (b'{"code":"\xff"}', "HTTP_200"),
        (b"", "HTTP_200"),
    ],
)
def test_a_code_is_a_word_that_fits_into_a_row(body, code):
    answer = HttpResponseParser("GET").feed(
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    )
    assert answer is not None
    assert answer.code == code
