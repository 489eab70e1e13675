"""MANIFEST.sha256: the fingerprint of every other file of a run folder, as `sha256sum -c` reads it.

It is written with the first verdict. When raw files, or the figures and checks that were derived from them, no longer
match it, the folder was changed after it was judged.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from chaosproof.errors import ChaosproofError
from chaosproof.runfolder.paths import is_draft
from chaosproof.runfolder.run_folder import RAW_FILES, RAW_FOLDERS

__all__ = ["MANIFEST", "changed_since", "manifest_of", "raw_hashes"]

MANIFEST = "MANIFEST.sha256"
# what judging writes, and nothing else ever does
_DERIVED = ("checks.tsv", "summary.json", "timeline.json", "junit.xml")


def manifest_of(folder: Path) -> str:
    """The manifest's text for the folder as it is now. Raises ChaosproofError for an unreadable file."""
    return "".join(f"{_sha256(folder / name)}  {name}\n" for name in _names(folder))


def changed_since(folder: Path) -> str:
    """What is not as the manifest says, of the raw files and of what was derived from them; empty when all is, or there
    is no manifest. The report may be made anew, so it may differ.
    """
    try:
        listed_hashes = _parsed((folder / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        return f"{MANIFEST} cannot be read: {error}"
    there = {name for name in _names(folder) if _is_raw(name) or name in _DERIVED}
    listed = {name for name in listed_hashes if _is_raw(name) or name in _DERIVED}
    if gone := sorted(listed - there):
        return f"{', '.join(gone)} was there when the run was judged, and is gone"
    if new := sorted(there - listed):
        return f"{', '.join(new)} was not there when the run was judged"
    if changed := sorted(name for name in listed if _sha256(folder / name) != listed_hashes[name]):
        return f"{', '.join(changed)} was changed after the run was judged"
    return ""


def raw_hashes(folder: Path, *, without: str = "") -> dict[str, str]:
    """The fingerprint of every raw file of the folder but one, by its name. Raises ChaosproofError for an unreadable
    file.
    """
    return {name: _sha256(folder / name) for name in _names(folder) if _is_raw(name) and name != without}


def _names(folder: Path) -> list[str]:
    files = (p for p in folder.rglob("*") if p.is_file() and not is_draft(p))
    return sorted(name for p in files if (name := p.relative_to(folder).as_posix()) != MANIFEST)


def _is_raw(name: str) -> bool:
    return name in RAW_FILES or name.partition("/")[0] in RAW_FOLDERS


def _parsed(manifest: str) -> Mapping[str, str]:
    listed_hashes: dict[str, str] = {}
    for line in manifest.splitlines():
        digest, mark, name = line.partition("  ")
        if len(digest) != 64 or not mark or not name:
            raise ValueError(f"{line[:80]!r} is not a line of sha256sum")
        listed_hashes[name] = digest
    return listed_hashes


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ChaosproofError(f"cannot read {path}: {error.strerror}") from error
