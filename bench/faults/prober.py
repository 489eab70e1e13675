"""A prober that tries connections from inside many instances of a lab at once, and says when each was whole.

It runs as a job of the lab, outside every instance: who kills all processes of an instance does not meet it.
A try is a connection, four kilobytes, and one byte in answer, so that a narrow link fails it as a reset does.
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from chaosproof.targets.local.target import LocalTarget

__all__ = ["SINK", "Prober", "Try"]

# reads four kilobytes of each connection, answers with one byte
SINK = """
import asyncio, sys
async def serve(reader, writer):
    try:
        await reader.readexactly(4096)
        writer.write(b"k")
        await reader.read()
    except (OSError, asyncio.IncompleteReadError):
        pass
    writer.close()
async def main():
    server = await asyncio.start_server(serve, "0.0.0.0", int(sys.argv[1]), backlog=1000)
    async with server:
        await server.serve_forever()
asyncio.run(main())
"""
# a socket belongs to the network namespace in which it was made, whatever namespace its process is in later
_PROBER = """
import asyncio, ctypes, json, os, socket, struct, sys, time
ways, port = json.loads(sys.argv[1]), int(sys.argv[2])
pause_s, timeout_s = float(sys.argv[3]), float(sys.argv[4])
libc = ctypes.CDLL(None, use_errno=True)
home = os.open("/proc/self/ns/net", os.O_RDONLY)
def enter(fd):
    if libc.setns(fd, 0):
        raise OSError(ctypes.get_errno(), "setns")
def made_in(fd):
    enter(fd)
    try:
        s = socket.socket()
    finally:
        enter(home)
    s.setblocking(False)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return s
async def attempt(loop, s, host):
    await loop.sock_connect(s, (host, port))
    await loop.sock_sendall(s, bytes(4096))
    return await loop.sock_recv(s, 1) == b"k"
async def try_once(name, network, host):
    with made_in(network) as s:
        began = time.time()
        try:
            whole = await asyncio.wait_for(attempt(asyncio.get_running_loop(), s, host), timeout_s)
        except (OSError, asyncio.TimeoutError):
            whole = False
    print(json.dumps([name, began, time.time(), whole]), flush=True)
async def probe(name, source, host, begin_s):
    network = os.open("/run/netns/" + source if source else "/proc/self/ns/net", os.O_RDONLY)
    await asyncio.sleep(begin_s)
    while True:
        task = asyncio.create_task(try_once(name, network, host))
        await asyncio.sleep(pause_s)
async def main():
    await asyncio.gather(*(probe(name, *way, pause_s * n / len(ways)) for n, (name, way) in enumerate(ways.items())))
asyncio.run(main())
"""


@dataclass(frozen=True)
class Try:
    """One try of one instance: when it began and ended (Unix seconds), and whether all went through."""

    began_at: float
    ended_at: float
    whole: bool


class Prober:
    """Tries every `pause_s`, whatever became of the last try.

    `ways` are what is tried, by name: from which instance (`""`: from the lab's own network) to which address.
    """

    def __init__(
        self,
        target: LocalTarget,
        folder: Path,
        ways: Mapping[str, tuple[str, str]],
        port: int,
        *,
        pause_s: float,
        timeout_s: float = 0.25,
    ) -> None:
        self._target = target
        argv = [sys_python(), "-I", "-S", "-c", _PROBER, json.dumps(ways), str(port)]
        argv += [str(pause_s), str(timeout_s)]
        self._file = folder / "prober.out"
        # a job's output is the lab's own: this one's is wanted
        shell = 'out=$1; shift; exec "$@" >"$out"'
        self._name = f"prober in {folder.name}"
        target.start_job(
            self._name, ["sh", "-c", shell, "sh", str(self._file), *argv], env={}, out_dir=folder
        )

    def tries(self) -> dict[str, list[Try]]:
        """All tries so far, by name, in order."""
        found: dict[str, list[Try]] = {}
        # the last line may be half written
        for line in self._file.read_text().split("\n")[:-1] if self._file.exists() else ():
            name, began_at, ended_at, whole = json.loads(line)
            found.setdefault(name, []).append(Try(began_at, ended_at, whole))
        return found

    def wait_for(self, names: Sequence[str], since_at: float, within_s: float) -> None:
        """Return when each of these had a whole try that began after `since_at`."""
        give_up_at = time.monotonic() + within_s
        while True:
            tries = self.tries()
            left = [
                name
                for name in names
                if not any(one.whole and one.began_at > since_at for one in tries.get(name, ()))
            ]
            if not left:
                return
            if time.monotonic() > give_up_at:
                raise AssertionError(f"no whole connection within {within_s:g} s from {', '.join(left)}")
            time.sleep(0.05)

    def stop(self) -> None:
        self._target.stop_job(self._name)


def sys_python() -> str:
    """The plain interpreter, which starts sooner than a version manager's wrapper."""
    return "/usr/bin/python3" if Path("/usr/bin/python3").exists() else "python3"
