"""Chaos Toolkit's own command, with all its options, and with nothing left where nobody looks for it.

    python -m chaosproof.toolkit.command.chaos run experiment.json
    python -m chaosproof.toolkit.command.chaos discover chaosproof

What differs from `chaos`: log lines have no colour codes where there is no terminal; and `discover` writes its outcome
to stdout unless `--discovery-path` names a file, keeps no log file, and looks for `chaosproof` where it is installed
instead of at a package index.
"""

import sys
from collections.abc import Sequence
from typing import Any

from chaosproof.toolkit.command.plain_logs import keep_logs_plain

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run it with these arguments, or those of the process; ends the process with its exit code."""
    keep_logs_plain()
    from chaostoolkit.cli import cli

    given = list(sys.argv[1:] if arguments is None else arguments)
    cli.main(args=given, prog_name="chaos", default_map=_defaults(given))


def _defaults(arguments: Sequence[str]) -> dict[str, Any]:
    """What click takes for an option of a command that is not given, by the names of the toolkit's parameters."""
    if "discover" not in arguments:
        return {}
    discover: dict[str, Any] = {"discovery_path": "/dev/stdout"}
    if "chaosproof" in arguments:
        discover["no_install"] = True
    return {"no_log_file": True, "discover": discover}


if __name__ == "__main__":
    main()
