"""Capacity: how many requests a second one core sends and records, against a trivial server on another."""

import statistics
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from bench.load.server_process import Server
from bench.load.table import print_table
from bench.load.tools import Tool, Unavailable, run_worker

__all__ = ["run"]

CONNECTIONS = 50
HTTP_RPS_MIN = 5_000.0
IPC_RPS_MIN = 20_000.0


def run(
    server: Server, folder: Path, tools: Mapping[str, Tool], *, runs: int, duration_s: float = 5.0
) -> bool:
    """Print the table; whether HTTP and IPC reach what they must."""
    rates = {}
    for name, tool in tools.items():
        seen = []
        try:
            for _ in range(runs):
                server.reset()
                figures = tool(server, None, duration_s, CONNECTIONS, folder)
                seen.append(figures.answered / figures.seconds)
        except Unavailable as error:
            print(f"{name}: skipped: {error}")
            continue
        rates[name] = statistics.median(seen)
    ipc = []
    for _ in range(runs):
        plan = {"url": f"ipc://{server.socket_path}", "model": "closed", "duration_s": duration_s}
        records, _ = run_worker({**plan, "connections": CONNECTIONS, "body": "x" * 64}, folder)
        failed = Counter(record.code for record in records if not record.ok)
        assert not failed, failed
        ipc.append(len(records) / duration_s)
    ours = rates["chaosproof"]
    print_table(
        f"capacity: {CONNECTIONS} connections, no cap, one core, median of {runs} runs of {duration_s:g} s",
        ["", "requests/s", "of chaosproof"],
        [[name, f"{rate:,.0f}", f"{rate / ours:.2f}"] for name, rate in rates.items()]
        + [["chaosproof, IPC ping of 64 B", f"{statistics.median(ipc):,.0f}", ""]],
    )
    kept = ours >= HTTP_RPS_MIN and statistics.median(ipc) >= IPC_RPS_MIN
    print(f"  HTTP >= {HTTP_RPS_MIN:,.0f} and IPC >= {IPC_RPS_MIN:,.0f}: {'yes' if kept else 'NO'}")
    return kept
