"""Probes of the shop's team; they load on Python 3.8, too, for the old toolkits."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

__all__ = [
    "fault_of",
    "figures",
    "latency_p95_ms",
    "mean_served_ms",
    "pid_file_exists",
    "process_is_running",
    "status_of",
    "success_ratio",
    "within_budget",
]


def _ask(url: str, timeout: float) -> dict[str, Any]:
    start = time.perf_counter()
    try:
        with urllib.request.urlopen(url, timeout=timeout) as reply:
            reply.read()
            status = reply.status
    except urllib.error.HTTPError as error:
        status = error.code
    except OSError:
        status = 0
    return {"status": status, "ms": (time.perf_counter() - start) * 1000}


def _series(url: str, requests: int, timeout: float, pause: float) -> list[dict[str, Any]]:
    answers = []
    for _ in range(requests):
        answers.append(_ask(url, timeout))
        time.sleep(pause)
    return answers


def _p95(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.95)]


def success_ratio(url: str, requests: int = 50, timeout: float = 1.0, pause: float = 0.02) -> float:
    """Share of the requests that were answered 200."""
    answers = _series(url, int(requests), timeout, pause)
    return sum(answer["status"] == 200 for answer in answers) / len(answers)


def latency_p95_ms(url: str, requests: int = 50, timeout: float = 2.0, pause: float = 0.02) -> float:
    """95th percentile of the latency in milliseconds."""
    return round(_p95([answer["ms"] for answer in _series(url, int(requests), timeout, pause)]), 1)


def figures(url: str, requests: int = 50, timeout: float = 2.0, pause: float = 0.02) -> dict[str, Any]:
    """All figures of a series of requests."""
    answers = _series(url, int(requests), timeout, pause)
    served = sum(answer["status"] == 200 for answer in answers)
    return {
        "requests": len(answers),
        "errors": len(answers) - served,
        "success_ratio": served / len(answers),
        "p95_ms": round(_p95([answer["ms"] for answer in answers]), 1),
    }


def within_budget(value: dict[str, Any] | None = None, p95_ms: float = 500.0, errors: int = 0) -> bool:
    """Whether the figures are within the budget: for a tolerance."""
    return value is not None and value["p95_ms"] <= p95_ms and value["errors"] <= errors


def status_of(url: str, timeout: float = 2.0) -> int:
    """The HTTP status, 0 when nobody answers."""
    return int(_ask(url, timeout)["status"])


def process_is_running(pid_file: str) -> bool:
    """Whether the process of the pid file is there."""
    path = Path(pid_file)
    stat = Path(f"/proc/{path.read_text().strip()}/stat") if path.exists() else path
    return stat.exists() and stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def pid_file_exists(pid_file: str) -> bool:
    """Whether the service has its pid file."""
    return Path(pid_file).exists()


def fault_of(url: str) -> str:
    """The fault that is on."""
    with urllib.request.urlopen(url, timeout=2) as reply:
        return reply.read().decode()


def mean_served_ms(url: str, requests: int = 10, timeout: float = 1.0) -> float:
    """Mean latency of the requests that were served; not a number when none was."""
    served = [answer["ms"] for answer in _series(url, int(requests), timeout, 0.0) if answer["status"] == 200]
    return round(sum(served) / len(served), 1) if served else float("nan")
