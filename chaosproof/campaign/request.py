"""What a drill is to run: an experiment's file, in which modes, with which variables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from chaosproof.errors import UsageError
from chaosproof.experiment.experiment import checked_experiment
from chaosproof.experiment.modes import Variant
from chaosproof.experiment.text import SUFFIXES, read_experiment_file
from chaosproof.runner.overrides import assigned_in_files
from chaosproof.shipped import FOLDER, experiment_names, here_or_shipped, shipped_experiment

__all__ = ["RunRequest", "run_request"]


@dataclass(frozen=True)
class RunRequest:
    """The experiment's `file`, its `modes` (one, or both), its variants, and the variables that all runs share.

    `variable_files` are handed to every run, below the variables.
    """

    file: Path
    modes: tuple[str, ...]
    variants: tuple[Variant, ...]
    variables: Mapping[str, str]
    journals: Path
    variable_files: tuple[str, ...] = ()


def run_request(
    experiment: str,
    variables: Sequence[str],
    target: str | None,
    journals: Path,
    variable_files: Sequence[str] = (),
) -> RunRequest:
    """The request for `experiment`, a name such as checkout or a file, checked; `variables` are of the form NAME=VALUE.

    Raises UsageError for an experiment that is not there or has a mistake, and for a variable of another form.
    """
    file = _file_of(experiment)
    shared: dict[str, str] = {}
    for variable in variables:
        name, equals, value = variable.partition("=")
        if not equals or not name:
            raise UsageError(f"--var takes NAME=VALUE, not {variable!r}.")
        if name == "mode":
            raise UsageError("A drill runs both modes; for one of them: chaos run --var mode=... EXPERIMENT.")
        if name == "journals":
            raise UsageError(
                f"A drill compares its runs, so it puts them into one folder: --journals {value}."
            )
        shared[name] = value
    if "mode" in assigned_in_files(variable_files):
        raise UsageError("A drill runs both modes; take mode out of the --var-file.")
    shared["journals"] = str(journals)
    if target:
        shared["target"] = target
    try:
        checked = checked_experiment(read_experiment_file(file))
    except UsageError as error:
        raise UsageError(str(error) if str(error).startswith(str(file)) else f"{file}: {error}") from error
    return RunRequest(file, checked.modes, checked.variants, shared, journals, tuple(variable_files))


def _file_of(experiment: str) -> Path:
    """The file of an experiment: one here goes before one that is installed."""
    if experiment.endswith(SUFFIXES):
        file = here_or_shipped(Path(experiment))
    else:
        here = FOLDER / f"{experiment}.json"
        file = here if here.is_file() else shipped_experiment(here.name) or here
    if not file.is_file():
        known = ", ".join(experiment_names()) or "none"
        raise UsageError(f"There is no experiment {file}; experiments here: {known}.")
    return file
