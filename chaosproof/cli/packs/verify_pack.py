"""`chaosproof verify-pack`: hold a pack against its raw files."""

import json
from pathlib import Path

import click

from chaosproof.cli.packs.options import PATH, progress
from chaosproof.pack.verify import verify_pack as verified

__all__ = ["verify_pack"]


@click.command("verify-pack")
@click.argument("pack_dir", type=PATH)
@click.option("--json", "as_json", is_flag=True, help="Print what differs as JSON, and nothing else.")
@click.pass_context
def verify_pack(ctx: click.Context, pack_dir: Path, as_json: bool) -> None:
    """Judge every run of the pack again from its raw files, make every document again, and say what differs.

    Exit codes: 0 when the pack says what its files say, be that good or bad news; 1 when anything differs, 2 when the
    pack is of a version that cannot be read here, 64 for a wrong call.
    """
    verification = verified(pack_dir, report_progress=progress())
    if as_json:
        shown = {
            "verified": not verification.differences,
            "files": verification.files,
            "verdict": verification.pack.status if verification.pack else "unknown",
            "differences": [
                {"place": difference.place, "words": difference.message, "only_words": difference.only_words}
                for difference in verification.differences
            ],
            "notes": verification.notes,
        }
        click.echo(json.dumps(shown, indent=2))
    else:
        from chaosproof.pack.pack_terminal import print_verification

        print_verification(verification)
    ctx.exit(1 if verification.differences else 0)
