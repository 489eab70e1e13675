"""Commands that have begun and wait for their input: what takes a few milliseconds is then done ahead of the moment."""

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from chaosproof.errors import TargetError
from chaosproof.targets.base import CommandResult
from chaosproof.targets.local.inside.process_manager import ProcessManager

__all__ = ["PrestartedCommands"]


@dataclass(frozen=True)
class _Waiting:
    instance: str
    process: asyncio.subprocess.Process
    argv: tuple[str, ...]
    give_up: asyncio.TimerHandle


class PrestartedCommands:
    """The waiting commands of one lab, by number. Not for use from more than one event loop."""

    def __init__(self, processes: ProcessManager) -> None:
        self._processes = processes
        self._numbers = itertools.count(1)
        self._waiting: dict[int, _Waiting] = {}

    async def begin(self, instance: str, argv: Sequence[str], keep_s: float) -> int:
        """Start the command; the number by which it is known. After `keep_s` it gets an empty input."""
        try:
            process = await self._processes.begin(argv, instance=instance)
        except OSError as error:
            raise TargetError(f"{argv[0]} could not be started on {instance}: {error.strerror}.") from error
        number = next(self._numbers)
        give_up = asyncio.get_running_loop().call_later(keep_s, self._give_up, number)
        self._waiting[number] = _Waiting(instance, process, tuple(argv), give_up)
        return number

    def instance(self, number: int) -> str | None:
        """Where the command waits; `None` where it waits no more."""
        waiting = self._waiting.get(number)
        return waiting.instance if waiting else None

    async def go(self, number: int, stdin: str, timeout_s: float) -> CommandResult | None:
        """Give it its input and wait for its end; `None` where it waits no more."""
        waiting = self._waiting.pop(number, None)
        if waiting is None:
            return None
        waiting.give_up.cancel()
        return await self._processes.finish(waiting.process, waiting.argv, stdin=stdin, timeout_s=timeout_s)

    def _give_up(self, number: int) -> None:
        self._processes.in_background(self.go(number, "", 1.0))
