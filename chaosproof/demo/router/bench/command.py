"""`chaosproof bench`: how fast a server answers the gateway's frames over a Unix socket.

chaosproof bench ipc-latency 10000 -p 64 -s /tmp/gateway.sock
chaosproof bench all
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import click

from chaosproof.demo.router.bench import benchmarks
from chaosproof.demo.router.bench.benchmarks import LIMITS
from chaosproof.demo.router.bench.frames import BenchError
from chaosproof.demo.router.bench.outcome import Outcome, text_of
from chaosproof.demo.router.bench.results import new_folder, summary_of, write_results
from chaosproof.demo.router.bench.server_socket import find_server, resolve_path

__all__ = ["bench"]

_PAYLOADS_BYTES = (64, 256, 1024)
_PAYLOAD_BYTES_MAX = 4 * 1024 * 1024 - 1024
_ROUNDS = 3

_socket = click.option(
    "-s", "--socket", help="The server's socket (default: IPC_SOCKET_PATH, else /tmp/beamline-gateway.sock)."
)
_gate = click.option("--gate", is_flag=True, help="Exit with 1 when a figure misses its limit.")


def _payload(default: int) -> Callable[[Any], Any]:
    return click.option(
        "-p", "--payload", type=click.IntRange(0, _PAYLOAD_BYTES_MAX), default=default, show_default=True,
        metavar="BYTES", help="Size of the payload.",
    )  # fmt: skip


def _connections(default: int) -> Callable[[Any], Any]:
    return click.option(
        "-c", "--connections", type=click.IntRange(1, 10_000), default=default, show_default=True,
        help="Connections, with one request in flight on each.",
    )  # fmt: skip


def _duration(default: float) -> Callable[[Any], Any]:
    return click.option(
        "-d", "--duration", type=click.FloatRange(0.1, 3600), default=default, show_default=True,
        metavar="SECONDS", help="How long to measure.",
    )  # fmt: skip


@click.group()
def bench() -> None:
    """Measure any server that speaks the gateway's frames over a Unix socket.

    The server is found by a PING on its socket. Exit codes: 0 measured (and within its limits, with --gate
    and in `all`), 1 a limit was missed, 2 could not be measured, 64 wrong call.
    """


@bench.command("ipc-latency")
@click.argument("requests", type=click.IntRange(1, 100_000_000), default=10_000)
@_payload(64)
@_socket
@_gate
@click.pass_context
def ipc_latency(ctx: click.Context, requests: int, payload: int, socket: str | None, gate: bool) -> None:
    """REQUESTS PINGs, one after the other on one connection."""
    path = _server_path(socket)
    limits = LIMITS["ipc-latency"] if gate else ()
    _print(ctx, benchmarks.ipc_latency(path, requests=requests, payload_bytes=payload, limits=limits))


@bench.command("ipc-throughput")
@_duration(5.0)
@_connections(4)
@_payload(64)
@_socket
@_gate
@click.pass_context
def ipc_throughput(
    ctx: click.Context, duration: float, connections: int, payload: int, socket: str | None, gate: bool
) -> None:
    """PINGs over several connections, as fast as they go."""
    path = _server_path(socket)
    limits = LIMITS["ipc-throughput"] if gate else ()
    _print(
        ctx,
        benchmarks.ipc_throughput(
            path, duration_s=duration, connections=connections, payload_bytes=payload, limits=limits
        ),
    )


@bench.command("ipc-memory")
@click.option(
    "-n", "--requests", type=click.IntRange(1, 1_000_000_000), default=1_000_000, show_default=True,
    help="PINGs to send.",
)  # fmt: skip
@_connections(4)
@_payload(64)
@_socket
@_gate
@click.pass_context
def ipc_memory(
    ctx: click.Context, requests: int, connections: int, payload: int, socket: str | None, gate: bool
) -> None:
    """PINGs in great number: what memory the server holds in the end."""
    path = _server_path(socket)
    limits = LIMITS["ipc-memory"] if gate else ()
    _print(
        ctx,
        benchmarks.ipc_memory(
            path, requests=requests, connections=connections, payload_bytes=payload, limits=limits
        ),
    )


@bench.command("load-test")
@_duration(10.0)
@_connections(64)
@_payload(64)
@_socket
@_gate
@click.pass_context
def load_test(
    ctx: click.Context, duration: float, connections: int, payload: int, socket: str | None, gate: bool
) -> None:
    """Requests through gateway, NATS and router, as fast as they go."""
    path = _server_path(socket)
    limits = LIMITS["load-test"] if gate else ()
    _print(
        ctx,
        benchmarks.load_test(
            path, duration_s=duration, connections=connections, payload_bytes=payload, limits=limits
        ),
    )


@bench.command("all")
@_duration(5.0)
@click.option(
    "-n", "--requests", type=click.IntRange(1000, 1_000_000_000), default=1_000_000, show_default=True,
    help="PINGs of ipc-memory; a hundredth of them for ipc-latency.",
)  # fmt: skip
@_socket
@click.option(
    "--journals", type=click.Path(path_type=Path), default=Path("journals"), show_default=True,
    help="Where the folder of the results goes.",
)  # fmt: skip
@click.pass_context
def run_all(ctx: click.Context, duration: float, requests: int, socket: str | None, journals: Path) -> None:
    """All benchmarks, held to their limits, into a folder of journals/bench."""
    path = _server_path(socket)
    started_at = time.time()
    folder = new_folder(journals / "bench", started_at)
    outcomes = []
    for name, measure in _everything(path, duration, requests):
        click.echo(f"{name} ...", err=True)
        try:
            outcome = measure()
        except BenchError as error:
            outcome = Outcome(name, "", limits=(), error=str(error))
        outcomes.append(replace(outcome, name=name))
        click.echo(text_of(outcomes[-1]))
    summary = summary_of(outcomes, started_at=started_at, ended_at=time.time())
    write_results(folder, summary, outcomes, path)
    click.echo(f"gate: {'pass' if summary['gate_pass'] else 'fail'}  {folder}")
    ctx.exit(max(outcome.exit_code for outcome in outcomes))


def _everything(path: str, duration_s: float, requests: int) -> Sequence[tuple[str, Callable[[], Outcome]]]:
    every: list[tuple[str, Callable[[], Outcome]]] = []
    for payload_bytes in _PAYLOADS_BYTES:
        # The limits are those of the smallest payload; the others show how the size weighs.
        smallest = payload_bytes == _PAYLOADS_BYTES[0]
        every += [
            (
                f"ipc-latency-{payload_bytes}",
                partial(
                    benchmarks.ipc_latency,
                    path,
                    requests=requests // 100,
                    payload_bytes=payload_bytes,
                    limits=LIMITS["ipc-latency"] if smallest else (),
                ),
            ),
            (
                f"ipc-throughput-{payload_bytes}",
                partial(
                    benchmarks.ipc_throughput,
                    path,
                    duration_s=duration_s,
                    connections=4,
                    payload_bytes=payload_bytes,
                    rounds=_ROUNDS,
                    limits=LIMITS["ipc-throughput"] if smallest else (),
                ),
            ),
        ]
    memory = partial(
        benchmarks.ipc_memory,
        path,
        requests=requests,
        connections=4,
        payload_bytes=64,
        limits=LIMITS["ipc-memory"],
    )
    through = partial(
        benchmarks.load_test,
        path,
        duration_s=duration_s,
        connections=64,
        payload_bytes=64,
        rounds=_ROUNDS,
        limits=LIMITS["load-test"],
    )
    return [*every, ("ipc-memory", memory), ("load-test", through)]


def _server_path(socket: str | None) -> str:
    """The path of the socket, once its server has answered a PING."""
    path = resolve_path(socket)
    find_server(path)
    return path


def _print(ctx: click.Context, outcome: Outcome) -> None:
    click.echo(text_of(outcome), nl=False)
    if outcome.error:
        raise BenchError(outcome.error)
    ctx.exit(outcome.exit_code)
