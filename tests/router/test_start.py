"""A program of one's own in place of the demo's: which command is run, where its socket is, and that it starts."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from chaosproof.demo.router.settings import GatewaySettings, RouterSettings
from chaosproof.demo.router.start import PARTS, StartError, plan_start
from tests.support.router_stack import ROOT, eventually

OVERLAYS = ROOT / "charts/chaosproof-demo"


def test_without_a_setting_the_demos_own_programs_are_started():
    assert plan_start("router", {}).argv == (sys.executable, "-m", "chaosproof.demo.router.router")
    assert plan_start("gateway", {}).argv == (sys.executable, "-m", "chaosproof.demo.router.gateway")
    assert plan_start("nats", {}).argv[0] == "nats-server"


@pytest.mark.parametrize(("part", "setting"), [(part, PARTS[part][0]) for part in PARTS])
def test_a_command_takes_the_place_of_its_part_and_of_no_other(part, setting):
    values = {setting: "/opt/mine/bin/program foreground --name 'a b'"}
    assert plan_start(part, values).argv == ("/opt/mine/bin/program", "foreground", "--name", "a b")
    for other in set(PARTS) - {part}:
        assert plan_start(other, values).argv == PARTS[other][1]


def test_a_command_is_told_where_nats_and_the_socket_are():
    values = {
        "GATEWAY_CMD": "mine --nats $NATS_URL --socket ${IPC_SOCKET_PATH} --price $5",
        "LAB_NATS_URL": "nats://nats:4222",
        "LAB_SOCKET_PATH": "/run/gateway.sock",
    }
    start = plan_start("gateway", values)
    assert start.argv == (
        "mine",
        "--nats",
        "nats://nats:4222",
        "--socket",
        "/run/gateway.sock",
        "--price",
        "$5",
    )
    assert start.environment["NATS_URL"] == "nats://nats:4222"
    assert start.environment["IPC_SOCKET_PATH"] == "/run/gateway.sock"
    assert start.link is None


def test_a_gateway_with_a_socket_of_its_own_is_reached_through_a_link():
    values = {
        "GATEWAY_CMD": "mine",
        "IPC_SOCKET_PATH": "/run/mine.sock",
        "LAB_SOCKET_PATH": "/run/gateway.sock",
    }
    start = plan_start("gateway", values)
    assert start.link == ("/run/gateway.sock", "/run/mine.sock")
    assert start.environment["IPC_SOCKET_PATH"] == "/run/mine.sock"


def test_the_demos_gateway_stays_at_the_labs_socket_whatever_the_callers_environment_says():
    start = plan_start(
        "gateway", {"IPC_SOCKET_PATH": "/tmp/shared.sock", "LAB_SOCKET_PATH": "/run/gateway.sock"}
    )
    assert (start.environment["IPC_SOCKET_PATH"], start.link) == ("/run/gateway.sock", None)


@pytest.mark.parametrize(("command", "says"), [("", "ROUTER_CMD is empty"), ("a 'b", "is not a command")])
def test_a_wrong_command_is_one_sentence(command, says):
    with pytest.raises(StartError, match=says):
        plan_start("router", {"ROUTER_CMD": command})


def start(part: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "chaosproof.demo.router.start", part],
        cwd=ROOT, env={"PATH": os.environ["PATH"], **environment},
        capture_output=True, text=True, timeout=15, check=False,
    )  # fmt: skip


def test_the_program_takes_over_the_process_and_says_so_first():
    done = start(
        "router", ROUTER_CMD='sh -c "echo I am $INSTANCE_NAME at $NATS_URL; exit 3"', INSTANCE_NAME="router-7"
    )
    first, second = done.stdout.splitlines()
    assert '"event": "starting"' in first and '"instance": "router-7"' in first
    assert second == "I am router-7 at nats://nats:4222"
    assert done.returncode == 3


@pytest.mark.parametrize(
    ("part", "environment", "says"),
    [
        ("router", {"ROUTER_CMD": "/no/such/program"}, "There is no program '/no/such/program'"),
        ("balancer", {}, "takes one of: nats, router, gateway"),
    ],
)
def test_what_cannot_be_started_is_one_sentence_and_64(part, environment, says):
    done = start(part, **environment)
    assert done.returncode == 64
    assert says in done.stderr and done.stderr.count("\n") == 1 and "Traceback" not in done.stderr


def test_the_link_to_the_socket_is_made_and_replaced(tmp_path):
    path = tmp_path / "lab.sock"
    path.symlink_to("/nowhere")
    done = start(
        "gateway",
        GATEWAY_CMD="true",
        IPC_SOCKET_PATH=str(tmp_path / "own.sock"),
        LAB_SOCKET_PATH=str(path),
    )
    assert done.returncode == 0, done.stderr
    assert path.readlink() == tmp_path / "own.sock"


# --- the files agree with the programs --------------------------------------------------------------------

SYSTEM = yaml.safe_load((ROOT / "chaosproof/demo/router/system.yaml").read_text())["services"]
SCENARIOS = ["r1", "r2", "r3", "r4", "r5", "r6"]


def environment(service: str, scenario: str) -> dict[str, str]:
    values = dict(SYSTEM[service].get("environment", {}))
    file = OVERLAYS / f"values-{scenario}.yaml"
    if file.exists():
        values |= yaml.safe_load(file.read_text())["services"].get(service, {}).get("environment", {})
    return values


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_setting_of_every_scenario_is_one_that_the_programs_take(scenario):
    router = RouterSettings.read(environment("router", scenario))
    gateway = GatewaySettings.read(environment("gateway", scenario))
    assert gateway.subject == router.subject and gateway.pressure_subject == router.pressure_subject
    for service in ("router", "gateway"):
        source = (ROOT / "chaosproof/demo/router/settings.py").read_text() + (
            ROOT / "chaosproof/demo/router/start.py"
        ).read_text()
        assert all(f'"{name}"' in source for name in environment(service, scenario))


def test_every_variable_that_env_example_names_is_one_that_the_programs_read():
    names = {
        line.lstrip("# ").partition("=")[0]
        for line in (ROOT / ".env.example").read_text().splitlines()
        if "=" in line and line.lstrip("# ").partition("=")[0].isupper()
    }
    assert {"ROUTER_CMD", "GATEWAY_CMD", "NATS_SERVER_CMD", "NATS_URL", "IPC_SOCKET_PATH"} <= names
    source = "".join(path.read_text() for path in (ROOT / "chaosproof/demo/router").glob("*.py"))
    assert [name for name in names if f'"{name}"' not in source] == []


def test_the_ports_of_the_system_file_are_those_of_nats_conf():
    assert (
        f"port: {SYSTEM['nats']['ports']['nats']}\n"
        in (ROOT / "chaosproof/demo/router/nats.conf").read_text()
    )


# --- in a lab ---------------------------------------------------------------------------------------------


def lab(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(Path(sys.executable).with_name("chaosproof")), "lab", *arguments],
        cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.lab
def test_programs_of_ones_own_stand_in_for_the_demos_in_a_lab(tmp_path):
    from chaosproof.targets.local.target import LocalTarget

    name = f"own-{os.getpid()}"
    python = f"{sys.executable} -m"
    up = lab(
        "up", "chaosproof/demo/router/system.yaml", "--mode", "resilient", "--scenario", "r1", "--name", name,
        ROUTER_CMD=f"{python} chaosproof.demo.router.router",
        # A gateway that is told of its socket by an option, as one's own may be, at a place of its own.
        GATEWAY_CMD=f"sh -c 'exec {python} chaosproof.demo.router.gateway -s $IPC_SOCKET_PATH'",
        IPC_SOCKET_PATH="/run/elsewhere.sock",
        NATS_SERVER_CMD="nats-server -p 4222",
    )  # fmt: skip
    assert up.returncode == 0, up.stderr
    try:
        target = LocalTarget(name)
        assert '"nats-server", "-p", "4222"' in target.logs("nats-0")
        assert "/run/elsewhere.sock" in target.logs("gateway-0")
        asked = target.run(
            "gateway-0", ["python", "-m", "chaosproof.demo.router.client", "ask", "-s", "/run/gateway.sock"]
        )
        assert asked.exit_code == 0, asked.stderr
    finally:
        assert lab("down", name).returncode == 0


@pytest.mark.lab
def test_a_command_that_exits_at_once_ends_the_start_with_its_last_words():
    name = f"dead-{os.getpid()}"
    up = lab(
        "up", "chaosproof/demo/router/system.yaml", "--mode", "resilient", "--name", name,
        ROUTER_CMD="sh -c 'echo no licence; exit 7'",
    )  # fmt: skip
    assert up.returncode == 2
    assert "no licence" in up.stderr and "exit code 7" in up.stderr and "Traceback" not in up.stderr
    assert eventually(lambda: name not in lab("status").stdout, within_s=5)
