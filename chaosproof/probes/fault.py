"""Questions about a fault's effect, asked from inside an instance: does it bite, and is it gone.

    {"type": "python", "module": "chaosproof.probes.fault", "func": "connect",
     "arguments": {"instance": "client-0", "to": "web", "port": 7000, "under": "reset"}}

The arguments that most of them share:

- `instance`: from where it is asked, such as `client-0`; `to`: a service, an instance or an address; `port`: on it;
- `under`: the kind of fault that must be on from the beginning of the measurement to its end (empty: none need be).
  Where it is not, `ChaosproofError` is raised: what was measured beside a fault says nothing about it.

Every measurement is bounded in count, bytes and time. Each returns its resolved arguments with what it measured, and
raises `UsageError` for an argument out of its range, `TargetError` for an unknown instance, `ChaosproofError` when it
could not measure. A fault that shows is a measurement, never an error.
"""

import json
from dataclasses import asdict
from typing import Any

from chaoslib.types import Configuration

from chaosproof.errors import ChaosproofError, UsageError
from chaosproof.runner.settings import count as whole_number
from chaosproof.runner.settings import number, seconds
from chaosproof.runner.settings import port as port_number
from chaosproof.runner.under_fault import must_be_on
from chaosproof.toolkit.current import session_of

__all__ = ["connect", "log_mentions", "round_trips", "state", "taken", "throughput"]

# how long a program in the instance may take on top of what it measures: a busy machine starts slowly
_PATIENCE_S = 10.0
_SHELL = 'p=/usr/bin/python3; [ -x $p ] || p=python3; exec $p -I -S -c "$0" "$@"'

_CONNECT = """
import json, socket, sys, time
host, port, timeout_s = socket.gethostbyname(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
step, began = "connect", time.monotonic()
try:
    with socket.create_connection((host, port), timeout_s) as s:
        step = "answer"
        s.sendall(b"?\\n")
        outcome = "open" if s.recv(1) else "closed"
except ConnectionRefusedError:
    outcome = "refused"
except (ConnectionResetError, ConnectionAbortedError, BrokenPipeError):
    outcome = "reset"
except TimeoutError:
    outcome = "timeout"
print(json.dumps({"outcome": outcome, "step": step, "ms": round((time.monotonic() - began) * 1000, 3)}))
"""

# Each datagram carries its number; what comes back is told apart from what came back before.
_ROUND_TRIPS = """
import json, socket, sys, time
host, port = socket.gethostbyname(sys.argv[1]), int(sys.argv[2])
count, interval_s, timeout_s = int(sys.argv[3]), float(sys.argv[4]), float(sys.argv[5])
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect((host, port))
sent_at, order, trips_ms = {}, [], {}
def read(until):
    while (left_s := until - time.monotonic()) > 0:
        s.settimeout(left_s)
        try:
            number = int(s.recv(2048).split(b" ", 1)[0])
        except (OSError, ValueError):
            continue
        if number in sent_at:
            order.append(number)
            trips_ms.setdefault(number, (time.monotonic() - sent_at[number]) * 1000)
due = time.monotonic()
for number in range(count):
    sent_at[number] = time.monotonic()
    try:
        s.send(b"%d " % number + b"." * 256)
    except ConnectionRefusedError:
        pass  # what ICMP told of an earlier one: nobody listens, and it counts as lost
    due += interval_s
    read(due)
read(time.monotonic() + timeout_s)
firsts = list(dict.fromkeys(order))
late = sum(any(later < number for later in firsts[place + 1:]) for place, number in enumerate(firsts))
ordered = sorted(trips_ms.values())
print(json.dumps({
    "sent": count,
    "answered": len(firsts),
    "lost_percent": round(100 * (count - len(firsts)) / count, 3),
    "doubled_percent": round(100 * (len(order) - len(firsts)) / count, 3),
    "overtaken_percent": round(100 * late / count, 3),
    "median_ms": round(ordered[len(ordered) // 2], 3) if ordered else None,
    "max_ms": round(ordered[-1], 3) if ordered else None,
}))
"""

_THROUGHPUT = """
import json, socket, sys, threading, time
host, port = socket.gethostbyname(sys.argv[1]), int(sys.argv[2])
count, timeout_s = int(sys.argv[3]), float(sys.argv[4])
began, back = time.monotonic(), 0
ended = began
def send():
    try:
        s.sendall(bytes(count))
    except OSError:
        pass
try:
    s = socket.create_connection((host, port), timeout_s)
    threading.Thread(target=send, daemon=True).start()
    while back < count:
        s.settimeout(max(began + timeout_s - time.monotonic(), 0.001))
        data = s.recv(1 << 16)
        if not data:
            break
        back += len(data)
        ended = time.monotonic()
except OSError:
    pass
took_s = (ended if back == count else time.monotonic()) - began
print(json.dumps({"bytes_back": back, "took_s": round(took_s, 6), "kbit_per_s": round(back * 8 / 1000 / took_s, 1)}))
"""

_TAKEN = """
import json, os, sys, time
from pathlib import Path
program, for_s = sys.argv[1], float(sys.argv[2])
tick, page = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
def look():
    found = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            head, tail = file.read_text().rsplit(")", 1)
        except OSError:
            continue  # it ended meanwhile
        fields = tail.split()
        if head.split("(", 1)[1].startswith(program) and fields[0] != "Z":
            found[file.parent.name] = (int(fields[11]) + int(fields[12])) / tick, int(fields[21]) * page / 1e6
    return found
before, began = look(), time.monotonic()
time.sleep(for_s)
after, took_s = look(), time.monotonic() - began
cpu_s = sum(used - before.get(pid, (0, 0))[0] for pid, (used, _) in after.items())
print(json.dumps({
    "processes": len(after),
    "cpus": round(cpu_s / took_s, 3),
    "memory_mb": round(sum(held for _, held in after.values()), 1),
}))
"""


def connect(
    instance: str,
    to: str,
    port: int,
    timeout_s: float = 0.5,
    under: str = "",
    configuration: Configuration = None,
) -> dict[str, Any]:
    """Open one new TCP connection, send a line on it and wait for the first byte of an answer.

    Returns `outcome` (`open`: it was answered; `refused`, `reset`, `closed`; `timeout`: nothing happened for
    `timeout_s`), `step` (`connect` or `answer`: how far it got) and `ms` (until then).
    """
    at, within_s = port_number("port", port), seconds("timeout_s", timeout_s, ceiling_s=60.0)
    measured = _measured(configuration, instance, _CONNECT, [to, at, within_s], 2 * within_s, under)
    return {"instance": instance, "to": to, "port": at, "timeout_s": within_s, "under": under, **measured}


def round_trips(
    instance: str,
    to: str,
    port: int,
    count: int = 100,
    interval_ms: float = 2,
    timeout_s: float = 0.3,
    under: str = "",
    configuration: Configuration = None,
) -> dict[str, Any]:
    """Send `count` numbered UDP datagrams, one every `interval_ms`, to an echo, and see which come back.

    Answers are taken until `timeout_s` after the last was sent. Returns `sent`, `answered`, `lost_percent`,
    `doubled_percent` (answers beyond the first), `overtaken_percent` (answered after a later one), all of
    `sent`; and the round trip's `median_ms` and `max_ms`, None where nothing came back.
    """
    at, many = port_number("port", port), whole_number("count", count, most=10_000)
    every_ms, within_s = number("interval_ms", interval_ms), seconds("timeout_s", timeout_s, ceiling_s=60.0)
    if not 0 < every_ms <= 1000:
        raise UsageError(f"interval_ms must be above 0 and at most 1000, not {interval_ms!r}.")
    lasts_s = many * every_ms / 1000 + within_s
    if lasts_s > 60:
        raise UsageError(f"{many} datagrams, one every {every_ms:g} ms, take {lasts_s:.0f} s: at most 60.")
    arguments = [to, at, many, every_ms / 1000, within_s]
    measured = _measured(configuration, instance, _ROUND_TRIPS, arguments, lasts_s, under)
    resolved = {"instance": instance, "to": to, "port": at, "interval_ms": every_ms, "timeout_s": within_s}
    return {**resolved, "under": under, **measured}


def throughput(
    instance: str,
    to: str,
    port: int,
    kbytes: int = 200,
    timeout_s: float = 5,
    under: str = "",
    configuration: Configuration = None,
) -> dict[str, Any]:
    """Send `kbytes` kB over one TCP connection to an echo, as fast as it goes, until all of it is back.

    Returns `kbit_per_s`, `bytes_back` and `took_s`. What is not back after `timeout_s` counts as never.
    """
    at, size = port_number("port", port), whole_number("kbytes", kbytes)
    within_s = seconds("timeout_s", timeout_s, ceiling_s=60.0)
    arguments = [to, at, size * 1000, within_s]
    measured = _measured(configuration, instance, _THROUGHPUT, arguments, within_s, under)
    resolved = {"instance": instance, "to": to, "port": at, "kbytes": size, "timeout_s": within_s}
    return {**resolved, "under": under, **measured}


def taken(
    instance: str, program: str, for_s: float = 0.5, under: str = "", configuration: Configuration = None
) -> dict[str, Any]:
    """What the processes whose name begins with `program` take, over `for_s`, where `instance` runs.

    Returns `processes` (how many there are), `cpus` (CPU seconds a second: 2 is two whole CPUs) and
    `memory_mb` (resident).
    """
    over_s = seconds("for_s", for_s, ceiling_s=60.0)
    if not program:
        raise UsageError("program is empty: name what the processes are called, such as stress-ng.")
    measured = _measured(configuration, instance, _TAKEN, [program, over_s], over_s, under)
    return {"instance": instance, "program": program, "for_s": over_s, "under": under, **measured}


def state(instance: str, configuration: Configuration = None) -> dict[str, Any]:
    """What the target knows of `instance` now: `alive`, `ready`, `paused`, `pid`, and the counts `restarts`, `stops`
    (ended on purpose) and `deaths` (ended otherwise).
    """
    target = session_of(configuration).target
    return asdict(target.states()[target.instance(instance).name])


def log_mentions(instance: str, text: str, configuration: Configuration = None) -> dict[str, Any]:
    """How often `text` stands in the log of `instance` so far: `times` (lines), and the `last` such line.

    A service in its place means all of its instances, in the order of their names. `text` is taken as it is, letter by
    letter. Raises `UsageError` where it is empty.
    """
    if not text:
        raise UsageError("text is empty: name what to look for in the log.")
    target = session_of(configuration).target
    members = sorted(member.name for member in target.instances() if member.service == instance) or [instance]
    lines = [line for name in members for line in target.logs(name).splitlines() if text in line]
    return {"instance": instance, "text": text, "times": len(lines), "last": lines[-1] if lines else None}


def _measured(
    configuration: Configuration,
    instance: str,
    program: str,
    arguments: list[Any],
    lasts_s: float,
    under: str,
) -> dict[str, Any]:
    """Run a Python program in the network of `instance` and return the JSON object that it prints."""
    session = session_of(configuration)
    must_be_on(session, under, "before")
    argv = ["sh", "-c", _SHELL, program, *map(str, arguments)]
    done = session.target.run(instance, argv, timeout_s=lasts_s + _PATIENCE_S)
    must_be_on(session, under, "after")
    if done.exit_code != 0:
        message = (done.stderr.strip() or done.stdout.strip() or "it said nothing").splitlines()[-1]
        raise ChaosproofError(
            f"The measurement from {instance} towards {arguments[0]} failed (exit code {done.exit_code}): {message}"
        )
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured
