"""What the chart is rendered with: every mode and scenario as a run installs it, and what a user may add."""

from pathlib import Path
from typing import Any

from chaosproof.targets.system.definition import System
from chaosproof.targets.system.system_file import load_system
from chaosproof.targets.system.values import merge

ROOT = Path(__file__).parents[2]
CHART = ROOT / "charts" / "chaosproof-demo"
MODES = ("baseline", "resilient")
SCENARIOS = {
    "grpc": ("s1", "s2", "s3", "s4", "s4-idle", "s4-pool1"),
    "router": ("r1", "r2", "r3", "r4", "r5", "r6"),
}
OLDEST, NEWEST = "1.20.0", "1.37.0"
CRON = {"cronJob": {"enabled": True}, "images": {"pullSecrets": ["registry"]}}


def name_of(system: str, mode: str, scenario: str) -> str:
    return f"{system} {mode} {scenario}"


def lab_system(system: str, mode: str, scenario: str) -> System:
    """What a lab on a laptop would run."""
    return load_system(ROOT / "chaosproof" / "demo" / system / "system.yaml", mode, scenario)


def run_cases() -> dict[str, dict[str, Any]]:
    """Every system in every mode and scenario, with the overlays as the local target reads and merges them."""
    return {
        name_of(system, mode, scenario): {
            **lab_system(system, mode, scenario).values,
            "systems": {one: one == system for one in SCENARIOS},
        }
        for system, scenarios in SCENARIOS.items()
        for mode in MODES
        for scenario in scenarios
    }


def version_cases() -> dict[str, dict[str, Any]]:
    """All that the chart has, for the oldest and the newest Kubernetes."""
    every = merge(run_cases()[name_of("router", "resilient", "r4")], {**CRON, "systems": {"grpc": True}})
    return {version: {**every, "kubeVersion": version} for version in (OLDEST, "1.21.0", "1.25.0", NEWEST)}
