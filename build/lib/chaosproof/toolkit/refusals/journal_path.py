"""Where Chaos Toolkit is to write its journal: it tries only when all is over, with a traceback where it cannot."""

import os
from collections.abc import Sequence
from pathlib import Path

from chaosproof.errors import UsageError

__all__ = ["refuse_unwritable_journal"]

_OPTION = "--journal-path"
_DEFAULT = "./journal.json"


def refuse_unwritable_journal(arguments: Sequence[str]) -> None:
    """Raise `UsageError` when the journal of `chaos run` with these arguments could not be written."""
    if "run" not in arguments:
        return
    path = Path(_value(arguments))
    if path.is_dir():
        why = "it is a folder"
    elif path.exists():
        why = "" if os.access(path, os.W_OK) else "the file cannot be written"
    elif not path.parent.is_dir():
        why = f"there is no folder {path.parent}"
    else:
        why = "" if os.access(path.parent, os.W_OK) else f"the folder {path.parent} cannot be written"
    if why:
        raise UsageError(
            f"Chaos Toolkit could not write its journal to {path} after the run: {why}; "
            f"name another file with {_OPTION}."
        )


def _value(arguments: Sequence[str]) -> str:
    for index, word in enumerate(arguments):
        if word == _OPTION and index + 1 < len(arguments):
            return arguments[index + 1]
        if word.startswith(f"{_OPTION}="):
            return word.partition("=")[2]
    return _DEFAULT
