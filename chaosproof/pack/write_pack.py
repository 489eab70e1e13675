"""Make a pack: copy the run folders, judge the copies, and write down everything that follows from them.

Try it: chaosproof evidence journals/checkout/*/20261121T* -o /tmp/pack
"""

import json
import re
import shutil
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from chaosproof import __version__
from chaosproof.errors import ChaosproofError, UsageError, readable_os_errors
from chaosproof.json_access import at, mapping, mappings, number, text, whole
from chaosproof.pack.documents.attestation import attestation_text
from chaosproof.pack.documents.environment import environment_text
from chaosproof.pack.documents.pack_overview import pack_page
from chaosproof.pack.files import copy_hashed, hash_file, list_files, read_text
from chaosproof.pack.gate.rules import Rules, read_rules
from chaosproof.pack.judged import RUNS, Progress
from chaosproof.pack.pack import (
    ATTESTATION,
    CONFIGURATION,
    PAGE,
    Meta,
    Pack,
    derive,
    documents,
    read_manifests,
)
from chaosproof.runfolder.manifest import MANIFEST, manifest_text
from chaosproof.runfolder.paths import is_draft
from chaosproof.runfolder.run_folder import RAW_FILES

__all__ = ["write_pack"]

_STAMP = re.compile(r"\d{8}T\d{6}Z(-\d{1,3})?")
_MODE = re.compile(r"[A-Za-z0-9]{1,50}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,99}")


def write_pack(
    run_dirs: Sequence[Path],
    compare_dirs: Sequence[Path],
    pack_dir: Path,
    *,
    now: float,
    rules: Rules | None = None,
    profile: str = "all",
    environment: Mapping[str, Any] | None = None,
    packages: str = "",
    report_progress: Progress = lambda message: None,
) -> Pack:
    """Put the runs, and those that the comparison folders `compare_dirs` are about, into a new pack at `pack_dir`.

    `now` (Unix seconds) is when it is made, `report_progress` gets a sentence about each step. The originals are not
    touched; the pack is there whole or not at all. Raises UsageError for what is no run, and ChaosproofError for what
    cannot be copied or written.
    """
    found_rules = rules or read_rules()
    found_rules.required(profile)
    compared, planned = _runs_of(compare_dirs)
    wanted = _placed([*run_dirs, *compared])
    target = pack_dir.absolute()
    _refuse_target(target, wanted.values())
    meta = Meta(now, __version__, profile, planned)
    with readable_os_errors(f"cannot make a pack in {target.parent}"):
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=target.parent))
    try:
        hashes = _copied(wanted, draft, report_progress)
        manifests = read_manifests(draft, hashes)
        pack = derive(draft, meta, found_rules, hashes, manifests, report_progress)
        for name, content in (
            ("meta/pack.json", meta.as_text()),
            ("meta/gate.yaml", found_rules.text),
            ("meta/environment.json", environment_text(environment or {})),
            ("meta/packages.txt", packages),
            *documents(pack).items(),
            (PAGE, pack_page(pack)),
        ):
            hashes[name] = _written(draft / name, content)
        statement = attestation_text(pack.checks, pack.gate, hashes, CONFIGURATION)
        hashes[ATTESTATION] = _written(draft / ATTESTATION, statement)
        _written(draft / MANIFEST, manifest_text(hashes))
        with readable_os_errors(f"cannot put the pack at {target}"):
            draft.chmod(0o755)
            if target.is_dir():
                target.rmdir()
            draft.rename(target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    # the pack as it is at `target`, now that it was put there
    runs = tuple(replace(run, run=replace(run.run, path=target / run.place)) for run in pack.judged.runs)
    return replace(pack, path=target, judged=replace(pack.judged, runs=runs))


def _runs_of(compare_dirs: Iterable[Path]) -> tuple[list[Path], dict[str, int]]:
    """The run folders of comparisons, and of a series how many pairs it was to have."""
    runs: list[Path] = []
    planned: dict[str, int] = {}
    for folder in compare_dirs:
        document = _read_object(folder / "compare.json")
        pairs = mappings(document.get("pairs"))
        if not pairs:
            raise UsageError(
                f"{folder} is not the folder of a comparison: its compare.json names no pair of runs"
            )
        for pair in pairs:
            for mode in sorted(pair.keys() - {"status"}):
                run = Path(text(pair[mode]))
                if not run.is_dir():
                    raise UsageError(
                        f"{folder}/compare.json names the run {run}, and there is no such folder"
                    )
                runs.append(run)
        if count := whole(at(document, "sequential", "planned")):
            planned[text(document.get("experiment"))] = count
    return runs, planned


def _placed(folders: Sequence[Path]) -> dict[str, Path]:
    """The run folders by where they go in the pack, in order; a run that was named twice once."""
    wanted: dict[str, Path] = {}
    for folder in dict.fromkeys(path.resolve() for path in folders):
        place = _place(folder)
        if place in wanted:
            raise UsageError(f"{folder} and {wanted[place]} would both be {place} in the pack")
        wanted[place] = folder
    if not wanted:
        raise UsageError(
            "a pack needs at least one run: name the folders of runs, journals/EXPERIMENT/MODE/STAMP"
        )
    return dict(sorted(wanted.items()))


def _place(folder: Path) -> str:
    """`runs/EXPERIMENT/MODE/STAMP`, from what the session says; a session that says nothing is placed by its path."""
    if not folder.is_dir() or not any((folder / name).exists() for name in RAW_FILES):
        raise UsageError(f"{folder} is not the folder of a run: name journals/EXPERIMENT/MODE/STAMP")
    try:
        session = _read_object(folder / "session.json")
    except UsageError:
        session = {}
    experiment = text(session.get("experiment")) or folder.parent.parent.name
    mode = text(session.get("mode")) or folder.parent.name
    if not _NAME.fullmatch(experiment) or not _MODE.fullmatch(mode):
        raise UsageError(
            f"{folder} is a run of {experiment[:60]!r} in mode {mode[:60]!r}, which is no experiment and mode"
        )
    return f"{RUNS}/{experiment}/{mode}/{_stamp(folder, session)}"


def _stamp(folder: Path, session: Mapping[str, Any]) -> str:
    if _STAMP.fullmatch(folder.name):
        return folder.name
    started_at = number(session.get("started_at"))
    if started_at is not None and 0 < started_at < 1e11:
        return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(started_at))
    raise UsageError(
        f"{folder} does not say when its run was made, neither by its name nor in its session.json"
    )


def _read_object(path: Path) -> Mapping[str, Any]:
    try:
        return mapping(json.loads(read_text(path)))
    except ChaosproofError as error:
        raise UsageError(str(error)) from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not whole JSON: {error}") from error


def _refuse_target(target: Path, sources: Iterable[Path]) -> None:
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UsageError(f"{target} is there already: name a new folder for the pack")
    for source in sources:
        if target.resolve().is_relative_to(source):
            raise UsageError(f"{target} lies in the run {source}: a pack cannot be put into what it copies")


def _copied(wanted: Mapping[str, Path], draft: Path, report_progress: Progress) -> dict[str, str]:
    """Copy the run folders and return the fingerprint of every copy by its name in the pack."""
    hashes: dict[str, str] = {}
    for number_of, (place, source) in enumerate(wanted.items(), start=1):
        report_progress(f"copying {place} ({number_of} of {len(wanted)})")
        listing = list_files(source, second_names=False)
        if listing.problems:
            raise ChaosproofError(f"{source} cannot go into a pack: {listing.problems[0]}")
        for name in listing.sizes:
            if not is_draft(Path(name)):
                hashes[f"{place}/{name}"] = copy_hashed(source / name, draft / place / name)
    return hashes


def _written(path: Path, content: str) -> str:
    with readable_os_errors(f"cannot write {path.name} of the pack"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return hash_file(path)
