"""The values overlays: one place for every setting, merged as Helm merges `--values` files.

Maps are merged key by key, everything else is replaced by the later file, and `null` deletes a key
(https://helm.sh/docs/chart_template_guide/values_files/).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaosproof.errors import UsageError
from chaosproof.targets.system.yaml_lines import load_yaml

__all__ = ["Values", "load_values", "merge"]


@dataclass(frozen=True)
class Values:
    """The merged settings, and the files they came from, in the order in which they were merged."""

    merged: Mapping[str, Any]
    files: tuple[str, ...]


def merge(base: Mapping[str, Any], overlay: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with `overlay` on top; neither is changed."""
    result = dict(base)
    for key, value in overlay.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping):
            under = result.get(key)
            result[key] = merge(under if isinstance(under, Mapping) else {}, value)
        else:
            result[key] = value
    return result


def load_values(folder: Path, mode: str | None, scenario: str | None) -> Values:
    """Merge `values-common`, `values-<mode>` and `values-<scenario>` of `folder`.

    An unknown mode is a `UsageError` that names the known ones; a scenario without an overlay of its own
    has nothing to change, and that is fine. `peak-big` is a variant of `peak`: that overlay first, then its own.
    """
    common = folder / "values-common.yaml"
    if not common.is_file():
        raise UsageError(f"{common} does not exist; a folder of values needs at least values-common.yaml.")
    files = [common]
    if mode:
        overlay = folder / f"values-{mode}.yaml"
        if mode == "common" or not overlay.is_file():
            known = ", ".join(_known_modes(folder))
            raise UsageError(f"Unknown mode {mode!r}: {overlay} does not exist. Modes here: {known}.")
        files.append(overlay)
    parts = scenario.split("-") if scenario else []
    overlays = (folder / f"values-{'-'.join(parts[: n + 1])}.yaml" for n in range(len(parts)))
    files += [overlay for overlay in overlays if overlay.is_file()]
    merged: dict[str, Any] = {}
    for file in files:
        content = load_yaml(file, lambda where: where[2:3] == ("environment",)).value
        if not isinstance(content, Mapping):
            raise UsageError(f"{file}: a values file is a map of settings, not {type(content).__name__}.")
        merged = merge(merged, content)
    return Values(merged=merged, files=tuple(str(file) for file in files))


def _known_modes(folder: Path) -> list[str]:
    names = (path.stem.removeprefix("values-") for path in sorted(folder.glob("values-*.yaml")))
    # By its name a scenario has a letter and a number first; all else but `common` is a mode.
    return [name for name in names if name != "common" and not name[1:2].isdigit()]
