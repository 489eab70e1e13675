"""`chaosproof evidence`, `gate`, `readiness` and `verify-pack`: make a pack of runs, and ask it.

Try it: chaosproof evidence journals/s4/*/2* -o /tmp/pack && chaosproof gate /tmp/pack --profile s4; echo $?
"""

import json
import os
import re
import time
from pathlib import Path

import click

from chaosproof.cli.verdicts import EXIT_CODES
from chaosproof.errors import UsageError
from chaosproof.pack.documents.environment import environment, packages
from chaosproof.pack.documents.overview import overview_of
from chaosproof.pack.gate.readiness import MAX_AGE_S
from chaosproof.pack.gate.rules import Rules, read_rules
from chaosproof.pack.judged import Say
from chaosproof.pack.open import open_pack
from chaosproof.pack.verify import verify_pack as verified
from chaosproof.pack.write import write_pack
from chaosproof.report.index import index_page

__all__ = ["evidence", "gate", "readiness", "verify_pack"]

_PATH = click.Path(path_type=Path)
_AGE = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|h|d)")
_UNIT_S = {"s": 1, "min": 60, "h": 3600, "d": 86400}

_gate_file = click.option(
    "--gate-file",
    type=_PATH,
    help="What is required, in a file of your own (default: experiments/gate.yaml).",
)
_profile = click.option(
    "--profile", default="all", show_default=True, help="Which part of the gate file to ask for."
)


@click.command()
@click.argument("folders", nargs=-1, required=True, type=_PATH, metavar="RUN_DIR...")
@click.option("-o", "--out", "pack_dir", required=True, type=_PATH, help="The pack: a new folder.")
@_gate_file
@_profile
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
        page=lambda pack: index_page(overview_of(pack)),
        say=_progress(),
    )
    click.echo(f"{pack_dir}: {pack.status}, {len(pack.checks)} checks of {len(pack.judged.runs)} runs")


@click.command()
@click.argument("pack_dir", type=_PATH)
@_gate_file
@_profile
@click.option(
    "--perf-gates", is_flag=True, help="Require the figures as well (PERF_...), which else only warn."
)
@click.option("--json", "as_json", is_flag=True, help="Print the verdict as JSON, and nothing else.")
@click.pass_context
def gate(
    ctx: click.Context, pack_dir: Path, gate_file: Path | None, profile: str, perf_gates: bool, as_json: bool
) -> None:
    """Say whether the pack shows all that a release needs. It is verified first, and its own words are not believed.

    Exit codes: 0 when every required check is there and passes, 1 when one failed or is absent or the pack cannot be
    believed, 2 when one is not known, 64 for a wrong call.
    """
    rules = _asked(gate_file, profile)
    verdict = open_pack(pack_dir, rules=rules, say=_progress()).gate(profile, perf=perf_gates)
    if as_json:
        click.echo(json.dumps(verdict.as_json(), indent=2))
    else:
        from chaosproof.report.formats.pack_terminal import print_gate

        print_gate(verdict)
    ctx.exit(EXIT_CODES[verdict.status])


@click.command()
@click.argument("pack_dir", type=_PATH)
@_gate_file
@_profile
@click.option(
    "--max-age",
    default="24h",
    show_default=True,
    metavar="AGE",
    help="How old its runs may be: 90min, 24h, 7d.",
)
def readiness(pack_dir: Path, gate_file: Path | None, profile: str, max_age: str) -> None:
    """Print as JSON how ready the pack is, from 0 to 100, by category and over all, and what is missing.

    The score follows from the checks alone (docs/reference/verdict.md). A pack with a run older than --max-age scores
    0, and so does one that does not say what its files say. The exit code is 0 when it was computed: `gate` decides.
    """
    max_age_s = _seconds(max_age)
    rules = _asked(gate_file, profile)
    found = open_pack(pack_dir, rules=rules, say=_progress()).readiness(
        profile, now=time.time(), max_age_s=max_age_s
    )
    click.echo(json.dumps(found.as_json(), indent=2))


@click.command("verify-pack")
@click.argument("pack_dir", type=_PATH)
@click.option("--json", "as_json", is_flag=True, help="Print what differs as JSON, and nothing else.")
@click.pass_context
def verify_pack(ctx: click.Context, pack_dir: Path, as_json: bool) -> None:
    """Judge every run of the pack again from its raw files, make every document again, and say what differs.

    Exit codes: 0 when the pack says what its files say, be that good or bad news; 1 when anything differs, 2 when the
    pack is of a version that cannot be read here, 64 for a wrong call.
    """
    found = verified(pack_dir, say=_progress())
    if as_json:
        said = {
            "verified": not found.differences,
            "files": found.files,
            "verdict": found.pack.status if found.pack else "unknown",
            "differences": [
                {"place": one.place, "words": one.words, "only_words": one.only_words}
                for one in found.differences
            ],
        }
        click.echo(json.dumps(said, indent=2))
    else:
        from chaosproof.report.formats.pack_terminal import print_verification

        print_verification(found)
    ctx.exit(1 if found.differences else 0)


def _asked(gate_file: Path | None, profile: str) -> Rules:
    """The rules, with the profile known to be there before anything takes time."""
    rules = read_rules(gate_file)
    rules.required(profile)
    return rules


def _seconds(age: str) -> float:
    found = _AGE.fullmatch(age.strip())
    if not found:
        raise UsageError(
            f"--max-age takes a number with a unit, such as 90min, {MAX_AGE_S / 3600:g}h or 7d, not {age!r}"
        )
    return float(found.group(1)) * _UNIT_S[found.group(2)]


def _progress() -> Say:
    """Says what is being done once it has taken two seconds."""
    began = time.monotonic()

    def say(words: str) -> None:
        if time.monotonic() - began > 2:
            click.echo(f"... {words}", err=True)

    return say
