"""What `chaosproof init` asks on a terminal; elsewhere each question has its answer, or a sentence that asks for it."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from chaosproof.errors import UsageError
from chaosproof.init.gather import is_something_here

__all__ = ["Questions"]


class Questions:
    """Asks where `on_terminal` is true."""

    def __init__(self, *, on_terminal: bool) -> None:
        self._on_terminal = on_terminal

    @classmethod
    def here(cls, *, asks: bool) -> "Questions":
        """Those of this process, which has a terminal or has none."""
        return cls(on_terminal=asks and sys.stdin.isatty() and sys.stdout.isatty())

    def services(self, folder: Path) -> tuple[str, ...]:
        """NAME=COMMAND for each program, where the folder has no file that names any."""
        services: list[str] = []
        if not self._on_terminal or is_something_here(folder):
            return ()
        click.echo(
            "No Compose file and no Procfile is here. How is each program started? (empty: that was all)"
        )
        while text := click.prompt("NAME=COMMAND", default="", show_default=False):
            services.append(text)
        return tuple(services)

    def switches(self, names: Sequence[str]) -> tuple[str, ...]:
        """A variable that switches a protection; none without a terminal."""
        if not self._on_terminal:
            return ()
        text = click.prompt(
            f"Is there a variable that switches a protection of {', '.join(names)}, such as "
            "shop.SHIELD=off,on? (empty: none)",
            default="",
            show_default=False,
        )
        return (text,) if text else ()

    def url(self, pages: Sequence[str]) -> str:
        """Where users come in; `UsageError` where it cannot be asked, and is not the only one."""
        if self._on_terminal:
            default = pages[0] if pages else None
            return str(click.prompt("What do users ask for, as the programs know it?", default=default))
        if len(pages) == 1:
            return pages[0]
        may_be = f" It may be one of {', '.join(pages)}." if pages else ""
        raise UsageError(
            f"Where users come in cannot be told: say it, --url http://SERVICE:PORT/PATH.{may_be}"
        )

    def confirm(self, count: int) -> None:
        """Whether so many files are to be written; a no ends the command."""
        if self._on_terminal:
            click.confirm(f"Write {count} files?", default=True, abort=True)
