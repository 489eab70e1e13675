"""`chaosproof drill`: one experiment in both modes, then the comparison. `./run s4` is `chaosproof drill s4`.

The runs are ordinary `chaos run`s, one after the other: side by side on one machine they would disturb each
other's figures.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chaosproof.errors import ChaosproofError, UsageError

if TYPE_CHECKING:
    from chaosproof.evidence.judge import Verdict

__all__ = ["drill"]

_MODES = ("baseline", "resilient")


@click.command()
@click.argument("experiment")
@click.option("--target", help="Where to run: local (default) or kubernetes.")
@click.option(
    "--var", "variables", multiple=True, metavar="NAME=VALUE", help="Override a variable of the experiment."
)
@click.option(
    "--runs",
    type=click.IntRange(1, 100),
    default=1,
    show_default=True,
    help="How many pairs of runs, at most: fewer when it is decided before.",
)
@click.option(
    "--journals",
    type=click.Path(path_type=Path),
    default=Path("journals"),
    show_default=True,
    help="Where the run folders go.",
)
@click.pass_context
def drill(
    ctx: click.Context,
    /,
    experiment: str,
    target: str | None,
    variables: Sequence[str],
    runs: int,
    journals: Path,
) -> None:
    """Run EXPERIMENT (a name such as s4, or a file) in both modes, then compare them.

    An experiment whose extension says `"modes": ["resilient"]` has nothing to be compared with: it is run once, and its
    verdict is the drill's.

    Exit codes: 0 when the same fault breaks the baseline and spares the resilient mode, 1 when it does not,
    2 when that is not known, 64 for a wrong call.
    """
    file = _file(experiment)
    for variable in variables:
        name, equals, _ = variable.partition("=")
        if not equals or not name:
            raise UsageError(f"--var takes NAME=VALUE, not {variable!r}.")
        if name == "mode":
            raise UsageError("A drill runs both modes; for one of them: chaos run --var mode=... EXPERIMENT.")
    shared = [*variables, f"journals={journals}", *([f"target={target}"] if target else [])]
    modes = _modes(file)
    if runs > 1:
        if len(modes) == 1:
            raise UsageError(f"{experiment} has one mode only, so there are no pairs of runs to make.")
        ctx.exit(_series(file, shared, runs, journals))
    folders = [_run(file, [*shared, f"mode={mode}"], mode) for mode in modes]
    if len(folders) == 1:
        from chaosproof.evidence.command import EXIT_CODES
        from chaosproof.evidence.judge import judge_run

        ctx.exit(EXIT_CODES[judge_run(folders[0]).status])
    # Imported late: the lab should start first.
    from chaosproof.evidence.command import compare_folders

    ctx.exit(compare_folders(folders[0], folders[1], journals))


def _series(file: Path, shared: Sequence[str], planned: int, journals: Path) -> int:
    """Pairs of runs until it is decided, or `planned` of them; returns the exit code.

    The order alternates, so that a machine that warms up or fills up does not favour one mode.
    """
    from chaosproof.evidence.command import compare_series
    from chaosproof.evidence.compare import compare_pairs
    from chaosproof.evidence.judge import judge_run
    from chaosproof.evidence.sequential import decide

    pairs: list[tuple[Verdict, Verdict]] = []
    while len(pairs) < planned:
        order = _MODES if len(pairs) % 2 == 0 else _MODES[::-1]
        folders = {mode: _run(file, [*shared, f"mode={mode}"], mode) for mode in order}
        pairs.append((judge_run(folders["baseline"]), judge_run(folders["resilient"])))
        decision = decide(compare_pairs(pairs, planned=planned).pair_statuses, planned)
        click.echo(f"--- pair {len(pairs)} of at most {planned}: {decision.reason}", err=True)
        if not decision.go_on:
            break
    return compare_series(pairs, planned, journals)


def _file(experiment: str) -> Path:
    path = Path(experiment) if experiment.endswith(".json") else Path("experiments") / f"{experiment}.json"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in Path("experiments").glob("*.json"))) or "none"
        raise UsageError(f"There is no experiment {path}; experiments here: {known}.")
    return path


def _modes(file: Path) -> Sequence[str]:
    """The modes that the experiment has: one, or baseline and resilient."""
    try:
        extensions = json.loads(file.read_text(encoding="utf-8")).get("extensions", [])
    except (OSError, ValueError, AttributeError) as error:
        raise UsageError(f"{file} is no experiment in JSON: {error}.") from error
    for extension in extensions:
        if extension.get("name") == "chaosproof" and len(extension.get("modes", _MODES)) == 1:
            return [str(extension["modes"][0])]
    return _MODES


def _run(file: Path, variables: Sequence[str], mode: str) -> Path:
    """One `chaos run`; returns its run folder. `ChaosproofError` when it did not get as far as having one."""
    click.secho(f"--- {file.stem}, {mode} ---", bold=True, err=True)
    with tempfile.TemporaryDirectory(prefix="chaosproof-") as scratch:
        journal = Path(scratch) / "journal.json"
        argv = [str(Path(sys.executable).with_name("chaos")), "--no-version-check", "--no-log-file", "run"]
        argv += ["--journal-path", str(journal)]
        for variable in variables:
            argv += ["--var", variable]
        process = subprocess.Popen([*argv, str(file)])
        try:
            process.wait()
        except KeyboardInterrupt:
            # Ctrl-C reached it too; it rolls back, saves and takes its lab down before it ends.
            process.wait()
            raise
        content = json.loads(journal.read_text(encoding="utf-8")) if journal.exists() else {}
    run_dir = content.get("chaosproof", {}).get("run_dir")
    if run_dir is None:
        raise ChaosproofError(f"The {mode} run did not begin (exit code {process.returncode}); see above.")
    return Path(run_dir)
