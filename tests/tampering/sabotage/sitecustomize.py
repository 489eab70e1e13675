"""Python imports this by itself where the folder is on PYTHONPATH, so also in every process that a run starts.

`SABOTAGE_FULL_DISK=NAME`: to open a file of that name for writing, or to rename a draft to it, fails as on a full disk.
`SABOTAGE_CRASH=NAME`: the same, with an error that nobody expects.
"""

import errno
import os
import sys
from typing import Any

_FULL, _CRASH = os.environ.get("SABOTAGE_FULL_DISK"), os.environ.get("SABOTAGE_CRASH")


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
