"""Control groups for a machine of a test's own, so that what an engine makes there can be found and removed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["own_groups"]

_PREFIX = "chaosproof-"
# empty in a new group of the first version, which then takes no process
_INHERITED = ("cpuset.cpus", "cpuset.mems")


@contextmanager
def own_groups() -> Iterator[list[Path]]:
    """The files that a process writes itself to, to enter a group of this process in each hierarchy.

    The groups are removed afterwards with all groups in them; nothing may run there any more. So are those that a
    killed process has left.
    """
    points = _hierarchies()
    for point in points:
        for group in point.glob(f"{_PREFIX}*"):
            if not Path(f"/proc/{group.name.removeprefix(_PREFIX)}").exists():
                _remove(group)
    groups = [point / f"{_PREFIX}{os.getpid()}" for point in points]
    try:
        for group in groups:
            group.mkdir()
            for file in _INHERITED:
                if (group / file).exists() and (group.parent / "cgroup.clone_children").exists():
                    (group / file).write_text((group.parent / file).read_text())
        yield [group / "cgroup.procs" for group in groups]
    finally:
        for group in groups:
            _remove(group)


def _remove(group: Path) -> None:
    for folder, _, _ in os.walk(group, topdown=False):
        with suppress(OSError):
            Path(folder).rmdir()


def _hierarchies() -> list[Path]:
    """Where control groups are mounted: the fifth field of proc_pid_mountinfo(5), where the type behind ` - ` is so."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return [Path(line.split()[4]) for line in lines if line.partition(" - ")[2].startswith("cgroup")]
