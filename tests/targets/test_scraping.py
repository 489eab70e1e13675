"""Prometheus 2.42 to 3: a metrics page of any Content-Type is scraped; one that cannot be read is named with why."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chaosproof.errors import ChaosproofError
from chaosproof.runner.prometheus import down_targets
from chaosproof.targets.local.control_client import take_down
from chaosproof.targets.local.inside.scraping import prometheus_config, prometheus_version
from chaosproof.targets.local.spec import LabSpec, plan_lab
from chaosproof.targets.system.system_file import load_system
from tests.support.json_server import answering
from tests.support.small_lab import system_file
from tests.support.waiting import eventually

# First lines of `prometheus --version`: Debian 12, 13 and forky, and a build of somebody's own.
PRINTED = {
    "prometheus, version 2.42.0+ds (branch: debian/sid, revision: 2.42.0+ds-5+b5)\n": (2, 42),
    "prometheus, version 2.53.3+ds1 (branch: debian/sid, revision: 2.53.3+ds1-2)\n": (2, 53),
    "prometheus, version 3.5.3+ds (branch: debian/sid, revision: 3.5.3+ds-1)\n": (3, 5),
    "prometheus, version 3.10.0 (branch: HEAD)\n": (3, 10),
    "prometheus, version  (branch: , revision: unknown)\n": None,
    "": None,
}


@pytest.mark.parametrize(("printed", "version"), PRINTED.items())
def test_the_version_is_read_from_what_prometheus_prints_of_itself(
    printed: str, version: tuple[int, int] | None
) -> None:
    assert prometheus_version(printed) == version


def _spec(folder: Path) -> LabSpec:
    system = load_system(system_file(folder))
    return plan_lab(system, name="small", path="/bin", prometheus="/bin/prometheus")


@pytest.mark.parametrize(
    ("version", "is_written"),
    [((2, 42), False), ((2, 55), False), ((3, 0), True), ((3, 5), True), ((10, 1), True), (None, False)],
)
def test_the_fallback_is_written_for_those_that_know_it(
    tmp_path: Path, version: tuple[int, int] | None, is_written: bool
) -> None:
    """2 refuses the whole file for the word, and 3.0 brought it."""
    config = prometheus_config(_spec(tmp_path).services, 1.0, version)
    assert ("    fallback_scrape_protocol: PrometheusText0.0.4\n" in config) == is_written
    assert "  - job_name: 'web'\n" in config and "job_name: 'client'" not in config


def _target(instance: str, health: str, error: str = "") -> dict[str, Any]:
    labels = {"instance": instance, "job": "web", "service": "web"}
    url = f"http://10.77.0.10:8000/{instance}"
    return {"labels": labels, "scrapeUrl": url, "lastError": error, "health": health}


def test_a_target_that_is_down_is_named_with_prometheus_own_reason() -> None:
    """One that was not scraped yet is not down."""
    targets = [
        _target("web-2", "down", "server returned HTTP status 404 Not Found"),
        _target("web-1", "unknown"),
        _target("web-0", "up"),
        _target("a-0", "down"),
    ]
    with answering(200, {"status": "success", "data": {"activeTargets": targets}}) as url:
        assert [target.sentence for target in down_targets(url)] == [
            "Prometheus has no metrics of a-0: http://10.77.0.10:8000/a-0 is down, without a reason",
            "Prometheus has no metrics of web-2: http://10.77.0.10:8000/web-2 is down, "
            "server returned HTTP status 404 Not Found",
        ]


def test_a_prometheus_that_does_not_answer_is_an_error_with_its_address() -> None:
    with answering(503, {}) as url, pytest.raises(ChaosproofError, match=f"{url}/api/v1/targets did not"):
        down_targets(url)


# --- with a real Prometheus, the one of this machine ----------------------------------------------------

PAGES = """\
prometheus: {scrape_interval_s: 0.5}
services:
  good: &web
    command: [python, -u, -m, http.server, "8000"]
    ports: {http: 8000}
    healthcheck: {tcp: http, interval_s: 0.05, timeout_s: 10}
    metrics: {port: http, path: /page.prom}
  typed: {<<: *web, metrics: {port: http, path: /page.html}}
  gone: {<<: *web, metrics: {port: http, path: /nowhere}}
  other: {<<: *web, metrics: {port: http, path: /other.json}}
"""


def _chaosproof(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = Path(sys.executable).with_name("chaosproof")
    return subprocess.run([str(command), *arguments], capture_output=True, text=True, timeout=60, check=True)


@pytest.mark.lab
@pytest.mark.slow
def test_a_page_that_cannot_be_read_is_said_by_lab_up_and_by_lab_status(tmp_path: Path) -> None:
    """`.prom` is served as application/octet-stream and `.html` as text/html: both are read all the same."""
    name = f"pages-{os.getpid()}"
    file = system_file(tmp_path, PAGES)
    (tmp_path / "page.html").write_text("things_total 3\n")
    (tmp_path / "other.json").write_text('{"things": 3}\n')
    up = _chaosproof("lab", "up", str(file), "--name", name)
    try:
        assert "  no metrics: gone-0 answered 404 when asked for its metrics.\n" in up.stdout
        assert "  no metrics: other-0 answers /other.json with no page of metrics (" in up.stdout
        assert "good-0" not in up.stdout and "typed-0" not in up.stdout
        down: list[str] = []

        def is_scraped() -> bool:
            rows = json.loads(_chaosproof("lab", "status", "--json").stdout)
            down[:] = next(row["no_metrics"] for row in rows if row["lab"] == name)
            return len(down) == 2

        assert eventually(is_scraped, within_s=20), down
        assert "of gone-0: http://10.77.0.12:8000/nowhere is down, server returned HTTP status 404" in down[0]
        assert "of other-0: http://10.77.0.13:8000/other.json is down, " in down[1]
    finally:
        take_down(name)
