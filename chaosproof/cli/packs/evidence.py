"""`chaosproof evidence`: make a pack of runs.

Try it: chaosproof evidence RUN_DIR... -o /tmp/pack
"""

import os
import time
from pathlib import Path

import click

from chaosproof.cli.packs.options import PATH, gate_file_option, profile_option, progress
from chaosproof.pack.documents.environment import environment, packages
from chaosproof.pack.gate.rules import read_rules
from chaosproof.pack.write_pack import write_pack

__all__ = ["evidence"]


@click.command()
@click.argument("folders", nargs=-1, required=True, type=PATH, metavar="RUN_DIR...")
@click.option("-o", "--out", "pack_dir", required=True, type=PATH, help="The pack: a new folder.")
@gate_file_option
@profile_option
def evidence(folders: tuple[Path, ...], pack_dir: Path, gate_file: Path | None, profile: str) -> None:
    """Put runs into an evidence pack: RUN_DIR is the folder of a run, or of a comparison, which brings its runs.

    The runs are copied whole and judged from the copies; baseline and resilient runs of one experiment are compared.
    The exit code is 0 when the pack was made, whatever it says: `chaosproof gate` asks it. 64 for a wrong call.
    """
    compared = [folder for folder in folders if (folder / "compare.json").is_file()]
    pack = write_pack(
        [folder for folder in folders if folder not in compared],
        compared,
        pack_dir,
        now=time.time(),
        rules=read_rules(gate_file),
        profile=profile,
        environment=environment(os.environ, Path.cwd()),
        packages=packages(),
        report_progress=progress(),
    )
    click.echo(f"{pack_dir}: {pack.status}, {len(pack.checks)} checks of {len(pack.judged.runs)} runs")
