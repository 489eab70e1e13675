"""Commands in the instances' networks: run to their end, begun ahead of the moment, and run by the lab itself later.

What takes a few milliseconds is done ahead where a command is begun and waits for its input. What comes after a command
is left to the lab: it outlives whoever asked, and nothing in it outlives it.
"""

import asyncio
import contextlib
import itertools
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chaosproof.errors import TargetError
from chaosproof.targets.base import CommandResult
from chaosproof.targets.local.inside.process_manager import ProcessManager

__all__ = ["InstanceCommands"]


@dataclass(frozen=True)
class _Waiting:
    instance: str
    process: asyncio.subprocess.Process
    argv: tuple[str, ...]
    give_up: asyncio.TimerHandle


class InstanceCommands:
    """The commands of one lab, the waiting ones by number. Not for use from more than one event loop.

    `after` is a `DeferredCommand` as a map: it is run after the command, however that ends, and nobody waits for it.
    """

    def __init__(self, processes: ProcessManager) -> None:
        self._processes = processes
        self._numbers = itertools.count(1)
        self._waiting: dict[int, _Waiting] = {}

    async def run(
        self,
        instance: str,
        argv: Sequence[str],
        stdin: str,
        timeout_s: float,
        after: Mapping[str, Any] | None,
    ) -> CommandResult:
        """Run the command to its end."""
        with self._deferring(instance, after):
            return await self._processes.run_to_end(argv, instance=instance, stdin=stdin, timeout_s=timeout_s)

    async def begin(self, instance: str, argv: Sequence[str], keep_s: float) -> int:
        """Start the command; the number by which it is known. After `keep_s` it gets an empty input."""
        try:
            process = await self._processes.begin(argv, instance=instance)
        except OSError as error:
            raise TargetError(f"{argv[0]} could not be started on {instance}: {error.strerror}.") from error
        number = next(self._numbers)
        give_up = asyncio.get_running_loop().call_later(keep_s, self.give_up, number)
        self._waiting[number] = _Waiting(instance, process, tuple(argv), give_up)
        return number

    async def go(
        self, number: int, stdin: str, timeout_s: float, after: Mapping[str, Any] | None = None
    ) -> CommandResult | None:
        """Give it its input and wait for its end; `None` where it waits no more."""
        waiting = self._waiting.pop(number, None)
        if waiting is None:
            return None
        waiting.give_up.cancel()
        with self._deferring(waiting.instance, after):
            return await self._processes.finish(
                waiting.process, waiting.argv, stdin=stdin, timeout_s=timeout_s
            )

    def give_up(self, number: int) -> None:
        """Give it an empty input, where it still waits."""
        self._processes.in_background(self.go(number, "", 1.0))

    @contextlib.contextmanager
    def _deferring(self, instance: str, after: Mapping[str, Any] | None) -> Iterator[None]:
        try:
            yield
        finally:
            if after:
                self._processes.in_background(self._run_later(instance, **after))

    async def _run_later(self, instance: str, argv: Sequence[str], after_s: float) -> None:
        await asyncio.sleep(after_s)
        done = await self._processes.run_to_end(argv, instance=instance)
        if done.exit_code != 0:
            printed = f"{done.stdout} {done.stderr}".strip()
            print(
                f"{instance}: {argv[0]} ended with {done.exit_code}: {printed}", file=sys.stderr, flush=True
            )
