"""Shows a load while it runs: a line that renews itself on a terminal, a plain line every 5 s elsewhere."""

from rich.console import Console
from rich.live import Live
from rich.text import Text

from chaosproof.load.plan import Plan
from chaosproof.load.recording.tally import Tally
from chaosproof.runfolder.load import LoadProgress

__all__ = ["ProgressView", "progress_line"]

_PLAIN_EVERY_S = 5.0


class ProgressView:
    """Shows each progress row on `console`; a context manager to be around the load."""

    def __init__(self, plan: Plan, console: Console) -> None:
        self._plan = plan
        self._console = console
        self._terminal = (
            Live(console=console, transient=True, auto_refresh=False) if console.is_terminal else None
        )
        self._next_s = _PLAIN_EVERY_S

    def __enter__(self) -> "ProgressView":
        if self._terminal is not None:
            self._terminal.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._terminal is not None:
            self._terminal.stop()

    def show(self, progress: LoadProgress, tally: Tally) -> None:
        """Show `progress`, or nothing where it is too early for the next line."""
        if self._terminal is not None:
            line = progress_line(progress, tally, self._plan.duration_s)
            self._terminal.update(Text(line, style="red" if progress.errors else ""), refresh=True)
        elif (progress.t_s or 0.0) >= self._next_s:
            self._next_s += _PLAIN_EVERY_S
            line = progress_line(progress, tally, self._plan.duration_s)
            self._console.print(line, highlight=False, soft_wrap=True)


def progress_line(progress: LoadProgress, tally: Tally, duration_s: float) -> str:
    """A progress row as a line of text; percentiles are those of the whole load until now."""
    errors = {code: count for code, count in progress.codes.items() if code in tally.error_codes}
    worst = ", ".join(f"{code} {count:,}" for code, count in sorted(errors.items(), key=lambda e: -e[1])[:3])
    return (
        f"{progress.t_s:.1f} of {duration_s:g} s: sent {progress.sent:,}, ok {progress.ok:,}, "
        f"errors {progress.errors:,}{f' ({worst})' if worst else ''}, in flight {progress.inflight}, "
        f"p50 {tally.so_far_ms(50):.1f} ms, p99 {tally.so_far_ms(99):.1f} ms"
    )
