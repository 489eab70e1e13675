"""Whether a pack says what its raw files say: every hash, every row, every document, made again and held against it.

Try it: chaosproof verify-pack PACK_DIR
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from chaosproof import __version__
from chaosproof.errors import ChaosproofError, UsageError, readable_os_errors
from chaosproof.pack.documents.attestation import attestation_text
from chaosproof.pack.files import Listing, hash_file, list_files
from chaosproof.pack.gate.rules import parse_rules
from chaosproof.pack.judged import COMPARISONS, RUNS, Progress
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
from chaosproof.runfolder.checks import Check, parse_checks
from chaosproof.runfolder.manifest import MANIFEST, hash_differences, parse_manifest

__all__ = ["Difference", "Verification", "verify_pack"]

_OWN_FILES = (
    *("meta/pack.json", "meta/gate.yaml", "meta/environment.json", "meta/packages.txt"),
    *(MANIFEST, ATTESTATION, PAGE),
    *("checks.tsv", "junit.xml", "results.sarif", "readiness.json", "summary.json"),
)
_HASH_SENTENCES = {
    "gone": f"{MANIFEST} names it, and it is gone",
    "new": f"{MANIFEST} does not name it",
    "changed": f"it is not the file that {MANIFEST} names: its hash is another",
}
_NEEDED = (MANIFEST, "checks.tsv", "meta/pack.json", "meta/gate.yaml")


@dataclass(frozen=True)
class Difference:
    """What is not as the pack says: where, and in words. `only_words`: the same answer in other words, as another
    version may give.
    """

    place: str
    message: str
    only_words: bool = False

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


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
        return tuple(str(difference) for difference in self.differences if not difference.only_words)


def verify_pack(pack_dir: Path, *, report_progress: Progress = lambda message: None) -> Verification:
    """Read the pack at `pack_dir`, judge its runs again, and hold everything in it against that; writes nothing.

    `report_progress` gets a sentence about each step. Raises UsageError for a folder that is no pack, and
    ChaosproofError for a pack of a version that this program does not read.
    """
    if not pack_dir.is_dir():
        raise UsageError(f"there is no folder {pack_dir}: name the folder of an evidence pack")
    listing = list_files(pack_dir)
    absent = [name for name in _NEEDED if not _is_there(pack_dir / name)]
    if len(absent) == len(_NEEDED):
        raise UsageError(f"{pack_dir} is not an evidence pack: it has none of {', '.join(_NEEDED)}")
    if listing.problems or absent:
        # nothing of a pack is read that holds what no pack may hold
        differences = [Difference("the pack", problem) for problem in listing.problems]
        differences += [Difference(name, "it is missing") for name in absent]
        return Verification(tuple(differences), len(listing.sizes), None)
    report_progress(f"hashing {len(listing.sizes)} files")
    hashes = {name: hash_file(pack_dir / name) for name in listing.sizes if name != MANIFEST}
    differences = [*_hash_differences(pack_dir, hashes), *_strays(listing)]
    try:
        pack = _derived(pack_dir, hashes, report_progress)
    except UsageError as error:
        # the caller named a pack; it is what lies in it that is wrong
        return Verification((*differences, Difference("the pack", str(error))), len(listing.sizes), None)
    differences += _row_differences(_text(pack_dir, "checks.tsv"), pack.checks)
    derived = documents(pack)
    subjects = {name: digest for name, digest in hashes.items() if name != ATTESTATION}
    derived[ATTESTATION] = attestation_text(pack.checks, pack.gate, subjects, CONFIGURATION)
    other_version = pack.meta.chaosproof != __version__
    differences += _document_differences(pack_dir, hashes, derived, other_version)
    notes: list[str] = []
    if other_version:
        # a pack that only claims another version gains nothing but other sentences by it
        notes = [
            f"{difference}; it was made by chaosproof {pack.meta.chaosproof}"
            for difference in differences
            if difference.only_words
        ]
        differences = [difference for difference in differences if not difference.only_words]
    differences += [
        Difference(name, "nothing in the pack leads to it")
        for name in hashes
        if name.startswith(f"{COMPARISONS}/") and name not in derived
    ]
    return Verification(tuple(differences), len(listing.sizes), pack, tuple(notes))


def _derived(pack_dir: Path, hashes: Mapping[str, str], report_progress: Progress) -> Pack:
    meta = parse_meta(_text(pack_dir, "meta/pack.json"))
    rules = parse_rules(_text(pack_dir, "meta/gate.yaml"), "meta/gate.yaml")
    raw = {name: digest for name, digest in hashes.items() if name.startswith(f"{RUNS}/")}
    return derive(pack_dir, meta, rules, raw, read_manifests(pack_dir, raw), report_progress)


def _hash_differences(pack_dir: Path, hashes: Mapping[str, str]) -> list[Difference]:
    try:
        stated = parse_manifest(_text(pack_dir, MANIFEST))
    except ValueError as error:
        return [Difference(MANIFEST, str(error))]
    return [Difference(name, _HASH_SENTENCES[what]) for name, what in hash_differences(stated, hashes)]


def _strays(listing: Listing) -> list[Difference]:
    """Files in a place where a pack has none."""
    return [
        Difference(name, "a pack has no file of this name")
        for name in listing.sizes
        if name not in _OWN_FILES
        and not (name.startswith(f"{RUNS}/") and name.count("/") >= 4)
        and not name.startswith(f"{COMPARISONS}/")
    ]


def _row_differences(text: str, checks: Iterable[Check]) -> list[Difference]:
    try:
        stated = {check.id: check for check in parse_checks(text)}
    except ChaosproofError as error:
        if "schema_version" in str(error):
            raise
        return [Difference("checks.tsv", str(error).removeprefix("checks.tsv: "))]
    now = {check.id: check for check in checks}
    differences = [
        Difference(f"checks.tsv, {id}", message, only_words)
        for id in [*now, *(id for id in stated if id not in now)]
        for message, only_words in _row_difference(stated.get(id), now.get(id))
    ]
    if not differences and list(stated) != list(now):
        differences.append(Difference("checks.tsv", "its rows are in another order"))
    return differences


def _row_difference(stated: Check | None, now: Check | None) -> Iterator[tuple[str, bool]]:
    """The first way in which a row of the pack is not the one that its files lead to, and whether only words differ."""
    if now is None:
        if stated:
            yield f"the row says {stated.status}, and nothing in the pack leads to it", False
    elif stated is None:
        yield f"the row is missing; the files say {now.status}: {now.details}", False
    elif stated.status != now.status:
        yield f"it says {stated.status}, and the files say {now.status}: {now.details}", False
    elif stated.details != now.details:
        yield f"it says {stated.details!r}, and the files {now.details!r}", True
    elif stated.evidence != now.evidence:
        yield f"it points to {stated.evidence}, and the answer is in {now.evidence}", False


def _document_differences(
    pack_dir: Path, hashes: Mapping[str, str], derived: Mapping[str, str], other_version: bool
) -> list[Difference]:
    differences = []
    for name, content in derived.items():
        if name not in hashes:
            differences.append(Difference(name, "it is missing"))
        elif name == "checks.tsv" or name.endswith(f"/{PAGE}"):
            # the rows are held one by one; a page may be drawn otherwise by another version
            continue
        elif (there := _text(pack_dir, name)) != content:
            only_words = other_version and _without_sentences(name, there) == _without_sentences(
                name, content
            )
            differences.append(replace(_first_difference(name, there, content), only_words=only_words))
    return differences


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
        pairs = enumerate(zip(there.split("\n"), content.split("\n"), strict=False), start=1)
        line = next((number for number, (stated, now) in pairs if stated != now), 1)
        return Difference(name, f"it is not what the files lead to, from line {line} on")
    try:
        stated: Any = json.loads(there)
    except (ValueError, RecursionError):
        return Difference(name, "it is not whole JSON")
    path, was, now = _differing(stated, json.loads(content), "")
    return Difference(name, f"{path or 'its text'} is {_short(was)}, and the files lead to {_short(now)}")


def _differing(stated: Any, now: Any, path: str) -> tuple[str, Any, Any]:
    """The path to the first place where two documents differ, and what either has there."""
    if isinstance(stated, dict) and isinstance(now, dict):
        for key in [*now, *(key for key in stated if key not in now)]:
            if key not in stated or key not in now or stated[key] != now[key]:
                return _differing(stated.get(key), now.get(key), f"{path}.{key}".lstrip("."))
    if isinstance(stated, list) and isinstance(now, list):
        for place, (a, b) in enumerate(zip(stated, now, strict=False)):
            if a != b:
                return _differing(a, b, f"{path}[{place}]")
        return f"the length of {path}", len(stated), len(now)
    return path, stated, now


def _short(value: Any) -> str:
    message = json.dumps(value)
    return message if len(message) <= 120 else message[:120] + "..."


def _is_there(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _text(pack_dir: Path, name: str) -> str:
    with readable_os_errors(f"cannot read {name} of the pack"):
        return (pack_dir / name).read_text(encoding="utf-8", errors="replace")
