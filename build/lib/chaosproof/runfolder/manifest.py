"""MANIFEST.sha256: the fingerprint of every other file of a run folder, as `sha256sum -c` reads it.

It is written with the first verdict. When raw files, or the figures and checks that were derived from them, no longer
match it, the folder was changed after it was judged.
"""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from chaosproof.errors import readable_os_errors
from chaosproof.runfolder.paths import is_draft
from chaosproof.runfolder.run_folder import RAW_FILES, RAW_FOLDERS

__all__ = [
    "MANIFEST",
    "changed_since",
    "hash_differences",
    "is_inside",
    "manifest_of",
    "manifest_text",
    "parse_manifest",
    "raw_hashes",
]

MANIFEST = "MANIFEST.sha256"
# what judging writes, and nothing else ever does
_DERIVED = ("checks.tsv", "summary.json", "timeline.json", "junit.xml")
_DIFFERENCES = {
    "gone": "was there when the run was judged, and is gone",
    "new": "was not there when the run was judged",
    "changed": "was changed after the run was judged",
}


def manifest_of(folder: Path) -> str:
    """The manifest's text for the folder as it is now. Raises ChaosproofError for an unreadable file."""
    return manifest_text({name: _sha256(folder / name) for name in _names(folder)})


def changed_since(folder: Path) -> str:
    """What is not as the manifest says, of the raw files and of what was derived from them; empty when all is, or there
    is no manifest. The report may be made anew, so it may differ.
    """
    try:
        manifest = parse_manifest((folder / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        return f"{MANIFEST} cannot be read: {error}"
    there = {name: _sha256(folder / name) for name in _names(folder) if _is_judged(name)}
    listed = {name: digest for name, digest in manifest.items() if _is_judged(name)}
    differences = list(hash_differences(listed, there))
    for what, sentence in _DIFFERENCES.items():
        if names := [name for name, difference in differences if difference == what]:
            return f"{', '.join(names)} {sentence}"
    return ""


def raw_hashes(folder: Path, *, without: str = "") -> dict[str, str]:
    """The fingerprint of every raw file of the folder but one, by its name. Raises ChaosproofError for an unreadable
    file.
    """
    return {name: _sha256(folder / name) for name in _names(folder) if _is_raw(name) and name != without}


def is_inside(name: str) -> bool:
    """Whether `name` is a plain relative path that stays in its folder, written in the one way to write it."""
    path = PurePosixPath(name)
    return bool(name) and not path.is_absolute() and ".." not in path.parts and path.as_posix() == name


def manifest_text(hashes: Mapping[str, str]) -> str:
    """The lines that `sha256sum -c` reads."""
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(hashes.items()))


def parse_manifest(text: str) -> dict[str, str]:
    """The fingerprints by name. Raises ValueError for a line that is none, a name twice, a name that leaves."""
    hashes: dict[str, str] = {}
    for line in text.splitlines():
        digest, mark, name = line.partition("  ")
        if len(digest) != 64 or set(digest) - set("0123456789abcdef") or not mark or not name:
            raise ValueError(f"{line[:80]!r} is not a line of sha256sum")
        if not is_inside(name):
            raise ValueError(f"the name {name[:80]!r} leaves the folder")
        if name in hashes:
            raise ValueError(f"{name} is there twice")
        hashes[name] = digest
    return hashes


def hash_differences(stated: Mapping[str, str], now: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The names, in order, that are not as a manifest states, and how: `gone`, `new` or `changed`."""
    for name in sorted({*stated, *now}):
        if stated.get(name) != now.get(name):
            yield name, "gone" if name not in now else "new" if name not in stated else "changed"


def _names(folder: Path) -> list[str]:
    files = (p for p in folder.rglob("*") if p.is_file() and not is_draft(p))
    return sorted(name for p in files if (name := p.relative_to(folder).as_posix()) != MANIFEST)


def _is_raw(name: str) -> bool:
    return name in RAW_FILES or name.partition("/")[0] in RAW_FOLDERS


def _is_judged(name: str) -> bool:
    return _is_raw(name) or name in _DERIVED


def _sha256(path: Path) -> str:
    with readable_os_errors(f"cannot read {path}"), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
