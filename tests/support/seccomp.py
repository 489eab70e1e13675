"""Run a command under a seccomp filter, as a container or a sandbox has one.

    python tests/support/seccomp.py unshare,mount COMMAND ...
    python tests/support/seccomp.py netlink COMMAND ...

The system calls that are named fail with EPERM, in the command and in all that it starts. `netlink` is a socket of that
family, without which nothing in a network can be changed: so it is where namespaces are made and then denied.
"""

import ctypes
import os
import platform
import struct
import sys

__all__ = ["NUMBERS"]

NUMBERS = {
    "x86_64": {"unshare": 272, "mount": 165, "socket": 41, "setns": 308},
    "aarch64": {"unshare": 97, "mount": 40, "socket": 198, "setns": 268},
}
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _MODE_FILTER = 38, 22, 2
_LOAD, _IS, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _EPERM = 0x7FFF0000, 0x00050001
_NUMBER_AT, _FIRST_ARGUMENT_AT = 0, 16
_AF_NETLINK = 16


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def main() -> None:
    """Set the filter, then become the command."""
    numbers = NUMBERS[platform.machine()]
    steps = []
    for name in sys.argv[1].split(","):
        if name == "netlink":
            steps += [
                (_LOAD, 0, 0, _NUMBER_AT),
                (_IS, 0, 3, numbers["socket"]),
                (_LOAD, 0, 0, _FIRST_ARGUMENT_AT),
                (_IS, 0, 1, _AF_NETLINK),
                (_RETURN, 0, 0, _EPERM),
            ]
        else:
            steps += [(_LOAD, 0, 0, _NUMBER_AT), (_IS, 0, 1, numbers[name]), (_RETURN, 0, 0, _EPERM)]
    steps.append((_RETURN, 0, 0, _ALLOW))
    text = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    program = _Program(len(steps), ctypes.addressof(text))
    libc = ctypes.CDLL(None, use_errno=True)
    for arguments in (
        (_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
        (_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(program), 0, 0),
    ):
        if libc.prctl(*arguments) != 0:
            sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")
    os.execvp(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()
