"""The helper's program: real machine code, in a network namespace of its own."""

import platform
import shutil
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chaosproof.errors import UsageError
from chaosproof.targets.containers.helper_program import MACHINES, SOCKET_NAME, helper_program
from tests.support.waiting import eventually

HOLDER = f"""
import socket, time
connection = socket.socket(socket.AF_UNIX)
connection.connect({SOCKET_NAME!r})
connection.sendall(b"more than it reads in one go")
print("sent", flush=True)
time.sleep(60)
"""
# this machine's program, and that of each other which Debian's qemu-user runs, where it is installed
RUNNERS = {platform.machine(): []} | {
    machine: [emulator]
    for machine in MACHINES
    for emulator in (f"qemu-{machine}", f"qemu-{machine}-static")
    if machine != platform.machine() and shutil.which(emulator)
}
Started = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Started]:
    """Starts the program in a network namespace of its own, without a file in its root that it could use."""
    processes = []

    def start(machine: str = platform.machine(), *, wait_s: int = 60) -> "subprocess.Popen[bytes]":
        program = tmp_path / "helper"
        program.write_bytes(helper_program(machine, wait_s=wait_s))
        program.chmod(0o755)
        argv = ["unshare", "--user", "--map-root-user", "--net", *RUNNERS[machine], str(program)]
        processes.append(subprocess.Popen(argv))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.wait()


def _holder(pid: int) -> "subprocess.Popen[bytes]":
    """A process that holds a connection to the program, and has sent more than that reads in one go."""
    enter = ["nsenter", f"--user=/proc/{pid}/ns/user", f"--net=/proc/{pid}/ns/net", "--preserve-credentials"]
    process = subprocess.Popen([*enter, "/usr/bin/python3", "-I", "-S", "-c", HOLDER], stdout=subprocess.PIPE)
    assert process.stdout is not None and process.stdout.readline() == b"sent\n"
    return process


def _listens(pid: int) -> bool:
    """Whether a socket of that name listens there; a connection has its name, too, but not the flag (af_unix.c)."""
    with Path(f"/proc/{pid}/net/unix").open() as sockets:
        rows = [row for row in map(str.split, sockets) if row[-1] == SOCKET_NAME.replace("\0", "@")]
    return any(row[3] == "00010000" for row in rows)


@pytest.mark.parametrize("machine", RUNNERS)
class TestRun:
    def test_it_ends_when_its_holder_dies(self, started: Started, machine: str):
        """It goes on while it is held, whatever it is sent; a holder that is killed ends it, with 0."""
        process = started(machine)
        assert eventually(lambda: _listens(process.pid))
        with _holder(process.pid) as holder:
            try:
                assert eventually(lambda: not _listens(process.pid))
                assert process.poll() is None
            finally:
                holder.kill()
        assert process.wait(5) == 0

    def test_it_ends_when_nobody_comes(self, started: Started, machine: str):
        """Without a connection it ends with 1 when its wait is over, and not before."""
        began = time.monotonic()
        assert started(machine, wait_s=1).wait(5) == 1
        assert time.monotonic() - began >= 1


def test_its_bytes_are_a_whole_file_for_each_machine():
    """The header names the machine and the entry, and the file is a few hundred bytes."""
    numbers = {"x86_64": 62, "aarch64": 183}
    for machine in MACHINES:
        program = helper_program(machine)
        kind, number, version, entry = struct.unpack_from("<HHIQ", program, 16)
        assert (kind, number, version) == (2, numbers[machine], 1)
        assert program[:4] == b"\x7fELF" and 0x40_0000 < entry < 0x40_0000 + len(program) < 0x40_0000 + 500
        assert program.endswith(b"\x01\x00\x00chaosproof")


def test_another_machine_is_one_sentence():
    """A machine without a program is refused with the ones that have one."""
    with pytest.raises(UsageError, match=r"no program for riscv64, only for x86_64, aarch64\.$"):
        helper_program("riscv64")
