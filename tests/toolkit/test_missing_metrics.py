"""A run says at its beginning which targets Prometheus cannot scrape: a probe that asks for theirs gets no answer."""

import pytest

from chaosproof.toolkit.control import _warn_of_missing_metrics
from tests.support.json_server import answering

DOWN = {
    "labels": {"instance": "shop-0"}, "health": "down", "scrapeUrl": "http://10.77.0.12:8000/nope",
    "lastError": "server returned HTTP status 404 Not Found",
}  # fmt: skip


def test_a_target_that_is_down_is_a_warning_and_one_that_is_up_is_none(
    caplog: pytest.LogCaptureFixture,
) -> None:
    targets = [DOWN, {**DOWN, "health": "up", "labels": {"instance": "shop-1"}}]
    with answering(200, {"data": {"activeTargets": targets}}) as url:
        _warn_of_missing_metrics(url)
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        (
            "WARNING",
            "Prometheus has no metrics of shop-0: http://10.77.0.12:8000/nope is down, "
            "server returned HTTP status 404 Not Found",
        )
    ]


def test_without_a_prometheus_or_without_its_answer_the_run_goes_on_and_warns_of_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    _warn_of_missing_metrics(None)
    with answering(404, {}) as url:
        _warn_of_missing_metrics(url)
    assert [record for record in caplog.records if record.levelname == "WARNING"] == []
