"""Programs that run on this machine, and who of them talks to whom: by what `ss` lists, and what /proc says of each.

A lab starts copies of them, with their commands in their folders. Of their environment only those variables are copied
that name an address of another of them: nobody wants to find a password in a file of the repository.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from chaosproof.errors import UsageError
from chaosproof.init.discover.command_line import service_name
from chaosproof.init.survey import Edge, Program, Survey
from chaosproof.targets.tcp_sockets import read_ends

__all__ = [
    "CONNECTED",
    "LISTENING",
    "RunningProgram",
    "described",
    "running_programs",
    "survey_of_processes",
]

LISTENING = ("ss", "-Hltnp")
CONNECTED = ("ss", "-Htnp", "state", "established")

_LISTENER = re.compile(r"^(?:LISTEN\s+)?\d+\s+\d+\s+\S+:(\d+)\s+\S+:\*")
_OWNER = re.compile(r'\("([^"]*)",pid=(\d+)')
# nginx, postgres and others write over their command with a title of their own
_TITLE = re.compile(r"^\S+: \S+")


@dataclass(frozen=True)
class RunningProgram:
    """A program with its first process: the ports it listens on, and those of others here that it is connected to."""

    pid: int
    name: str
    ports: tuple[int, ...]
    calls: tuple[int, ...]


def running_programs(listening: str, connected: str) -> tuple[RunningProgram, ...]:
    """What `LISTENING` and `CONNECTED` printed, by program: those that listen, or call one that does."""
    owners, ports = _listeners(listening)
    calls: dict[int, set[int]] = {}
    names = {pid: name for line in listening.splitlines() for name, pid in _owners(line)}
    for line in connected.splitlines():
        ends = read_ends(line)
        if ends is None or ends[1].other[1] not in ports or ends[1].own[1] in ports:
            continue
        if not _is_here(ends[1].own[0], ends[1].other[0]):
            continue
        for name, pid in _owners(line):
            first = owners.get(pid, pid)
            names.setdefault(first, name)
            calls.setdefault(first, set()).add(ends[1].other[1])
    firsts = sorted({*ports.values(), *calls})
    return tuple(
        RunningProgram(
            pid,
            names[pid],
            tuple(sorted(port for port, owner in ports.items() if owner == pid)),
            tuple(sorted(port for port in calls.get(pid, ()) if ports[port] != pid)),
        )
        for pid in firsts
    )


def survey_of_processes(
    chosen: Sequence[tuple[str, int]],
    running: Sequence[RunningProgram],
    *,
    proc: Path = Path("/proc"),
    folder: Path,
    with_command: Sequence[str] = (),
) -> Survey:
    """The programs of `chosen` (name, process id), and the edges between them that `running` shows.

    What `with_command` names has its command from elsewhere. An address of this machine with a port of another of them
    (`localhost:7000`) becomes that one's name: in a lab each has an address of its own. Raises `UsageError` for a
    process that is not there or hides its command.
    """
    by_pid = {program.pid: program for program in running}
    name_of_port = {
        port: service_name(name) for name, pid in chosen if pid in by_pid for port in by_pid[pid].ports
    }
    programs = [
        _program(service_name(name), pid, by_pid.get(pid), proc, folder, name_of_port, name in with_command)
        for name, pid in chosen
    ]
    edges = [
        Edge(service_name(name), name_of_port[port], port)
        for name, pid in chosen
        for port in (by_pid[pid].calls if pid in by_pid else ())
        if port in name_of_port and name_of_port[port] != service_name(name)
    ]
    return Survey(tuple(programs), tuple(dict.fromkeys(edges)))


def described(running: Sequence[RunningProgram]) -> Iterator[str]:
    """A line for each, to choose from."""
    for program in running:
        listens = f"listens on {', '.join(map(str, program.ports))}" if program.ports else "listens nowhere"
        calls = f", calls {', '.join(map(str, program.calls))}" if program.calls else ""
        yield f"{program.name} (process {program.pid}) {listens}{calls}"


def _listeners(listening: str) -> tuple[dict[int, int], dict[int, int]]:
    """The first process of each process that listens, and of each port. Workers share the socket of their first."""
    owners: dict[int, int] = {}
    ports: dict[int, int] = {}
    for line in listening.splitlines():
        match = _LISTENER.match(line)
        pids = [pid for _, pid in _owners(line)]
        if match and pids:
            ports[int(match[1])] = min(pids)
            owners.update(dict.fromkeys(pids, min(pids)))
    return owners, ports


def _owners(line: str) -> list[tuple[str, int]]:
    return [(name, int(pid)) for name, pid in _OWNER.findall(line)]


def _is_here(own: str, other: str) -> bool:
    """Whether both ends are of this machine: it calls itself by one address."""
    return own == other or other.startswith("127.") or other == "::1"


def _program(
    name: str,
    pid: int,
    running: RunningProgram | None,
    proc: Path,
    folder: Path,
    name_of_port: Mapping[int, str],
    has_command: bool,
) -> Program:
    try:
        argv = (proc / str(pid) / "cmdline").read_bytes().decode(errors="replace").rstrip("\0").split("\0")
        where = (proc / str(pid) / "cwd").resolve(strict=True)
    except OSError as error:
        raise UsageError(
            f"--process {name}={pid}: {error.strerror or error}. Name a process of yours that runs (ss -ltnp)."
        ) from error
    if not has_command and (argv == [""] or (len(argv) == 1 and _TITLE.match(argv[0]))):
        raise UsageError(
            f"--process {name}={pid} does not show its command, only {argv[0]!r}: say it besides, "
            f"--service '{name}=COMMAND'."
        )
    inside = where.is_relative_to(folder.resolve())
    return Program(
        name,
        tuple(_readdressed(word, name, name_of_port) for word in argv),
        f"process {pid}",
        environment=_addresses_in(proc / str(pid) / "environ", name, name_of_port),
        working_dir=str(where.relative_to(folder.resolve())) if inside else str(where),
        ports=running.ports if running else (),
    )


def _addresses_in(file: Path, own: str, name_of_port: Mapping[int, str]) -> dict[str, str]:
    """The variables that name an address of another program here, with its name in that place."""
    try:
        entries = file.read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return {}
    settings = (entry.partition("=")[::2] for entry in entries if "=" in entry)
    renamed = {name: (value, _readdressed(value, own, name_of_port)) for name, value in settings}
    return {name: after for name, (before, after) in renamed.items() if before != after}


def _readdressed(word: str, own: str, name_of_port: Mapping[int, str]) -> str:
    def named(match: re.Match[str]) -> str:
        service = name_of_port.get(int(match[1]), own)
        return match[0] if service == own else f"{service}:{match[1]}"

    return re.sub(r"(?<![\w.])(?:localhost|127\.0\.0\.1|\[::1\]):(\d{1,5})\b", named, word)
