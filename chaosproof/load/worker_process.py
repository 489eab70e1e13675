"""One process of a load that several send; `processes.py` starts it and speaks to it over standard streams.

In: the plan as one line of JSON, then `start MONOTONIC EPOCH`, perhaps `stop`; a closed input means stop at
once. Out: `ready`, then batches of rows as lines of JSON, each complete up to its `until`. Not for use by
hand.
"""

import asyncio
import json
import os
import signal
import sys
import time
from typing import Any

from chaosproof.errors import ChaosproofError
from chaosproof.load.cancellation import Cancellation
from chaosproof.load.engine import Engine, WorkerShare
from chaosproof.load.event_loop import keep_garbage_collection_short, loop_factory
from chaosproof.load.file_limit import make_room_for_connections
from chaosproof.load.plan import Plan, plan_from_dict

__all__ = ["main"]

_TICK_S = 0.1


class _Rows:
    """A ledger that keeps rows until they are handed over."""

    def __init__(self) -> None:
        self._rows: list[tuple[Any, ...]] = []

    def add(self, *row: Any) -> None:
        self._rows.append(row)

    def take(self) -> list[tuple[Any, ...]]:
        rows, self._rows = self._rows, []
        return rows


def main(index: int) -> int:
    """Send share `index` of the plan that stands on standard input; returns the exit code."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    plan = plan_from_dict(json.loads(sys.stdin.buffer.readline()), max_duration_s=float("inf"))
    make_room_for_connections(plan.connections)
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(_send(plan, index))


async def _send(plan: Plan, index: int) -> int:
    loop = asyncio.get_running_loop()
    stop = Cancellation()
    bugs: list[dict[str, Any]] = []

    def on_bug(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        bugs.append(context)
        stop.ask("bug")

    loop.set_exception_handler(on_bug)
    heard = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(heard), sys.stdin)
    rows = _Rows()
    engine = Engine(plan, rows, WorkerShare(index, plan.processes))
    await engine.open(stop)
    keep_garbage_collection_short()
    _say(b"ready\n")
    order = (await heard.readline()).split()
    if not order:
        return 0
    listening = loop.create_task(_listen(heard, stop))
    telling = loop.create_task(_tell(engine, rows))
    await engine.run(float(order[1]), stop)
    telling.cancel()
    listening.cancel()
    _say(_batch(engine, rows))
    if bugs:
        print(f"{bugs[0].get('message')}: {bugs[0].get('exception')!r}", file=sys.stderr)
        return 2
    return 0


async def _listen(heard: asyncio.StreamReader, stop: Cancellation) -> None:
    while True:
        word = await heard.readline()
        stop.ask("parent")
        if not word:
            stop.ask("parent gone")
            return


async def _tell(engine: Engine, rows: _Rows) -> None:
    while True:
        await asyncio.sleep(_TICK_S)
        _say(_batch(engine, rows))


def _batch(engine: Engine, rows: _Rows) -> bytes:
    batch = {
        "until": time.monotonic(),
        "due": engine.due,
        "sent": engine.sent,
        "inflight": engine.inflight,
        "rows": rows.take(),
    }
    return json.dumps(batch, separators=(",", ":")).encode() + b"\n"


def _say(line: bytes) -> None:
    left = memoryview(line)
    try:
        while left:
            left = left[os.write(sys.stdout.fileno(), left) :]
    except BrokenPipeError:
        os._exit(2)  # nobody is left who could be told


if __name__ == "__main__":
    try:
        sys.exit(main(int(sys.argv[1])))
    except ChaosproofError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
