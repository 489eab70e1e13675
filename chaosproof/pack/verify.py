"""Whether a pack says what its raw files say: every hash, every row, every document, made again and held against it.

Try it: chaosproof verify-pack PACK_DIR
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from chaosproof import __version__
from chaosproof.errors import UsageError
from chaosproof.judge.judge import Verdict
from chaosproof.pack.differences.base import Difference
from chaosproof.pack.differences.check_rows import row_differences
from chaosproof.pack.differences.document_text import document_differences
from chaosproof.pack.differences.meta_files import META, META_FILES, clock_notes, meta_differences
from chaosproof.pack.differences.runs import run_differences, version_of
from chaosproof.pack.documents.attestation import attestation_text
from chaosproof.pack.documents.pack_overview import pack_page
from chaosproof.pack.files import Listing, hash_file, hash_text, list_files, read_as_text
from chaosproof.pack.gate.rules import parse_rules
from chaosproof.pack.judged import COMPARISONS, RUNS, Progress, SeeVerdict
from chaosproof.pack.pack import (
    ATTESTATION,
    CONFIGURATION,
    PAGE,
    Meta,
    Pack,
    derive,
    documents,
    parse_meta,
    read_manifests,
)
from chaosproof.runfolder.checks import CHECKS
from chaosproof.runfolder.manifest import MANIFEST, hash_differences, parse_manifest

__all__ = ["Verification", "verify_pack"]

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
class Verification:
    """`pack` is what the raw files say; None when nothing could be made of them. `notes` tell what another version of
    chaosproof, which made the pack or a run of it, wrote or computed otherwise, with both values, and what its hash
    alone holds: no verdict, status, count or name differs there; and that a clock was wrong.
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
    notes: list[str] = []

    def see_verdict(place: str, verdict: Verdict) -> None:
        # while the verdict is there: its timeline and series are let go of with the next run
        version = next((v for v in (version_of(verdict), meta.chaosproof) if v != __version__), __version__)
        all_differences = run_differences(
            pack_dir, place, verdict, hashes, other_version=version != __version__
        )
        of_runs.extend(_without_notes(all_differences, version, notes))

    of_runs: list[Difference] = []
    try:
        meta = parse_meta(read_as_text(pack_dir, META))
        pack = _derived(pack_dir, meta, hashes, report_progress, see_verdict)
    except UsageError as error:
        # the caller named a pack; it is what lies in it that is wrong
        return Verification((*differences, Difference("the pack", str(error))), len(listing.sizes), None)
    derived = documents(pack)
    all_differences = [
        *row_differences(CHECKS, read_as_text(pack_dir, CHECKS), pack.checks),
        *_document_differences(pack_dir, hashes, pack, derived),
        *meta_differences(
            pack, {name: read_as_text(pack_dir, name) for name in META_FILES if name in hashes}
        ),
    ]
    differences += _without_notes(all_differences, meta.chaosproof, notes)
    notes += clock_notes(pack)
    differences += _leading_nowhere(hashes, derived)
    return Verification((*differences, *of_runs), len(listing.sizes), pack, tuple(notes))


def _without_notes(all_differences: Iterable[Difference], version: str, notes: list[str]) -> list[Difference]:
    """The differences that count; what another `version` may have written otherwise goes to the `notes`.

    Who only claims another version gains by it no verdict, no status, no count, and nothing that is not said.
    """
    if version == __version__:
        return list(all_differences)
    differences = []
    for difference in all_differences:
        if difference.only_words or difference.by_version:
            notes.append(
                f"{difference}; it was made by chaosproof {version or 'of a version that it does not say'}"
            )
        else:
            differences.append(difference)
    return differences


def _derived(
    pack_dir: Path,
    meta: Meta,
    hashes: Mapping[str, str],
    report_progress: Progress,
    see_verdict: SeeVerdict,
) -> Pack:
    rules = parse_rules(read_as_text(pack_dir, "meta/gate.yaml"), "meta/gate.yaml")
    raw = {name: digest for name, digest in hashes.items() if name.startswith(f"{RUNS}/")}
    return derive(pack_dir, meta, rules, raw, read_manifests(pack_dir, raw), report_progress, see_verdict)


def _document_differences(
    pack_dir: Path, hashes: Mapping[str, str], pack: Pack, derived: Mapping[str, str]
) -> Iterator[Difference]:
    """Of every document but checks.tsv, whose rows are held one by one."""
    other_version = pack.meta.chaosproof != __version__
    for name, content in {**derived, **_overviews(pack, hashes)}.items():
        if name not in hashes:
            yield Difference(name, "it is missing")
        elif name != CHECKS and hashes[name] != hash_text(content):
            there = read_as_text(pack_dir, name)
            yield from document_differences(name, there, content, other_version=other_version)


def _overviews(pack: Pack, hashes: Mapping[str, str]) -> dict[str, str]:
    """The page and the attestation."""
    subjects = {name: digest for name, digest in hashes.items() if name != ATTESTATION}
    return {
        PAGE: pack_page(pack),
        ATTESTATION: attestation_text(pack.checks, pack.gate, subjects, CONFIGURATION),
    }


def _leading_nowhere(hashes: Mapping[str, str], derived: Mapping[str, str]) -> Iterator[Difference]:
    """Files of comparisons that the runs in the pack do not make."""
    for name in hashes:
        if name.startswith(f"{COMPARISONS}/") and name not in derived:
            yield Difference(name, "nothing in the pack leads to it")


def _hash_differences(pack_dir: Path, hashes: Mapping[str, str]) -> list[Difference]:
    try:
        stated = parse_manifest(read_as_text(pack_dir, MANIFEST))
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


def _is_there(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()
