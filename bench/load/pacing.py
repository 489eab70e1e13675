"""Pacing: how far from due requests are sent, what rate the server sees, and what CPU that takes."""

import math
import statistics
from collections.abc import Mapping
from pathlib import Path

from bench.load.server_process import Server
from bench.load.table import print_table
from bench.load.tools import Tool, Unavailable, run_worker
from chaosproof.load.recording.latencies import nearest_rank

__all__ = ["run"]

RATE_RPS = 1000.0
CONNECTIONS = 50
LATE_MS_MAX = 1.0
RATE_ERROR_MAX = 0.001
CPU_RATE_RPS = 200.0
CPU_MAX = 0.10


def run(
    server: Server, folder: Path, tools: Mapping[str, Tool], *, runs: int, duration_s: float = 30.0
) -> bool:
    """Print the tables; whether p99 of the lateness, the rate and the CPU keep their bounds."""
    late_ms = []
    for _ in range(runs):
        server.reset()
        plan = _plan(server, RATE_RPS, duration_s)
        records, _ = run_worker(plan, folder)
        late = sorted((record.sent_at or math.inf) - record.due_at for record in records)
        late_ms.append({percent: nearest_rank(late, percent) * 1000 for percent in (50, 99, 99.9, 100)})
    median = {percent: statistics.median(run_ms[percent] for run_ms in late_ms) for percent in late_ms[0]}
    print_table(
        f"pacing: sent after due, ms, at {RATE_RPS:g} requests/s, median of {runs} runs of {duration_s:g} s",
        ["", "p50", "p99", "p99.9", "max"],
        [["chaosproof", *(f"{value:.3f}" for value in median.values())]],
    )
    rates_kept = _rates(server, folder, tools, runs, duration_s)
    cpu = []
    for _ in range(runs):
        server.reset()
        _, cpu_s = run_worker(_plan(server, CPU_RATE_RPS, duration_s), folder)
        cpu.append(cpu_s / duration_s)
    print(
        f"\n  CPU at {CPU_RATE_RPS:g} requests/s: {statistics.median(cpu):.1%} of a core, start-up included"
    )
    kept = median[99] <= LATE_MS_MAX and rates_kept and statistics.median(cpu) <= CPU_MAX
    print(
        f"  p99 within {LATE_MS_MAX:g} ms, rate within {RATE_ERROR_MAX:.1%}, CPU within {CPU_MAX:.0%}: "
        f"{'yes' if kept else 'NO'}"
    )
    return kept


def _rates(server: Server, folder: Path, tools: Mapping[str, Tool], runs: int, duration_s: float) -> bool:
    """Print the rate that the server saw from each tool; whether ours is true."""
    rows = []
    kept = False
    for name, tool in tools.items():
        seen = []
        try:
            for _ in range(runs):
                server.reset()
                tool(server, RATE_RPS, duration_s, CONNECTIONS, folder)
                seen.append(server.seen_rate_rps())
        except Unavailable as error:
            print(f"{name}: skipped: {error}")
            continue
        off = statistics.median(seen) / RATE_RPS - 1
        if name == "chaosproof":
            kept = abs(off) <= RATE_ERROR_MAX
        rows.append([name, f"{statistics.median(seen):.2f}", f"{off:+.3%}"])
    print_table(f"rate seen by the server, of {RATE_RPS:g}", ["", "requests/s", "off by"], rows)
    return kept


def _plan(server: Server, rate_rps: float, duration_s: float) -> dict[str, object]:
    return {"url": server.url, "rate_rps": rate_rps, "duration_s": duration_s, "connections": CONNECTIONS}
