"""What else tells of latencies may differ from the rows by a rounding, and by no more."""

from array import array
from typing import Any

import pytest

from chaosproof.judge.cross_checks import result_objects
from chaosproof.judge.figures.request_stats import Cell, RequestStats
from chaosproof.judge.load_rules.latency_witnesses import latency_objects, percentile_objects
from chaosproof.runfolder.load import LoadProgress

PERCENTS = (50, 75, 90, 95, 99, 99.9)


def rows(*latencies: float, apart: bool = False) -> RequestStats:
    """So many ok rows of one instance, or each of its own."""
    columns = [[latency] for latency in latencies] if apart else [list(latencies)]
    cells = {
        f"a-{n}": Cell(ok=len(column), codes={"OK": len(column)}, latencies=array("d", column))
        for n, column in enumerate(columns)
    }
    return RequestStats(
        rows=len(latencies), cells={"before": cells | {"b": Cell()}, "fault": {}, "after": {}}
    )


def result(values: dict[float, float], least: float | None, version: str = "chaosproof") -> dict[str, Any]:
    percentiles = [{"Percentile": percent, "Value": value} for percent, value in values.items()]
    return {"Version": version, "DurationHistogram": {"Min": least, "Percentiles": percentiles}}


THOUSAND = rows(*(n / 1000 for n in range(1000, 0, -1)))
TRUE = {50: 0.5, 75: 0.75, 90: 0.9, 95: 0.95, 99: 0.99, 99.9: 0.999}


def test_percentiles_of_the_rows_are_no_objection_and_each_that_is_left_out_is_named() -> None:
    assert percentile_objects(THOUSAND, result(TRUE, 0.001)) == []
    assert percentile_objects(THOUSAND, result({}, None)) == [
        "load.json does not say the least latency",
        *(f"load.json does not say the p{percent:g}" for percent in PERCENTS),
    ]
    assert percentile_objects(THOUSAND, result({}, None, version="1.60.3")) == []
    assert percentile_objects(rows(), result({}, None)) == []
    assert percentile_objects(rows(0.5), result(dict.fromkeys(PERCENTS, 0.5), 0.5)) == []


@pytest.mark.parametrize("version", ["chaosproof", "1.60.3"])
@pytest.mark.parametrize(
    ("percent", "stated_s", "said"),
    [
        (50, 0.5 + 0.001001, ""),
        (50, 0.5 - 0.001001, ""),
        (50, 0.5 + 0.001004, "the p50 is 0.501004 s by load.json, and 0.500000 s by the rows"),
        (50, 0.5 - 0.001004, "the p50 is 0.498996 s by load.json, and 0.500000 s by the rows"),
        (99, 0.5, "the p99 is 0.500000 s by load.json, and 0.990000 s by the rows"),
        (0, 0.001003, ""),
        (0, 0.001005, "the least latency is 0.001005 s by load.json, and 0.001000 s by the rows"),
    ],
)
def test_a_percentile_may_be_off_by_two_in_a_thousand(
    percent: float, stated_s: float, said: str, version: str
) -> None:
    values = {**TRUE, 0: 0.001} | {percent: stated_s}
    least = values.pop(0)
    assert percentile_objects(THOUSAND, result(values, least, version)) == ([said] if said else [])


def progress(p50_ms: float | None, p99_ms: float | None) -> LoadProgress:
    return LoadProgress.from_json({"p50_ms": p50_ms, "p99_ms": p99_ms})


@pytest.mark.parametrize(
    ("p50_ms", "p99_ms", "agrees"),
    [
        (100, 900, True),
        (500, 500, True),
        (500.1, 500, False),
        (99.801 - 0.0019, 500, True),
        (99.8 - 0.0021, 500, False),
        (500, 901.8 + 0.0019, True),
        (500, 901.8 + 0.0021, False),
        (None, 5, True),
        (5, None, True),
        (0, 500, False),
    ],
)
def test_the_last_percentiles_of_the_progress_lie_between_the_least_and_the_longest_latency(
    p50_ms: float | None, p99_ms: float | None, agrees: bool
) -> None:
    said = latency_objects("x.ndjson", progress(p50_ms, p99_ms), rows(0.5, 0.1, 0.9, apart=True))
    assert (said == []) is agrees
    assert latency_objects("x.ndjson", progress(p50_ms, p99_ms), rows()) == []


def test_an_objection_to_the_progress_says_what_lies_where() -> None:
    assert latency_objects("x.ndjson", progress(5, 1000), rows(0.5, 0.1, 0.9)) == [
        "x.ndjson ends with a median of 5 ms and a p99 of 1000 ms, and the latencies of the rows lie between "
        "100.000 and 900.000 ms"
    ]


@pytest.mark.parametrize(
    ("histogram", "said"),
    [
        ({"Max": 0.75 + 1.9e-6, "Sum": 1.25 + 5.9e-6}, []),
        ({"Max": 0.75 - 1.9e-6, "Sum": 1.25 - 5.9e-6}, []),
        (
            {"Max": 0.75 + 2.1e-6},
            ["the longest latency is 0.750002 s by load.json, and 0.750000 s by the rows"],
        ),
        ({"Max": 0.5}, ["the longest latency is 0.500000 s by load.json, and 0.750000 s by the rows"]),
        (
            {"Sum": 1.25 + 6.1e-6},
            ["the latencies add up to 1.250006 s by load.json, and to 1.250000 s by the rows"],
        ),
        ({"Sum": 1.0}, ["the latencies add up to 1.000000 s by load.json, and to 1.250000 s by the rows"]),
    ],
)
def test_the_longest_latency_and_the_sum_may_be_off_by_a_rounding(
    histogram: dict[str, float], said: list[str]
) -> None:
    stats = rows(0.25, 0.75, 0.25, apart=True)
    assert result_objects(stats, {"DurationHistogram": histogram}) == said
    assert result_objects(rows(), {"DurationHistogram": histogram}) == []


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({}, []),
        ({"Codes": {"OK": 2}, "RetCodes": {"200": 1, "299": 1}}, []),
        ({"Codes": {"OK": 2, "GONE": 0}, "RetCodes": {"204": 2, "304": 1, "500": 5, "x200": 1, "20": 1}}, []),
        ({"Codes": {"OK": "2"}}, ["load.json counts OK 0 times, and the rows 2"]),
        (
            {"Codes": {"": 1, "GONE": 3}},
            [
                "load.json counts (no code) 1 times, and the rows 0",
                "load.json counts GONE 3 times, and the rows 0",
                "load.json counts OK 0 times, and the rows 2",
            ],
        ),
        ({"RetCodes": {"200": 1, "201": "1"}}, ["load.json counts 1 answers that are ok, and the rows 2"]),
    ],
)
def test_codes_and_statuses_are_counted_as_the_rows_have_them(
    document: dict[str, Any], said: list[str]
) -> None:
    assert result_objects(rows(0.5, 0.5), document) == said
