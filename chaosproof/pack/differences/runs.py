"""The documents in the folder of a run, made again of its verdict while that is at hand."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from chaosproof.json_access import text
from chaosproof.judge.judge import Verdict
from chaosproof.pack.differences.base import Difference
from chaosproof.pack.differences.document_text import document_differences
from chaosproof.pack.files import hash_text, read_as_text
from chaosproof.report.write import verdict_documents
from chaosproof.runfolder.manifest import MANIFEST

__all__ = ["run_differences", "version_of"]


def version_of(verdict: Verdict) -> str:
    """Which chaosproof made the run; empty where it does not say."""
    return text(verdict.run.session.versions.get("chaosproof"))


def run_differences(
    pack_dir: Path, place: str, verdict: Verdict, hashes: Mapping[str, str], *, other_version: bool
) -> Iterator[Difference]:
    """Where checks.tsv, summary.json, timeline.json, junit.xml and report.html of the run at `place` are not what its
    raw files lead to. `hashes` are those of the pack's files.

    `other_version` tells that the pack or the run is of another version. A folder that was changed after it was judged
    is named by its hashes and by SYS_MANIFEST: its documents are of the files that it had.
    """
    if any(check.id == "SYS_MANIFEST" for check in verdict.checks):
        return
    for file, content in verdict_documents(verdict):
        name = f"{place}/{file}"
        if name in hashes:
            if hashes[name] == hash_text(content):
                continue
            there = read_as_text(pack_dir, name)
            yield from document_differences(name, there, content, other_version=other_version, of_a_run=True)
        elif f"{place}/{MANIFEST}" in hashes:
            yield Difference(name, "it is missing", by_version=True)
