"""The files of a job, received as they grow, and checked when they are whole.

A folder that arrives in pieces is the same folder at the end: every piece has its place, what was replaced begins
anew, and the sender's checksums are compared with what was written here.
"""

import hashlib
import json
from pathlib import Path, PurePosixPath
from typing import Any

from chaosproof.errors import TargetError
from chaosproof.targets.kubernetes.jobs.pod_scripts import END

__all__ = ["Folder"]


class Folder:
    """Writes what `SEND` of `in_pod` sends below `path`. `feed` it bytes; `ending` is the sender's last word."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._buffer = bytearray()
        self._known: dict[str, tuple[int, int]] = {}
        self.ending: dict[str, Any] | None = None

    def known(self) -> dict[str, tuple[int, int]]:
        """What is here already, for a sender that begins again: name -> (inode, bytes)."""
        return dict(self._known)

    def begin_again(self) -> None:
        """A new sender: what was half received is forgotten."""
        self._buffer.clear()

    def feed(self, data: bytes) -> None:
        """The next bytes. Raises `TargetError` for what no sender of ours would send, or the disk does not take."""
        self._buffer += data
        while self.ending is None and self._take_one():
            pass

    def check(self) -> None:
        """Compare every file with the sender's account of it. Raises `TargetError` for the first that differs."""
        assert self.ending is not None
        for name, (size, digest) in self.ending["files"].items():
            content = (self._path / _inside(name)).read_bytes()
            if len(content) != size or hashlib.sha256(content).hexdigest() != digest:
                raise TargetError(f"{name} did not arrive whole: {len(content)} of {size} bytes.")

    def _take_one(self) -> bool:
        line_end = self._buffer.find(b"\n")
        if line_end < 0:
            return False
        try:
            head: dict[str, Any] = json.loads(self._buffer[:line_end])
        except ValueError as error:
            raise TargetError(
                f"The job sent {bytes(self._buffer[:80])!r}, which is no piece of a file."
            ) from error
        if END in head:
            self.ending = head
            return False
        start, size = line_end + 1, int(head["bytes"])
        if len(self._buffer) < start + size:
            return False
        self._write(head, bytes(self._buffer[start : start + size]))
        del self._buffer[: start + size]
        return True

    def _write(self, head: dict[str, Any], data: bytes) -> None:
        path = self._path / _inside(head["file"])
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with path.open("r+b" if path.exists() else "w+b") as file:
                file.seek(head["at"])
                file.write(data)
                file.truncate()
        except OSError as error:
            raise TargetError(f"Cannot write {path}: {error.strerror}.") from error
        self._known[head["file"]] = (int(head["inode"]), int(head["at"]) + len(data))


def _inside(name: str) -> PurePosixPath:
    """The name of a file below a folder, and nowhere else."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise TargetError(f"The job sent a file named {name!r}, which lies outside of its folder.")
    return path
