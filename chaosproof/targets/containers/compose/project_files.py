"""Which Compose files a run takes: those that its variable `compose` names, and those of its mode and scenario.

What `values-resilient.yaml` is to a system file, `compose.resilient.yaml` is to compose.yaml: one more file on top.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chaosproof.errors import UsageError
from chaosproof.shipped import here_or_shipped

__all__ = ["compose_names", "files_of_folder", "project_files"]

# Compose's own order of names, and the file that it puts on top where nobody names any.
_NAMES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")


def compose_names(value: Any) -> tuple[str, ...]:
    """The variable `compose`: a list of files, or text with commas between them; `UsageError` for anything else."""
    names = value.split(",") if isinstance(value, str) else value
    if isinstance(names, list | tuple) and all(isinstance(name, str) for name in names):
        stripped = tuple(name.strip() for name in names if name.strip())
        if stripped:
            return stripped
    raise UsageError(
        f"compose must be a Compose file, a list of them, or text such as compose.yaml,more.yaml, not {value!r}."
    )


def files_of_folder(folder: Path) -> tuple[str, ...]:
    """The names of the files that Compose takes in a folder by itself; empty where there are none."""
    first = next((name for name in _NAMES if (folder / name).is_file()), None)
    if first is None:
        return ()
    stem, _, suffix = first.rpartition(".")
    overrides = (f"{stem}.override.{suffix}", f"{stem}.override.{'yml' if suffix == 'yaml' else 'yaml'}")
    return (first, *[name for name in overrides if (folder / name).is_file()][:1])


def project_files(
    names: Sequence[str], mode: str | None, scenario: str | None, *, one_mode: bool
) -> tuple[str, ...]:
    """The files as absolute paths, in the order in which they are merged: as named, then the mode's, the scenario's.

    Unless the experiment has but `one_mode`, a mode is a file that has to be there; a scenario without one has nothing
    to change. Raises `UsageError` for a file that is not there.
    """
    files = [here_or_shipped(Path(name)).resolve() for name in names]
    for file in files:
        if not file.is_file():
            raise UsageError(f"There is no Compose file {file}.")
    first = files[0]
    if mode:
        overlay = _beside(first, mode)
        if not one_mode and not overlay.is_file():
            raise UsageError(
                f"The experiment has two modes, and {overlay} does not exist: write what Compose is to change "
                f'in the mode {mode!r} into it, or say that there is but one: "modes": ["resilient"] in the extension.'
            )
        files.append(overlay)
    parts = scenario.split("-") if scenario else []
    files += [_beside(first, "-".join(parts[: n + 1])) for n in range(len(parts))]
    return tuple(dict.fromkeys(str(file) for file in files if file.is_file()))


def _beside(file: Path, name: str) -> Path:
    return file.with_name(f"{file.stem}.{name}{file.suffix}")
