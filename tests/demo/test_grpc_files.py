"""The files of the gRPC demo agree: proto and stubs, system file, overlays and settings."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import grpc_tools
import pytest
import yaml
from grpc_tools import protoc

from chaosproof.demo.grpc.settings import SettingsA, SettingsB

ROOT = Path(__file__).parents[2]
SYSTEM = ROOT / "chaosproof/demo/grpc/system.yaml"
OVERLAYS = ROOT / "charts/chaosproof-demo"
MODES = ["baseline", "resilient"]
SCENARIOS = ["s1", "s2", "s3", "s4"]


def overlay(name: str) -> dict[str, Any]:
    services: dict[str, Any] = yaml.safe_load((OVERLAYS / f"values-{name}.yaml").read_text())["services"]
    return services


def environment(service: str, *names: str) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for name in names:
        merged |= overlay(name).get(service, {}).get("environment", {})
    return merged


def test_the_stubs_are_those_of_the_proto(tmp_path: Path) -> None:
    arguments = ["protoc", f"-I{ROOT}", f"--python_out={tmp_path}", f"--pyi_out={tmp_path}"]
    arguments += [f"--grpc_python_out={tmp_path}", str(ROOT / "chaosproof/demo/grpc/demo.proto")]
    assert protoc.main([*arguments, f"-I{Path(grpc_tools.__file__).parent / '_proto'}"]) == 0
    for name in ("demo_pb2.py", "demo_pb2.pyi", "demo_pb2_grpc.py"):
        fresh = (tmp_path / "chaosproof/demo/grpc" / name).read_text()
        assert fresh == (ROOT / "chaosproof/demo/grpc" / name).read_text(), (
            f"{name}: regenerate, see demo.proto"
        )


def test_the_system_file_starts_modules_that_exist() -> None:
    services = yaml.safe_load(SYSTEM.read_text())["services"]
    for service in services.values():
        python, flag, module = service["command"]
        assert (python, flag) == ("python", "-m")
        assert (ROOT / Path(*module.split("."))).with_suffix(".py").is_file()


def test_the_system_file_finds_its_overlays() -> None:
    assert (SYSTEM.parent / yaml.safe_load(SYSTEM.read_text())["values"]).resolve() == OVERLAYS


def test_the_ports_are_the_defaults_of_the_programs() -> None:
    services = yaml.safe_load(SYSTEM.read_text())["services"]
    assert services["app-a"]["ports"] == {"http": SettingsA.read({}).http_port}
    assert services["app-b"]["ports"] == {
        "grpc": SettingsB.read({}).grpc_port,
        "http": SettingsB.read({}).http_port,
    }


def test_both_files_have_two_app_a_and_three_app_b() -> None:
    services = yaml.safe_load(SYSTEM.read_text())["services"]
    for service, replicas in (("app-a", 2), ("app-b", 3)):
        assert services[service]["replicas"] == overlay("common")[service]["replicas"] == replicas


@pytest.mark.parametrize("name", ["common", *MODES, *SCENARIOS])
def test_every_value_of_an_overlay_is_a_quoted_string(name: str) -> None:
    for service in overlay(name).values():
        assert all(type(value) is str for value in service.get("environment", {}).values())


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("mode", MODES)
def test_the_programs_take_what_the_overlays_say(mode: str, scenario: str) -> None:
    names = ("common", mode, scenario)
    SettingsA.read(environment("app-a", *names))
    SettingsB.read(environment("app-b", *names))


def test_the_overlays_name_only_settings_that_are_read() -> None:
    read: set[str] = set()

    class Spy(dict[str, str]):
        def get(self, name: str, default: Any = None) -> Any:
            read.add(name)
            return default

    SettingsA.read(Spy())
    SettingsB.read(Spy())
    for name in ["common", *MODES, *SCENARIOS]:
        for service in overlay(name).values():
            assert service.get("environment", {}).keys() <= read


@pytest.mark.parametrize(
    ("mode", "scenario", "resilient", "retry", "pool", "deadline_ms", "delay_ms", "fail_ratio"),
    [
        ("baseline", "s1", False, False, 1, 800, 2, 0.0),
        ("resilient", "s1", True, True, 1, 800, 2, 0.0),
        ("baseline", "s2", False, False, 1, 800, 2, 0.0),
        ("resilient", "s2", True, True, 1, 800, 2, 0.0),
        ("baseline", "s3", False, True, 1, 800, 2, 0.0),
        ("resilient", "s3", True, True, 1, 800, 2, 0.0),
        ("baseline", "s4", False, False, 1, 500, 5, 0.0),
        ("resilient", "s4", True, True, 4, 500, 5, 0.0),
    ],
)
def test_a_mode_and_a_scenario_come_to_what_the_design_says_before_any_disturbance(
    mode: str,
    scenario: str,
    resilient: bool,
    retry: bool,
    pool: int,
    deadline_ms: int,
    delay_ms: int,
    fail_ratio: float,
) -> None:
    app_a = SettingsA.read(environment("app-a", "common", mode, scenario))
    app_b = SettingsB.read(environment("app-b", "common", mode, scenario))
    assert (app_a.resilient, app_a.retry, app_a.channel_pool_size) == (resilient, retry, pool)
    assert (app_a.deadline_ms, app_a.max_inflight) == (deadline_ms, 10)
    assert (app_b.delay_ms, app_b.fail_ratio) == (delay_ms, fail_ratio)


@pytest.mark.parametrize("scenario", ["s1", "s3"])
def test_where_app_b_needs_200_ms_a_refusal_does_not_wait_in_line(scenario: str) -> None:
    assert SettingsA.read(environment("app-a", "common", "resilient", scenario)).max_queue == 0


def test_importing_the_programs_brings_no_test_or_build_tools() -> None:
    code = "import sys, chaosproof.demo.grpc.app_a, chaosproof.demo.grpc.app_b; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    modules = set(done.stdout.split())
    assert not {"pytest", "yaml", "requests", "kubernetes", "chaoslib"} & modules
    ours = {module for module in modules if module.startswith("chaosproof.")}
    assert {module.split(".")[1] for module in ours} == {"demo"}
