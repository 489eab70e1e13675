"""The files of a pack, touched with care: who made it is not known, and nothing outside of it may be read or written.

A pack holds ordinary files and folders only. Links, devices, second names of a file, names that a manifest cannot
carry, and files too large to be judged are refused before anything is read.
"""

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from chaosproof.errors import ChaosproofError, readable_os_errors

__all__ = [
    "Listing",
    "copy_hashed",
    "hash_file",
    "hash_text",
    "list_files",
    "read_as_text",
    "read_text",
]

_CHUNK_BYTES = 1 << 20
_FILES_MAX = 20_000
_DEPTH_MAX = 12
FILE_BYTES_MAX = 4 << 30
WHOLE_BYTES_MAX = 128 << 20
"""How large a file may be that is read as a whole: all but rows, logs and ledgers."""
_READ_WHOLE = (".json", ".jsonl", ".tsv", ".sha256", ".yaml", ".xml", ".sarif", ".html")


@dataclass(frozen=True)
class Listing:
    """The files below a folder, by name (`runs/checkout/...`) with their bytes, and what should not be there."""

    sizes: Mapping[str, int]
    problems: tuple[str, ...]


def list_files(folder: Path, *, second_names: bool = True) -> Listing:
    """What is below `folder`. Nothing is opened, no link is followed.

    With `second_names` a file that has another name (a hard link) is a problem: it can be changed from outside.
    """
    sizes: dict[str, int] = {}
    problems: list[str] = []
    for name, status in _entries(folder, "", 0, problems):
        if len(sizes) >= _FILES_MAX:
            problems.append(f"there are more than {_FILES_MAX} files")
            break
        if not name.isprintable() or "\\" in name:
            problems.append(f"{name!r} is a name that a manifest cannot carry")
        elif stat.S_ISLNK(status.st_mode):
            problems.append(f"{name} is a link, and a pack holds files only")
        elif not stat.S_ISREG(status.st_mode):
            problems.append(f"{name} is neither a file nor a folder")
        elif second_names and status.st_nlink > 1:
            problems.append(
                f"{name} has {status.st_nlink} names (hard links), so it can be changed from outside"
            )
        elif status.st_size > (limit := WHOLE_BYTES_MAX if name.endswith(_READ_WHOLE) else FILE_BYTES_MAX):
            problems.append(
                f"{name} has {status.st_size / 1e9:.1f} GB, more than the {limit / 1e9:.1f} GB that it may have"
            )
        else:
            sizes[name] = status.st_size
    return Listing(dict(sorted(sizes.items())), tuple(problems))


def hash_file(path: Path) -> str:
    """The SHA-256 of a file, read in pieces. Raises ChaosproofError when it cannot be read, or is a link."""
    with readable_os_errors(f"cannot read {path}"), open(path, "rb", opener=_no_links) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_text(content: str) -> str:
    """The SHA-256 of the file that holds `content`."""
    return hashlib.sha256(content.encode("utf-8", "replace")).hexdigest()


def read_text(path: Path, *, bytes_max: int = WHOLE_BYTES_MAX) -> str:
    """A file of text as a whole. Raises ChaosproofError when it is none: not there, no ordinary file, larger than
    `bytes_max`, or not UTF-8.
    """
    with readable_os_errors(f"cannot read {path}"), open(path, "rb", opener=_at_once) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ChaosproofError(f"cannot read {path}: it is no ordinary file")
        content = file.read(bytes_max + 1)
    if len(content) > bytes_max:
        raise ChaosproofError(f"{path} is too large to be what it is called: more than {bytes_max >> 20} MiB")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise ChaosproofError(f"{path} is not UTF-8 text") from error


def read_as_text(pack_dir: Path, name: str) -> str:
    """A listed file of a pack, whatever bytes it holds. Raises ChaosproofError when it cannot be read."""
    with readable_os_errors(f"cannot read {name} of the pack"):
        return (pack_dir / name).read_text(encoding="utf-8", errors="replace")


def copy_hashed(source: Path, target: Path) -> str:
    """Copy a file in pieces and return the SHA-256 of what was copied. Raises ChaosproofError when it cannot."""
    digest = hashlib.sha256()
    with readable_os_errors(f"cannot copy {source} to {target}"):
        target.parent.mkdir(parents=True, exist_ok=True)
        with open(source, "rb", opener=_no_links) as reader, target.open("xb") as writer:
            while piece := reader.read(_CHUNK_BYTES):
                digest.update(piece)
                writer.write(piece)
            when = os.fstat(reader.fileno())
        os.utime(target, ns=(when.st_atime_ns, when.st_mtime_ns))
    return digest.hexdigest()


def _entries(
    folder: Path, prefix: str, depth: int, problems: list[str]
) -> Iterator[tuple[str, os.stat_result]]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        problems.append(f"{prefix or folder} cannot be listed: {error.strerror}")
        return
    for entry in entries:
        name = f"{prefix}{entry.name}"
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError as error:
            problems.append(f"{name} cannot be examined: {error.strerror}")
            continue
        if not stat.S_ISDIR(status.st_mode):
            yield name, status
        elif depth >= _DEPTH_MAX:
            problems.append(f"{name} lies too deep")
        else:
            yield from _entries(folder / entry.name, f"{name}/", depth + 1, problems)


def _at_once(path: str, flags: int) -> int:
    # a FIFO that took the place of a file must not keep us waiting
    return os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)


def _no_links(path: str, flags: int) -> int:
    return _at_once(path, flags | os.O_NOFOLLOW)
