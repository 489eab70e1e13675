"""The processes of a container, told by their pid namespace: with namespaces made by hand, and no engine."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaosproof.targets.containers.inside.program import enter_program, pid_inside, signal_all
from tests.support.waiting import eventually

ROOMS = ["--user", "--map-root-user", "--net", "--mount", "--uts", "--ipc", "--pid", "--fork", "--kill-child"]
# it has a child, and says that both are there
PROGRAM = """
import os, time
read, write = os.pipe()
child = os.fork()
if child:
    os.read(read, 1)
    print("there", flush=True)
    os.waitpid(child, 0)
os.write(write, b"x")
time.sleep(60)
"""


@pytest.fixture
def first() -> Iterator[int]:
    """The first process of a pid namespace, as this one numbers it."""
    argv = ["unshare", *ROOMS, sys.executable, "-c", PROGRAM]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as made:
        assert made.stdout is not None
        assert made.stdout.readline() == "there\n"
        (child,) = _children(made.pid)
        yield child
        made.kill()


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_all_processes_of_the_container_stop_and_go_on_and_no_other(first: int):
    """The one that is told from outside is not the one that all of them have inside."""
    (child,) = _children(first)
    signal_all(first, signal.SIGSTOP)
    # each stops when the kernel next looks at it
    assert eventually(lambda: [_state(pid) for pid in (first, child)] == ["T", "T"], 5)
    assert _state(os.getpid()) == "R"
    signal_all(first, signal.SIGCONT)
    assert eventually(lambda: "T" not in [_state(pid) for pid in (first, child)], 5)


def test_a_container_in_this_machines_pid_namespace_is_its_first_process_alone():
    """Else all of this machine would stop."""
    with subprocess.Popen(["sleep", "60"]) as sleeper:
        signal_all(sleeper.pid, signal.SIGKILL)
    assert sleeper.returncode == -signal.SIGKILL


def test_a_process_that_has_ended_gets_no_signal():
    """Another one may have its number by now: there is none to be told."""
    with subprocess.Popen(["true"]) as ended:
        pass
    signal_all(ended.pid, signal.SIGKILL)
    assert pid_inside(ended.pid) == 0


def test_the_first_process_has_the_number_one_inside(first: int):
    """Its child has the next."""
    assert pid_inside(first) == 1
    assert pid_inside(_children(first)[0]) == 2


def test_a_command_runs_among_the_containers_processes(first: int):
    """It has the container's namespaces, and is its root."""
    script = "readlink /proc/self/ns/net; id -u"
    done = subprocess.run(
        [*enter_program(first), "sh", "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [str(Path(f"/proc/{first}/ns/net").readlink()), "0"]


def test_a_pause_ends_in_time_also_when_whoever_made_it_is_killed(first: int):
    """The guard is a process of its own."""
    script = f"""
import os, signal, time
from chaosproof.targets.containers.inside.program import stop_all
stop_all({first}, 1)
while open("/proc/{first}/stat").read().rpartition(")")[2].split()[0] != "T":
    time.sleep(0.01)
print("stopped", flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    made = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert made.stdout == "stopped\n" and made.returncode == -signal.SIGKILL
    assert eventually(lambda: _state(first) != "T", 5)


def test_a_pause_without_an_end_ends_with_whoever_made_it(first: int):
    """The kernel closes the guard's input."""
    script = f"""
from chaosproof.targets.containers.inside.program import stop_all
guard = stop_all({first}, None)
print("made", flush=True)
input()
"""
    argv = [sys.executable, "-c", script]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as maker:
        assert maker.stdout is not None and maker.stdout.readline() == "made\n"
        assert eventually(lambda: _state(first) == "T", 5)
        maker.kill()
    assert eventually(lambda: _state(first) != "T", 5)
