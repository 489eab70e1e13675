"""Whether a container's traffic is whole on time although those around it are killed in the middle of a fault.

    ./run test --containers --only docker-rootful --command -- python -m bench.containers.survive

A drop of 4 s goes on by `chaosproof inject --container`; 1.5 s later SIGKILL goes to what the row names: `inject`
itself, the container's conmon or shim, the engine with its helpers, or all of them. A program in the container's
network connects again and again. A row is how much later than the deadline the first connection came about, and how
long it was without one. Only on a machine that was made for it: it kills every engine that it finds.
"""

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from chaosproof.targets.containers.engine.find import find_engine
from chaosproof.targets.containers.engine.records import Container
from tests.containers.projects import Project

__all__ = ["LATE_S", "VICTIMS", "measure"]

_PORT = 8080
_FAULT_S = 4.0
_KILL_AFTER_S = 1.5
LATE_S = 0.5
_ENGINES = ("podman", "dockerd", "containerd", "rootlesskit", "slirp4netns", "rootlessport")
_KEEPERS = ("conmon", "containerd-shim")
_LAST = ("engine", "all")  # nothing can be cleaned up after these
VICTIMS = ("nobody", "inject", "keeper", "engine", "all")
# prints when it was connected, in Unix seconds
_PROBER = """
import socket, sys, time
while True:
    try:
        socket.create_connection((sys.argv[1], int(sys.argv[2])), 0.05).close()
        print(time.time(), flush=True)
    except OSError:
        pass
    time.sleep(0.005)
"""


def measure(victim: str) -> tuple[float, float] | None:
    """Seconds after the deadline of the first connection, and seconds without one; `None` where the container ended."""
    client = find_engine()
    project = Project(client, f"survive-{victim}")
    shop = project.run("shop", ["httpd", "-f", "-p", str(_PORT)])
    caller = project.run("caller", ["sleep", "10000"])
    times = _probe_during(victim, caller, shop.networks[project.network][0])
    if victim not in _LAST:
        project.remove()
        client.close()
    return times


def _probe_during(victim: str, caller: Container, address: str) -> tuple[float, float] | None:
    user = [] if os.geteuid() == 0 else [f"--user=/proc/{caller.pid}/ns/user", "--preserve-credentials"]
    enter = ["nsenter", *user, f"--net=/proc/{caller.pid}/ns/net", "--"]
    argv = [*enter, "/usr/bin/python3", "-I", "-S", "-c", _PROBER, address, str(_PORT)]
    prober = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    assert prober.stdout is not None
    prober.stdout.readline()
    command = [
        str(Path(sys.executable).with_name("chaosproof")),
        "inject",
        "drop",
        "--container",
        caller.name,
    ]
    command += ["--port", str(_PORT), "--duration", f"{_FAULT_S:g}s"]
    inject = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert inject.stdout is not None
    line = inject.stdout.readline()
    applied_at = time.time()
    assert " is on caller-0" in line, line
    time.sleep(_KILL_AFTER_S)
    for pid in _pids(victim, caller, inject.pid):
        os.kill(pid, signal.SIGKILL)
    time.sleep(_FAULT_S - _KILL_AFTER_S + 2 * LATE_S)
    prober.kill()
    connected = [float(text) for text in prober.stdout.read().split()]
    inject.kill()
    inject.communicate()
    prober.wait()
    if not Path(f"/proc/{caller.pid}").exists():
        return None
    # the longest pause is the fault's: a connection from before it may be written down a moment after
    before, after = max(pairwise(connected), key=lambda pair: pair[1] - pair[0])
    return after - (applied_at + _FAULT_S), after - before


def _pids(victim: str, container: Container, inject: int) -> Iterator[int]:
    """The processes that the row means. The engine's come before the others, so that it cannot answer their end."""
    if victim in ("engine", "all"):
        yield from (pid for pid, name in _processes() if name in _ENGINES)
    if victim in ("keeper", "all"):
        yield from (pid for pid, name in _processes() if name in _KEEPERS and _keeps(pid, container))
    if victim in ("inject", "all"):
        yield inject


def _processes() -> Iterator[tuple[int, str]]:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            yield int(folder.name), (folder / "comm").read_text().strip()
        except OSError:
            continue


def _keeps(pid: int, container: Container) -> bool:
    """Whether it is the conmon or shim of that container."""
    return container.id in Path(f"/proc/{pid}/cmdline").read_text()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--victims", default=",".join(VICTIMS[:-1]), help="engine or all: the last only")
    if "CHAOSPROOF_ENGINE" not in os.environ:
        sys.exit("this kills engines: run it by ./run test --containers --command")
    late = False
    for victim in parser.parse_args().victims.split(","):
        times = measure(victim)
        if times is None:
            print(f"SIGKILL to {victim:<7} the engine ended the container, too")
            continue
        after_s, gap_s = times
        late = late or after_s > LATE_S
        print(
            f"SIGKILL to {victim:<7} whole {after_s:+.3f} s after the deadline, {gap_s:.3f} s without a connection"
        )
    sys.exit(1 if late else 0)


if __name__ == "__main__":
    main()
