"""The `chaosproof` command. Every subcommand is imported only when it is called, so that starting is quick.

chaosproof --help
"""

import importlib.metadata
import os
import pkgutil
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from chaosproof import __version__
from chaosproof.errors import EXIT_INTERRUPTED, EXIT_UNREAD, ChaosproofError, UsageError

__all__ = ["main"]

# Name -> (module in this folder and attribute, what --help says), so that listing the commands imports none.
_COMMANDS = {
    "drill": ("drill:drill", "Run an experiment in both modes, then compare the runs."),
    "all": ("all:all_drills", "Run every drill, and put what they prove into one pack."),
    "judge": ("judge:judge", "Judge a saved run again, from its files alone."),
    "compare": ("compare:compare", "Hold a baseline run against a resilient one."),
    "review": ("review:review", "Review any Chaos Toolkit journal, or an experiment."),
    "report": ("report:report", "Make the report of a run, or of a comparison."),
    "evidence": ("packs.evidence:evidence", "Put runs into an evidence pack."),
    "gate": ("packs.gate:gate", "Say whether a pack shows all that a release needs."),
    "readiness": ("packs.readiness:readiness", "Say how ready a pack is, from 0 to 100."),
    "verify-pack": ("packs.verify_pack:verify_pack", "Hold every word of a pack against its raw files."),
    "verdict": ("packs.verdict:verdict", "Say a verdict in four lines, as a comment."),
    "ci-summary": ("packs.ci_summary:ci_summary", "Show a pack in the words of a CI job."),
    "lab": ("lab:lab", "Run a system in private namespaces: up, down, status."),
    "load": ("load:load", "Send requests at a planned rate and record each of them."),
    "inject": ("inject:inject", "Put one fault on an instance by hand, and watch it end."),
    "doctor": ("doctor:doctor", "Say which faults this kernel can do, by trying them."),
    "images": ("cluster.images:images", "Make the images for a cluster: build, load, archive."),
    "init": ("start.init:init", "Write experiments for programs of your own, here or in a cluster."),
    "schema": ("start.schema:schema", "Print the JSON Schema of experiments, for an editor."),
    "halt": ("halt:halt", "End the labs of this checkout and every fault in them, now."),
}


class _Lazy(click.Group):
    """A group whose commands are imported when they are looked up by name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*_COMMANDS, *sorted(_plugins())]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in _COMMANDS:
            place, _ = _COMMANDS[cmd_name]
            command = pkgutil.resolve_name(f"chaosproof.cli.{place}")
        elif cmd_name in (plugins := _plugins()):
            command = plugins[cmd_name].load()
        else:
            return None
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, text) for name, (_, text) in _COMMANDS.items()]
                + [(name, f"From {plugin.module}.") for name, plugin in sorted(_plugins().items())]
            )


def _plugins() -> dict[str, importlib.metadata.EntryPoint]:
    """The commands that other installed packages add, by their entry points of the group `chaosproof.commands`."""
    return {plugin.name: plugin for plugin in importlib.metadata.entry_points(group="chaosproof.commands")}


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="chaosproof")
def cli() -> None:
    """Chaos experiments whose verdict can be trusted.

    Exit codes: 0 pass, 1 fail, 2 unknown or could not be done, 64 wrong call, 130 interrupted.
    """


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run one command; every error a person can act on is one sentence on stderr, never a traceback."""
    try:
        result = cli.main(args=list(argv) if argv is not None else None, standalone_mode=False)
        code = result if isinstance(result, int) else 0
    except ChaosproofError as error:
        code = _complain(str(error), error.exit_code)
    except click.UsageError as error:
        usage = error.ctx.get_usage() if error.ctx else ""
        code = _complain(f"{error.format_message()}\n{usage}".strip(), UsageError.exit_code)
    except click.ClickException as error:
        code = _complain(error.format_message(), error.exit_code)
    except click.exceptions.Exit as error:
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        code = _complain("Interrupted.", EXIT_INTERRUPTED)
    except BrokenPipeError:
        # The reader of our output has gone, as in `chaosproof ... | head`: nothing more to say to anyone.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = EXIT_UNREAD
    sys.exit(code)


def _complain(sentence: str, code: int) -> int:
    click.echo(f"chaosproof: {sentence}", err=True)
    return code


if __name__ == "__main__":
    main()
