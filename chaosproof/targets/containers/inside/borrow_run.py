"""Become a command that finds /run of a container at its own /run: that is where a service's Unix sockets are.

    python -IS borrow_run.py PID COMMAND...

`PID` is a process of the container. The command keeps all other files of whoever calls, its Python and its folders, and
a mount namespace of its own, with which the borrowed folder goes. Run as a file, so that it costs no import of the
package, and has one thread: entering a mount namespace is for such alone.

A mount cannot be bound from another namespace, but a copy of it can be made there and put up here: open_tree(2) and
move_mount(2), which Linux has since 5.2. Python has `os.setns` since 3.12.
"""

import ctypes
import os
import sys

_CLONE_NEWNS = 0x20000
_OPEN_TREE, _MOVE_MOUNT = 428, 429  # the same number on every architecture
_AT_FDCWD = -100
_COPY = 0x1 | 0x8000 | os.O_CLOEXEC  # OPEN_TREE_CLONE, AT_RECURSIVE
_FROM_DESCRIPTOR = 0x4  # MOVE_MOUNT_F_EMPTY_PATH
_FOLDER = b"/run"

_libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    """Borrow the folder and become the command; exit code 125 with a sentence where that is not possible."""
    pid, *command = sys.argv[1:]
    try:
        container = os.open(f"/proc/{pid}/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
        _call(_libc.unshare(_CLONE_NEWNS))
        # what is put up here stays here
        _call(_libc.mount(None, b"/", None, ctypes.c_ulong(0x4000 | 0x40000), None))  # MS_REC, MS_PRIVATE
        own = os.open("/proc/self/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
        folder = os.open(".", os.O_PATH | os.O_CLOEXEC)
        _call(_libc.setns(container, _CLONE_NEWNS))
        copy = _call(_libc.syscall(_OPEN_TREE, _AT_FDCWD, _FOLDER, _COPY))
        _call(_libc.setns(own, _CLONE_NEWNS))
        _call(_libc.syscall(_MOVE_MOUNT, copy, b"", _AT_FDCWD, _FOLDER, _FROM_DESCRIPTOR))
        os.fchdir(folder)
    except OSError as error:
        print(f"/run of process {pid} cannot be borrowed: {error.strerror}", file=sys.stderr)
        sys.exit(125)
    os.execvp(command[0], command)


def _call(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


if __name__ == "__main__":
    main()
