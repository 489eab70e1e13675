"""The Helm chart of a system: the folder that its system file names for `values`, where that is a chart."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from chaosproof.targets.system.definition import System

__all__ = ["Chart", "chart_of", "chart_values"]

_NAMESPACE = "chaosproof/namespace"
_LOAD_IMAGE = "chaosproof/load-image"


@dataclass(frozen=True)
class Chart:
    """`name` is also that of its release. `namespace` is where it goes unless an experiment says otherwise.

    `images` are those of its values, and `load_image` is the key of the one with this project in it: a load runs there.
    """

    folder: Path
    name: str
    namespace: str
    images: Mapping[str, str]
    load_image: str


def chart_of(system: System) -> Chart | None:
    """The chart of `system`, or None where it has none. Annotations of Chart.yaml say what Helm does not ask for."""
    folder = Path(system.values_files[0]).parent if system.values_files else None
    if folder is None or not (folder / "Chart.yaml").is_file():
        return None
    chart = yaml.safe_load((folder / "Chart.yaml").read_text(encoding="utf-8"))
    values = yaml.safe_load((folder / "values.yaml").read_text(encoding="utf-8")) or {}
    annotations = chart.get("annotations") or {}
    return Chart(
        folder=folder,
        name=chart["name"],
        namespace=annotations.get(_NAMESPACE, chart["name"]),
        images=values.get("images", {}),
        load_image=annotations.get(_LOAD_IMAGE, "load"),
    )


def chart_values(chart: Chart, system: System, images: Mapping[str, str]) -> dict[str, Any]:
    """The chart's values: the overlays, which of the chart's systems this is, and other images than the chart's."""
    systems = {
        file.stem: file.resolve() == Path(system.file).resolve()
        for file in sorted((chart.folder / "files").glob("*.yaml"))
    }
    values = {**system.values, "systems": systems}
    if images:
        values["images"] = {**values.get("images", {}), **images}
    return values
