"""One of several processes that send a load; `worker_pool.py` starts it and talks to it over standard streams.

In: the plan as one line of JSON, then `start MONOTONIC EPOCH`, perhaps `stop`; a closed input means stop at once.
Out: `ready`, then batches of outcomes as lines of JSON, each complete up to its `until`. Not for use by hand.
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
from chaosproof.load.outcome import Outcome
from chaosproof.load.plan import Plan
from chaosproof.load.plan_reader import plan_from_dict
from chaosproof.load.share_sender import ShareSender, WorkerShare
from chaosproof.load.workers.process_setup import (
    keep_garbage_collection_short,
    loop_factory,
    raise_file_limit,
)

__all__ = ["main"]

_BATCH_EVERY_S = 0.1


def main(index: int) -> int:
    """Send share `index` of the plan that stands on standard input; returns the exit code."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    plan = plan_from_dict(json.loads(sys.stdin.buffer.readline()), max_duration_s=float("inf"))
    raise_file_limit(plan.connections)
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(_send_share(plan, index))


async def _send_share(plan: Plan, index: int) -> int:
    loop = asyncio.get_running_loop()
    cancellation = Cancellation()
    bugs: list[dict[str, Any]] = []

    def on_bug(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        bugs.append(context)
        cancellation.cancel("bug")

    loop.set_exception_handler(on_bug)
    commands = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    outcomes: list[Outcome] = []
    sender = ShareSender(plan, outcomes.append, WorkerShare(index, plan.processes))
    await sender.open(cancellation)
    keep_garbage_collection_short()
    _write(b"ready\n")
    start_command = (await commands.readline()).split()
    if not start_command:
        return 0
    listening = loop.create_task(_obey(commands, cancellation))
    reporting = loop.create_task(_report(sender, outcomes))
    await sender.run(float(start_command[1]), cancellation)
    reporting.cancel()
    listening.cancel()
    _write(_batch(sender, outcomes))
    if bugs:
        print(f"{bugs[0].get('message')}: {bugs[0].get('exception')!r}", file=sys.stderr)
        return 2
    return 0


async def _obey(commands: asyncio.StreamReader, cancellation: Cancellation) -> None:
    """Cancel at `stop`; a second time, and so at once, when it comes again or the input is closed."""
    while True:
        line = await commands.readline()
        cancellation.cancel("parent")
        if not line:
            cancellation.cancel("parent gone")
            return


async def _report(sender: ShareSender, outcomes: list[Outcome]) -> None:
    while True:
        await asyncio.sleep(_BATCH_EVERY_S)
        _write(_batch(sender, outcomes))


def _batch(sender: ShareSender, outcomes: list[Outcome]) -> bytes:
    batch = {
        "until": time.monotonic(),
        "due": sender.due,
        "sent": sender.sent,
        "inflight": sender.inflight,
        "outcomes": outcomes,
    }
    line = json.dumps(batch, separators=(",", ":")).encode() + b"\n"
    outcomes.clear()
    return line


def _write(line: bytes) -> None:
    left = memoryview(line)
    try:
        while left:
            left = left[os.write(sys.stdout.fileno(), left) :]
    except BrokenPipeError:
        os._exit(2)  # the parent is gone


if __name__ == "__main__":
    try:
        sys.exit(main(int(sys.argv[1])))
    except ChaosproofError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
