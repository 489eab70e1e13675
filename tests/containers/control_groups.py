"""Control groups for a machine of a test's own, so that what an engine makes there can be found and removed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["own_groups"]

# empty in a new group of the first version, which then takes no process
_INHERITED = ("cpuset.cpus", "cpuset.mems")


@contextmanager
def own_groups(name: str) -> Iterator[list[Path]]:
    """The files that a process writes itself to, to enter a group of that name in each hierarchy.

    The groups are removed afterwards with all groups in them; nothing may run there any more.
    """
    groups = []
    for point in _hierarchies():
        group = point / name
        with suppress(OSError):
            group.mkdir()
            groups.append(group)
            for file in _INHERITED:
                if (point / file).exists() and (point / "cgroup.clone_children").exists():
                    (group / file).write_text((point / file).read_text())
    try:
        yield [group / "cgroup.procs" for group in groups]
    finally:
        for group in groups:
            for folder, _, _ in os.walk(group, topdown=False):
                with suppress(OSError):
                    Path(folder).rmdir()


def _hierarchies() -> list[Path]:
    """Where control groups are mounted: the fifth field of proc_pid_mountinfo(5), where the type behind ` - ` is so."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return [Path(line.split()[4]) for line in lines if line.partition(" - ")[2].startswith("cgroup")]
