"""What Helm makes of the chart, held against files that a person has looked at.

CHAOSPROOF_GOLDEN=write python -m pytest tests/chart/test_golden.py     # then look at the difference
"""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.chart.cases import CHART, CRON, MODES, ROOT, SCENARIOS, lab_system, name_of, run_cases
from tests.chart.conftest import Rendered

GOLDEN = Path(__file__).parent / "golden"
WHOLE = {"grpc": name_of("grpc", "resilient", "s4"), "router": name_of("router", "resilient", "r4")}


def held_against(file: Path, text: str) -> None:
    if os.environ.get("CHAOSPROOF_GOLDEN") == "write":
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8"), (
        f"{file.name} is another. When it is meant: CHAOSPROOF_GOLDEN=write python -m pytest {Path(__file__).name}"
    )


def environment_of(container: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one["value"] for one in container["env"] if "value" in one}


def without_environment(rendered: Rendered) -> dict[str, Any]:
    sets = rendered.of("StatefulSet")
    for one in sets.values():
        for container in one["spec"]["template"]["spec"]["containers"]:
            container.pop("env", None)
    return sets


@pytest.mark.parametrize("system", WHOLE)
def test_a_whole_installation_is_what_it_was(system: str, rendered: dict[str, Rendered]) -> None:
    files = rendered[WHOLE[system]].files
    text = "".join(f"# {name}\n{files[name].strip()}\n" for name in sorted(files) if files[name].strip())
    held_against(GOLDEN / f"{system}.yaml", text)


def test_the_cron_job_and_its_account_are_what_they_were(all_of_it: Rendered) -> None:
    text = "".join(f"# {name}\n{all_of_it.files[name].strip()}\n" for name in ("cronjob.yaml", "runner.yaml"))
    assert CRON["cronJob"]["enabled"]
    held_against(GOLDEN / "cron.yaml", text)


def test_modes_and_scenarios_differ_in_their_settings_as_they_did(rendered: dict[str, Rendered]) -> None:
    settings = {
        case: {
            name.removesuffix("/app"): environment_of(container)
            for name, container in rendered[case].containers().items()
            if name.endswith("/app")
        }
        for case in run_cases()
    }
    held_against(GOLDEN / "settings.yaml", yaml.safe_dump(settings, width=110))


@pytest.mark.parametrize("system", WHOLE)
def test_modes_and_scenarios_differ_in_nothing_but_their_settings(
    system: str, rendered: dict[str, Rendered]
) -> None:
    whole = without_environment(rendered[WHOLE[system]])
    for mode in MODES:
        for scenario in SCENARIOS[system]:
            assert without_environment(rendered[name_of(system, mode, scenario)]) == whole


def test_no_experiment_and_no_overlay_is_left_out() -> None:
    scenarios = {scenario for of_system in SCENARIOS.values() for scenario in of_system}
    overlays = {file.stem.removeprefix("values-") for file in CHART.glob("values-*.yaml")}
    assert overlays - {"common", *MODES} <= scenarios
    assert {file.stem for file in (ROOT / "experiments").glob("*.json")} <= scenarios


@pytest.mark.parametrize("case", run_cases())
def test_a_pod_gets_what_the_same_instance_gets_in_a_lab(case: str, rendered: dict[str, Rendered]) -> None:
    system, mode, scenario = case.split()
    containers, sets = rendered[case].containers(), rendered[case].of("StatefulSet")
    for service in lab_system(system, mode, scenario).services:
        app = containers[f"{service.name}/app"]
        assert environment_of(app) == dict(service.environment)
        assert tuple(app["command"]) == service.command
        assert {port["name"]: port["containerPort"] for port in app["ports"]} == dict(service.ports)
        assert sets[service.name]["spec"]["replicas"] == service.replicas
    assert set(sets) == {service.name for service in lab_system(system, mode, scenario).services} | {
        "prometheus"
    }
