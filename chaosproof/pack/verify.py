"""Whether a pack says what its raw files say: every hash, every row, every document, made again and held against it.

Try it: chaosproof verify-pack PACK_DIR
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from chaosproof import __version__
from chaosproof.errors import ChaosproofError, UsageError
from chaosproof.pack.documents.attestation import attestation_text
from chaosproof.pack.documents.checks_table import parse_checks
from chaosproof.pack.files import Listing, hash_file, list_files, parse_manifest
from chaosproof.pack.gate.rules import parse_rules
from chaosproof.pack.judged import COMPARISONS, RUNS, Say
from chaosproof.pack.pack import (
    ATTESTATION,
    CONFIGURATION,
    PAGE,
    Pack,
    derive,
    documents,
    parse_meta,
    read_manifests,
)
from chaosproof.runfolder.checks import Check
from chaosproof.runfolder.manifest import MANIFEST

__all__ = ["Difference", "Verification", "verify_pack"]

_META = ("meta/pack.json", "meta/gate.yaml", "meta/environment.json", "meta/packages.txt")
_NEEDED = (MANIFEST, "checks.tsv", "meta/pack.json", "meta/gate.yaml")


@dataclass(frozen=True)
class Difference:
    """What is not as the pack says: where, and in words. `only_words`: the same answer in other words, as another
    version may give.
    """

    place: str
    words: str
    only_words: bool = False

    def __str__(self) -> str:
        return f"{self.place}: {self.words}"


@dataclass(frozen=True)
class Verification:
    """`pack` is what the raw files say; None when nothing could be made of them. `notes` are the sentences that
    another version of chaosproof, which made the pack, wrote otherwise: no status, no figure, no name differs there.
    """

    differences: tuple[Difference, ...]
    files: int
    pack: Pack | None
    notes: tuple[str, ...] = ()

    @property
    def problems(self) -> tuple[str, ...]:
        """What speaks against believing the pack, in sentences; other words for the same answer do not."""
        return tuple(str(one) for one in self.differences if not one.only_words)


def verify_pack(pack_dir: Path, *, say: Say = lambda words: None) -> Verification:
    """Read the pack at `pack_dir`, judge its runs again, and hold everything in it against that; writes nothing.

    `say` is told what is being done. Raises UsageError for a folder that is no pack, and ChaosproofError for a pack of
    a version that this program does not read.
    """
    if not pack_dir.is_dir():
        raise UsageError(f"there is no folder {pack_dir}: name the folder of an evidence pack")
    listing = list_files(pack_dir)
    absent = [name for name in _NEEDED if not _is_there(pack_dir / name)]
    if len(absent) == len(_NEEDED):
        raise UsageError(f"{pack_dir} is not an evidence pack: it has none of {', '.join(_NEEDED)}")
    if listing.problems or absent:
        # nothing of a pack is read that holds what no pack may hold
        found = [Difference("the pack", problem) for problem in listing.problems]
        found += [Difference(name, "it is missing") for name in absent]
        return Verification(tuple(found), len(listing.sizes), None)
    say(f"hashing {len(listing.sizes)} files")
    hashes = {name: hash_file(pack_dir / name) for name in listing.sizes if name != MANIFEST}
    found = [*_hash_differences(pack_dir, hashes), *_strays(listing)]
    try:
        pack = _derived(pack_dir, hashes, say)
    except UsageError as error:
        # the caller named a pack; it is what lies in it that is wrong
        return Verification((*found, Difference("the pack", str(error))), len(listing.sizes), None)
    found += _row_differences(_text(pack_dir, "checks.tsv"), pack.checks)
    derived = documents(pack)
    subjects = {name: digest for name, digest in hashes.items() if name != ATTESTATION}
    derived[ATTESTATION] = attestation_text(pack.checks, pack.gate, subjects, CONFIGURATION)
    other_version = pack.meta.chaosproof != __version__
    found += _document_differences(pack_dir, hashes, derived, other_version)
    notes: list[str] = []
    if other_version:
        # a pack that only claims another version gains nothing but other sentences by it
        notes = [
            f"{one}; it was made by chaosproof {pack.meta.chaosproof}" for one in found if one.only_words
        ]
        found = [one for one in found if not one.only_words]
    found += [
        Difference(name, "nothing in the pack leads to it")
        for name in hashes
        if name.startswith(f"{COMPARISONS}/") and name not in derived
    ]
    return Verification(tuple(found), len(listing.sizes), pack, tuple(notes))


def _derived(pack_dir: Path, hashes: Mapping[str, str], say: Say) -> Pack:
    meta = parse_meta(_text(pack_dir, "meta/pack.json"))
    rules = parse_rules(_text(pack_dir, "meta/gate.yaml"), "meta/gate.yaml")
    raw = {name: digest for name, digest in hashes.items() if name.startswith(f"{RUNS}/")}
    return derive(pack_dir, meta, rules, raw, read_manifests(pack_dir, raw), say)


def _hash_differences(pack_dir: Path, hashes: Mapping[str, str]) -> list[Difference]:
    try:
        said = parse_manifest(_text(pack_dir, MANIFEST))
    except ValueError as error:
        return [Difference(MANIFEST, str(error))]
    found = []
    for name in sorted({*said, *hashes}):
        if name not in hashes:
            found.append(Difference(name, f"{MANIFEST} names it, and it is gone"))
        elif name not in said:
            found.append(Difference(name, f"{MANIFEST} does not name it"))
        elif said[name] != hashes[name]:
            found.append(Difference(name, f"it is not the file that {MANIFEST} names: its hash is another"))
    return found


def _strays(listing: Listing) -> list[Difference]:
    """Files in a place where a pack has none."""
    known = {
        MANIFEST,
        ATTESTATION,
        PAGE,
        "checks.tsv",
        "junit.xml",
        "results.sarif",
        "readiness.json",
        "summary.json",
    }
    return [
        Difference(name, "a pack has no file of this name")
        for name in listing.sizes
        if name not in known
        and name not in _META
        and not (name.startswith(f"{RUNS}/") and name.count("/") >= 4)
        and not name.startswith(f"{COMPARISONS}/")
    ]


def _row_differences(text: str, checks: Iterable[Check]) -> list[Difference]:
    try:
        said = {check.id: check for check in parse_checks(text)}
    except ChaosproofError as error:
        if "schema_version" in str(error):
            raise
        return [Difference("checks.tsv", str(error).removeprefix("checks.tsv: "))]
    now = {check.id: check for check in checks}
    found = []
    for id in [*now, *(id for id in said if id not in now)]:
        place = f"checks.tsv, {id}"
        if id not in said:
            found.append(
                Difference(place, f"the row is missing; the files say {now[id].status}: {now[id].details}")
            )
        elif id not in now:
            found.append(
                Difference(place, f"the row says {said[id].status}, and nothing in the pack leads to it")
            )
        elif said[id].status != now[id].status:
            found.append(
                Difference(
                    place, f"it says {said[id].status}, and the files say {now[id].status}: {now[id].details}"
                )
            )
        elif said[id].details != now[id].details:
            found.append(
                Difference(place, f"it says {said[id].details!r}, and the files {now[id].details!r}", True)
            )
        elif said[id].evidence != now[id].evidence:
            found.append(
                Difference(
                    place, f"it points to {said[id].evidence}, and the answer is in {now[id].evidence}"
                )
            )
    if not found and list(said) != list(now):
        found.append(Difference("checks.tsv", "its rows are in another order"))
    return found


def _document_differences(
    pack_dir: Path, hashes: Mapping[str, str], derived: Mapping[str, str], other_version: bool
) -> list[Difference]:
    found = []
    for name, content in derived.items():
        if name not in hashes:
            found.append(Difference(name, "it is missing"))
        elif name == "checks.tsv" or name.endswith(f"/{PAGE}"):
            # the rows are held one by one; a page may be drawn otherwise by another version
            continue
        elif (there := _text(pack_dir, name)) != content:
            only_words = other_version and _without_sentences(name, there) == _without_sentences(
                name, content
            )
            found.append(replace(_first_difference(name, there, content), only_words=only_words))
    return found


def _without_sentences(name: str, content: str) -> Any:
    """What a document states beside its sentences: of JSON all but the strings with a space, of JUnit the elements,
    names and counts, of a table the id, status and evidence of each row.
    """
    if name.endswith((".json", ".sarif")):
        try:
            # as pairs: a key that is there twice, or in another place, is a difference
            return _stated(json.loads(content, object_pairs_hook=list))
        except (ValueError, RecursionError):
            return content
    if name.endswith(".xml"):
        pattern = r"<[!?/]?[\w-]*|\b(?:name|classname|tests|failures|errors|skipped)=\"[^\"]*\""
        return re.findall(pattern, re.sub(r"message=\"[^\"]*\"", "", content))
    return [(*row[:2], *row[3:]) for row in (line.split("\t") for line in content.split("\n"))]


def _stated(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_stated(item) for item in value]
    return "a sentence" if isinstance(value, str) and " " in value else value


def _first_difference(name: str, there: str, content: str) -> Difference:
    """In words: the first key of a JSON document that differs, else the first line."""
    if not name.endswith((".json", ".sarif")):
        line = next(
            (
                n
                for n, (a, b) in enumerate(zip(there.split("\n"), content.split("\n"), strict=False), 1)
                if a != b
            ),
            1,
        )
        return Difference(name, f"it is not what the files lead to, from line {line} on")
    try:
        said: Any = json.loads(there)
    except (ValueError, RecursionError):
        return Difference(name, "it is not whole JSON")
    path, was, now = _differing(said, json.loads(content), "")
    return Difference(name, f"{path or 'its text'} is {_short(was)}, and the files lead to {_short(now)}")


def _differing(said: Any, now: Any, path: str) -> tuple[str, Any, Any]:
    """The path to the first place where two documents differ, and what either has there."""
    if isinstance(said, dict) and isinstance(now, dict):
        for key in [*now, *(key for key in said if key not in now)]:
            if key not in said or key not in now or said[key] != now[key]:
                return _differing(said.get(key), now.get(key), f"{path}.{key}".lstrip("."))
    if isinstance(said, list) and isinstance(now, list):
        for place, (a, b) in enumerate(zip(said, now, strict=False)):
            if a != b:
                return _differing(a, b, f"{path}[{place}]")
        return f"the length of {path}", len(said), len(now)
    return path, said, now


def _short(value: Any) -> str:
    words = json.dumps(value)
    return words if len(words) <= 120 else words[:120] + "..."


def _is_there(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _text(pack_dir: Path, name: str) -> str:
    try:
        return (pack_dir / name).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise ChaosproofError(f"cannot read {name} of the pack: {error.strerror}") from error
