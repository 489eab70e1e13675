"""Enter a user namespace that has every user of this one, then become another command; for root only.

    python -IS all_users.py unshare --net ... COMMAND

`unshare --map-root-user` has root alone, and a program that gives up root (setuid) fails in it with "Invalid argument".
Run as a file, so that it costs no import of the package.
"""

import ctypes
import os
import sys
from pathlib import Path

_CLONE_NEWUSER = 0x10000000


def main() -> None:
    """Only a process outside may write the maps, so a child stays there for it."""
    begin_read, begin_write = os.pipe()
    entering = os.getpid()
    child = os.fork()
    if child == 0:
        os.close(begin_write)
        if os.read(begin_read, 1):
            for kind in ("uid", "gid"):
                _map_all(kind, entering)
        os._exit(0)
    os.close(begin_read)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWUSER) != 0:
        sys.exit(f"unshare: {os.strerror(ctypes.get_errno())}")
    os.write(begin_write, b"x")
    os.close(begin_write)
    _, status = os.waitpid(child, 0)
    if status != 0:
        sys.exit(1)
    os.execvp(sys.argv[1], sys.argv[1:])


def _map_all(kind: str, pid: int) -> None:
    """Every id of this namespace is itself in that of `pid`."""
    ranges = [
        line.split() for line in Path(f"/proc/self/{kind}_map").read_text(encoding="ascii").splitlines()
    ]
    lines = [f"{inside} {inside} {count}\n" for inside, _, count in ranges]
    Path(f"/proc/{pid}/{kind}_map").write_text("".join(lines), encoding="ascii")


if __name__ == "__main__":
    main()
