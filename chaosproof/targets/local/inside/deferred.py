"""Commands that the lab runs by itself after a while: it outlives whoever asked, and nothing in it outlives it."""

import asyncio
import contextlib
import sys
from collections.abc import Iterator, Sequence

from chaosproof.targets.local.inside.process_manager import ProcessManager

__all__ = ["DeferredCommands"]


class DeferredCommands:
    """What one lab has still to do. Not for use from more than one event loop."""

    def __init__(self, processes: ProcessManager) -> None:
        self._processes = processes

    @contextlib.contextmanager
    def after(self, instance: str, argv: Sequence[str] | None, after_s: float) -> Iterator[None]:
        """Run the command, if any, in the instance's network namespace `after_s` after the block, however that ends.

        Nobody waits for it.
        """
        try:
            yield
        finally:
            if argv:
                asyncio.get_running_loop().call_later(after_s, self._begin, instance, argv)

    def _begin(self, instance: str, argv: Sequence[str]) -> None:
        self._processes.in_background(self._run(instance, argv))

    async def _run(self, instance: str, argv: Sequence[str]) -> None:
        try:
            done = await self._processes.run_to_end(argv, instance=instance)
        except OSError as error:
            print(f"{instance}: {argv[0]} could not be run: {error.strerror}", file=sys.stderr, flush=True)
            return
        if done.exit_code != 0:
            printed = f"{done.stdout} {done.stderr}".strip()
            print(
                f"{instance}: {argv[0]} ended with {done.exit_code}: {printed}", file=sys.stderr, flush=True
            )
