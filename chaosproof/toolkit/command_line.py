"""The command line of `chaos run`, which Chaos Toolkit does not hand to a control."""

import sys

__all__ = ["command_arguments"]


def command_arguments() -> tuple[str, ...]:
    """The arguments behind the name of the command. The only place in the library that reads them."""
    return tuple(sys.argv[1:])
