"""Prometheus' configuration in a lab, as text: pure functions.

Prometheus 2 reads a metrics page by whatever Content-Type it comes with, and Prometheus 3 calls the target down where
that is missing or no format of metrics. 3.0 brought the word that makes it as before, `fallback_scrape_protocol`
(prometheus/prometheus#15136), and 2 refuses the whole file for it.
"""

import json
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

from chaosproof.targets.local.spec import ServicePlan

__all__ = ["prometheus_config", "prometheus_version", "targets_files"]

_SINCE = (3, 0)


def prometheus_version(printed: str) -> tuple[int, int] | None:
    """Major and minor number in what `prometheus --version` has printed; None where there is none."""
    numbers = re.search(r"version (\d+)\.(\d+)", printed)
    return (int(numbers[1]), int(numbers[2])) if numbers else None


def prometheus_config(
    services: Collection[ServicePlan],
    scrape_interval_s: float,
    version: tuple[int, int] | None,
    *,
    targets_folder: Path | None = None,
) -> str:
    """One job per service, instances labelled by their names, for a Prometheus of that version.

    With a `targets_folder` their addresses are those of the `targets_files` in it, at any time.
    """
    lines = [
        "global:",
        f"  scrape_interval: {round(scrape_interval_s * 1000)}ms",
        f"  scrape_timeout: {round(scrape_interval_s * 1000)}ms",
        "scrape_configs:",
    ]
    for plan in _measured(services):
        lines.append(f"  - job_name: '{plan.service.name}'")
        if version is not None and version >= _SINCE:
            lines.append("    fallback_scrape_protocol: PrometheusText0.0.4")
        lines.append(f"    metrics_path: {json.dumps(plan.service.metrics_path)}")
        if targets_folder is not None:
            lines += [
                "    file_sd_configs:",
                f"      - files: [{json.dumps(str(_file(plan, targets_folder)))}]",
            ]
            continue
        lines.append("    static_configs:")
        for targets in _targets(plan):
            labels = ", ".join(f"{name}: '{value}'" for name, value in targets["labels"].items())
            lines += [f"      - targets: {targets['targets']}", f"        labels: {{{labels}}}"]
    return "\n".join(lines) + "\n"


def targets_files(services: Collection[ServicePlan], folder: Path) -> dict[Path, str]:
    """The files of `folder` that say where the instances are now, in the format of `file_sd_configs`."""
    return {_file(plan, folder): json.dumps(_targets(plan)) for plan in _measured(services)}


def _measured(services: Collection[ServicePlan]) -> list[ServicePlan]:
    return [plan for plan in services if plan.service.metrics_port is not None]


def _file(plan: ServicePlan, folder: Path) -> Path:
    return folder / f"{plan.service.name}.json"


def _targets(plan: ServicePlan) -> list[dict[str, Any]]:
    return [
        {
            "targets": [f"{instance.address}:{plan.service.metrics_port}"],
            "labels": {"instance": instance.name, "service": plan.service.name},
        }
        for instance in plan.instances
    ]
