"""The four benchmarks, each a function from a socket's path to an `Outcome`.

docs/reference/benchmarks.md is their contract.

Figures of a benchmark with several rounds are those of its median round by rate: one round on a machine that
others use says little, and the best of many says what is not so.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from chaosproof.demo.router.bench.closed_loop import WARMUP_REQUESTS, Measured, closed_loop
from chaosproof.demo.router.bench.frames import PING, TASK_SUBMIT, BenchError, frame
from chaosproof.demo.router.bench.outcome import Limit, Outcome, percentile_us
from chaosproof.demo.router.bench.server_socket import find_server

__all__ = ["LIMITS", "ipc_latency", "ipc_memory", "ipc_throughput", "load_test"]

_MEGABYTE = 1_000_000

LIMITS = {
    "ipc-latency": (Limit("p50_us", at_most=95), Limit("p99_us", at_most=450)),
    "ipc-throughput": (Limit("rate_rps", at_least=60_000), Limit("p99_us", at_most=100)),
    "ipc-memory": (Limit("rss_mb", at_most=60), Limit("second_half_growth_mb", at_most=2)),
    "load-test": (Limit("rate_rps", at_least=6_000), Limit("error_ratio", at_most=0)),
}
"""What `bench all` holds the figures to; for `ipc-throughput` with 64 bytes."""


def ipc_latency(path: str, *, requests: int, payload_bytes: int, limits: Sequence[Limit] = ()) -> Outcome:
    """PINGs one after the other on one connection: how long an answer takes when nobody else asks."""
    ping = frame(PING, b"x" * payload_bytes)
    measured = closed_loop(path, lambda _: ping, connections=1, requests=requests)
    return Outcome(
        f"ipc-latency-{payload_bytes}",
        f"{requests} PINGs of {payload_bytes} bytes, one at a time, after {WARMUP_REQUESTS} to warm up",
        _figures(measured),
        limits,
    )


def ipc_throughput(
    path: str,
    *,
    duration_s: float,
    connections: int,
    payload_bytes: int,
    rounds: int = 1,
    limits: Sequence[Limit] = (),
) -> Outcome:
    """PINGs as fast as they go, one in flight on each connection."""
    ping = frame(PING, b"x" * payload_bytes)
    measured, notes = _median_round(
        lambda: closed_loop(path, lambda _: ping, connections=connections, duration_s=duration_s), rounds
    )
    return Outcome(
        f"ipc-throughput-{payload_bytes}",
        f"PINGs of {payload_bytes} bytes over {connections} connections, {rounds} x {duration_s:g} s",
        _figures(measured),
        limits,
        notes,
    )


def load_test(
    path: str,
    *,
    duration_s: float,
    connections: int,
    payload_bytes: int,
    rounds: int = 1,
    limits: Sequence[Limit] = (),
) -> Outcome:
    """Requests through the whole stack as fast as they go, one in flight on each connection."""
    text = "x" * payload_bytes

    def request(number: int) -> bytes:
        return frame(
            TASK_SUBMIT,
            b'{"version":"1","request_id":"bench-%d","trace_id":"bench-%d","tenant_id":"bench",'
            b'"task":{"type":"text.generate","payload":{"text":"%b"}}}' % (number, number, text.encode()),
        )

    measured, notes = _median_round(
        lambda: closed_loop(path, request, connections=connections, duration_s=duration_s), rounds
    )
    figures = {**_figures(measured), "error_ratio": measured.errors / measured.requests}
    return Outcome(
        "load-test",
        f"requests with a text of {payload_bytes} bytes, {connections} in flight, {rounds} x {duration_s:g} s",
        figures,
        limits,
        notes,
    )


def ipc_memory(
    path: str,
    *,
    requests: int,
    connections: int,
    payload_bytes: int,
    limits: Sequence[Limit] = (),
    read_rss: "Callable[[int], int] | None" = None,
) -> Outcome:
    """PINGs in great number: how much memory the server holds in the end, and how much more than at half-way.

    The server's process is the one that the socket names; `read_rss(pid)` gives its resident bytes.
    """
    pid = find_server(path)
    read = read_rss or _rss_bytes
    samples = [(0, read(pid))]
    step = max(1, requests // 100)

    def look(answered: int) -> None:
        if answered - samples[-1][0] >= step:
            samples.append((answered, read(pid)))

    ping = frame(PING, b"x" * payload_bytes)
    measured = closed_loop(path, lambda _: ping, connections=connections, requests=requests, on_progress=look)
    samples.append((measured.requests, read(pid)))
    second_half = [rss for answered, rss in samples if answered >= requests / 2]
    figures = {
        "requests": float(measured.requests),
        "rss_at_start_mb": round(samples[0][1] / _MEGABYTE, 3),
        "rss_mb": round(samples[-1][1] / _MEGABYTE, 3),
        "rss_max_mb": round(max(rss for _, rss in samples) / _MEGABYTE, 3),
        "second_half_growth_mb": round((samples[-1][1] - second_half[0]) / _MEGABYTE, 3),
    }
    return Outcome(
        "ipc-memory",
        f"{requests} PINGs of {payload_bytes} bytes over {connections} connections; process {pid}",
        figures,
        limits,
    )


def _figures(measured: Measured) -> dict[str, float]:
    if not measured.requests:
        raise BenchError("No request was answered in that time: measure for longer.")
    ordered = sorted(measured.latencies_ns)
    return {
        "requests": float(measured.requests),
        "rate_rps": round(measured.rate_rps, 1),
        "p50_us": percentile_us(ordered, 50),
        "p95_us": percentile_us(ordered, 95),
        "p99_us": percentile_us(ordered, 99),
        "max_us": percentile_us(ordered, 100),
    }


def _median_round(measure: Callable[[], Measured], rounds: int) -> tuple[Measured, list[str]]:
    every = [measure() for _ in range(rounds)]
    notes = [
        f"round {number}: {measured.rate_rps:,.0f} requests/s, "
        f"p99 {percentile_us(sorted(measured.latencies_ns), 99):g} us"
        for number, measured in enumerate(every, start=1)
        if measured.requests
    ]
    by_rate = sorted(every, key=lambda measured: measured.rate_rps)
    return by_rate[(rounds - 1) // 2], notes if rounds > 1 else []


def _rss_bytes(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError as error:
        raise BenchError(
            f"The memory of the server (process {pid}) cannot be read: {error.strerror}."
        ) from error
    for line in status.splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise BenchError(f"The server (process {pid}) has ended.")
