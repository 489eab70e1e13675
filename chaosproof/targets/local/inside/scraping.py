"""Prometheus' configuration in a lab, as text: pure functions.

Prometheus 2 reads a metrics page by whatever Content-Type it comes with, and Prometheus 3 calls the target down where
that is missing or no format of metrics. 3.0 brought the word that makes it as before, `fallback_scrape_protocol`
(prometheus/prometheus#15136), and 2 refuses the whole file for it.
"""

import json
import re

from chaosproof.targets.local.spec import LabSpec

__all__ = ["prometheus_config", "prometheus_version"]

_SINCE = (3, 0)


def prometheus_version(printed: str) -> tuple[int, int] | None:
    """Major and minor number in what `prometheus --version` has printed; None where there is none."""
    numbers = re.search(r"version (\d+)\.(\d+)", printed)
    return (int(numbers[1]), int(numbers[2])) if numbers else None


def prometheus_config(spec: LabSpec, version: tuple[int, int] | None) -> str:
    """One job per service, instances labelled by their names, for a Prometheus of that version."""
    lines = [
        "global:",
        f"  scrape_interval: {round(spec.scrape_interval_s * 1000)}ms",
        f"  scrape_timeout: {round(spec.scrape_interval_s * 1000)}ms",
        "scrape_configs:",
    ]
    for plan in spec.services:
        if plan.service.metrics_port is None:
            continue
        lines.append(f"  - job_name: '{plan.service.name}'")
        if version is not None and version >= _SINCE:
            lines.append("    fallback_scrape_protocol: PrometheusText0.0.4")
        lines += [
            f"    metrics_path: {json.dumps(plan.service.metrics_path)}",
            "    static_configs:",
        ]
        for instance in plan.instances:
            lines += [
                f"      - targets: ['{instance.address}:{plan.service.metrics_port}']",
                f"        labels: {{instance: '{instance.name}', service: '{plan.service.name}'}}",
            ]
    return "\n".join(lines) + "\n"
