"""Truth under a stall: a server that answers in 1 ms freezes for 2 s in the middle of 20 s at 500 requests/s.

The server has one worker, so every response time is known on paper (`paper.py`). "Answers in 1 ms" is meant
as a plain blocking client on this machine sees it: an answer is sent as early as its way to that client
takes.
"""

import statistics
from collections.abc import Mapping
from pathlib import Path

from bench.load.paper import response_times_s
from bench.load.server_process import Server
from bench.load.table import print_table
from bench.load.tools import PERCENTILES, Tool, Unavailable
from chaosproof.load.recording.latencies import nearest_rank

__all__ = ["run"]

RATE_RPS = 500.0
CONNECTIONS = 50
ANSWER_S = 0.001
FREEZE_S = 2.0
TOLERANCE = 0.02


def run(
    server: Server, folder: Path, tools: Mapping[str, Tool], *, runs: int, duration_s: float = 20.0
) -> bool:
    """Print the table; whether our open model is within 2 % at every percentile."""
    freeze_from = (duration_s - FREEZE_S) / 2
    paper = response_times_s(
        rate_rps=RATE_RPS,
        duration_s=duration_s,
        service_s=ANSWER_S,
        freeze_from=freeze_from,
        freeze_s=FREEZE_S,
    )
    truth = {percent: nearest_rank(paper, percent) for percent in PERCENTILES}
    rows = [["on paper", *(f"{truth[percent] * 1000:.2f}" for percent in PERCENTILES), ""]]
    within = False
    for name, tool in tools.items():
        try:
            seen = []
            for _ in range(runs):
                early_s = _early_s(server)
                server.reset(ANSWER_S, early_s=early_s, freeze_after_s=freeze_from, freeze_s=FREEZE_S)
                seen.append(tool(server, RATE_RPS, duration_s, CONNECTIONS, folder))
        except Unavailable as error:
            print(f"{name}: skipped: {error}")
            continue
        median = {
            percent: statistics.median(figures.latency_s[percent] for figures in seen)
            for percent in PERCENTILES
        }
        off = {percent: median[percent] / truth[percent] - 1 for percent in PERCENTILES}
        if name == "chaosproof":
            within = all(abs(part) <= TOLERANCE for part in off.values())
        cells = [f"{median[percent] * 1000:.2f} ({off[percent]:+.1%})" for percent in PERCENTILES]
        rows.append([name, *cells, f"{statistics.median(figures.answered for figures in seen):.0f}"])
    print_table(
        f"stall: response times in ms, {FREEZE_S:g} s freeze in {duration_s:g} s at {RATE_RPS:g} requests/s, "
        f"median of {runs} runs",
        ["", "p50", "p90", "p99", "max", "answered"],
        rows,
    )
    print(f"  chaosproof within {TOLERANCE:.0%} at every percentile: {'yes' if within else 'NO'}")
    return within


def _early_s(server: Server) -> float:
    """How early an answer must be sent for a plain client to see it after exactly 1 ms."""
    early_s = 0.0
    for _ in range(2):
        early_s += server.round_trip_s(ANSWER_S, early_s) - ANSWER_S
    return early_s
