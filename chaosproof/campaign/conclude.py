"""The end of a set of drills: the pack of all their runs with its page, verified, then asked by the gate."""

import os
from collections.abc import Callable
from pathlib import Path

import click

from chaosproof.errors import ChaosproofError
from chaosproof.pack.documents.environment import environment, packages
from chaosproof.pack.gate.gate import GateVerdict
from chaosproof.pack.open import open_pack
from chaosproof.pack.write_pack import write_pack
from chaosproof.runfolder.run_folder import RAW_FILES

__all__ = ["pack_and_gate", "run_folders"]


def run_folders(root: Path) -> list[Path]:
    """The run folders `root/EXPERIMENT/MODE/STAMP`, whole or not, in order of name."""
    return sorted(
        folder for folder in root.glob("*/*/*") if any((folder / name).exists() for name in RAW_FILES)
    )


def pack_and_gate(
    root: Path, pack_dir: Path, *, profile: str, now: float, report_progress: Callable[[str], None]
) -> GateVerdict:
    """Put every run below `root` into a pack at `pack_dir`, verify it, and ask the gate's `profile`.

    `now` (Unix seconds) is when the pack is made. Raises ChaosproofError when there is no run at all.
    """
    folders = run_folders(root)
    if not folders:
        raise ChaosproofError(f"No drill left a run in {root}, so there is nothing to put into a pack.")
    write_pack(
        folders,
        [],
        pack_dir,
        now=now,
        profile=profile,
        environment=environment(os.environ, Path.cwd()),
        packages=packages(),
        report_progress=report_progress,
    )
    opened = open_pack(pack_dir, report_progress=report_progress)
    ready = opened.readiness(profile, now=now)
    click.echo(
        f"readiness {ready.score} of 100: " + ", ".join(f"{n} {c.score}" for n, c in ready.categories.items())
    )
    return opened.gate(profile, now=now)
