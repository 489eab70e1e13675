"""Python imports this by itself where the folder is on PYTHONPATH, so also in every process that a run starts.

`LIAR_FULL_DISK=NAME`: whoever opens a file of that name for writing, or renames a draft to it, is told that the disk is
full. `LIAR_CRASH=NAME`: the same, with an error that nobody expects.
"""

import errno
import os
import sys
from typing import Any

_FULL, _CRASH = os.environ.get("LIAR_FULL_DISK"), os.environ.get("LIAR_CRASH")


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    path: Any = None
    if event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR):
        path = arguments[0]
    elif event == "os.rename":
        path = os.fspath(arguments[1])
    if not isinstance(path, str):
        return
    name = os.path.basename(path)  # noqa: PTH119 - a hook must not open anything, as importing pathlib would
    if _FULL and _FULL in name:
        raise OSError(errno.ENOSPC, "No space left on device", path)
    if _CRASH and _CRASH in name:
        raise RuntimeError(f"nobody expects an error at {name}")


if _FULL or _CRASH:
    sys.addaudithook(_refuse)
