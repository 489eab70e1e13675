"""A project of containers as a target: the contract that every target keeps, and what is its own, on a real engine."""

import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chaosproof.errors import TargetError, UsageError
from chaosproof.faults.engine import FaultEngine
from chaosproof.faults.limits import Limits
from chaosproof.faults.model import Fault
from chaosproof.targets.base import Running, SupportsDeferred, Target
from chaosproof.targets.containers.engine.client import EngineClient
from chaosproof.targets.containers.launcher import launch_project
from chaosproof.targets.local.control_client import lab_pid
from chaosproof.targets.system.definition import HealthCheck, Service, System
from tests.containers.projects import Project
from tests.support.target_contract import ServicesContract
from tests.support.waiting import eventually

pytestmark = pytest.mark.containers

PORT = 8080
_READY = HealthCheck("http", "/etc/hosts", PORT, interval_s=0.1, timeout_s=20)
SYSTEM = System(
    "small",
    (
        Service("client", ()),
        Service("server", (), ports={"http": PORT}, healthcheck=_READY, stop_grace_period_s=1.0),
    ),
)
SERVE = ("httpd", "-f", "-p", str(PORT), "-h", "/")
# by their addresses: busybox without libraries looks up no name
CALLS = f"""
while true; do
  for server in $0 $1; do nc -w 1 $server {PORT} </dev/null && echo good || echo bad; done; sleep 0.1
done
"""


@pytest.fixture
def started(project: Project, tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Makes a target of a project with two servers, which their engine starts again, and a client."""
    running: list[Running] = []

    def start(**variables: Any) -> Running:
        again = {"restart_policy": {"Name": "always"}}
        servers = [project.run("server", SERVE, number=number, host=again) for number in (1, 2)]
        addresses = [address for server in servers for address, _ in server.networks.values()]
        project.run("client", ["sh", "-c", CALLS, *addresses])
        said = {"deployed": True, "project": project.name, **variables}
        events = tmp_path / "readiness.ndjson"
        running.append(launch_project(SYSTEM, said, run=f"test-{secrets.token_hex(3)}", events_file=events))
        return running[-1]

    yield start
    for each in running:
        each.take_down()


@pytest.fixture
def running(started: Callable[..., Running]) -> Running:
    return started()


def events(folder: Path) -> list[tuple[str, str]]:
    rows = map(json.loads, (folder / "readiness.ndjson").read_text().splitlines())
    return [(row["instance"], row["event"]) for row in rows]


def ours(client: EngineClient) -> list[str]:
    """What is there of ours: helper containers, of any run."""
    return [each.name for each in client.containers() if each.name.startswith("chaosproof-")]


class TestContainers(ServicesContract):
    @pytest.fixture
    def target(self, running: Running) -> Target:
        return running.target

    def test_a_service_has_an_address_and_ports(self, target: Target):
        """Names of the project lead to the containers themselves."""
        address = target.address("server")
        assert address.ip == "" and address.ports == {"http": PORT}
        assert all(instance.address for instance in target.instances("server"))


def test_nothing_of_ours_is_left_and_the_project_goes_on(
    client: EngineClient, project: Project, running: Running
):
    """The helper is the only thing that a run adds to a project that was there before."""
    assert len(ours(client)) == 1 and running.is_up()
    running.take_down()
    assert ours(client) == [] and not running.is_up()
    assert [each.running for each in client.containers(project.name)] == [True, True, True]


def test_the_helper_ends_with_a_supervisor_that_is_killed(client: EngineClient, running: Running):
    """By the kernel: nobody is left to do it."""
    os.kill(lab_pid(running.name), signal.SIGKILL)
    assert eventually(lambda: ours(client) == [], 15)


def test_it_keeps_no_watch_over_what_comes_after_a_command(running: Running):
    """A fault's clean-up would die with it, while the container and the fault live on."""
    assert not isinstance(running.target, SupportsDeferred)


def test_a_killed_container_is_started_again_by_its_engine_as_in_life(running: Running, tmp_path: Path):
    """Our signal comes from outside, so that its restart policy answers."""
    running.target.kill("server-0")
    assert eventually(lambda: running.target.states()["server-0"].restarts == 1, 20)
    assert eventually(lambda: running.target.states()["server-0"].ready, 20)
    state = running.target.states()["server-0"]
    assert (state.stops, state.deaths, state.alive) == (1, 0, True)
    assert eventually(lambda: ("server-0", "killed") in events(tmp_path), 5)


def test_a_death_that_nobody_meant_counts_as_such(running: Running, project: Project, tmp_path: Path):
    """Killed by somebody else; the engine tells the exit code."""
    container = next(each for each in project.client.containers(project.name) if each.number == 2)
    os.kill(container.pid, signal.SIGKILL)
    assert eventually(lambda: running.target.states()["server-1"].deaths == 1, 10)
    assert eventually(lambda: ("server-1", "exited") in events(tmp_path), 10)


def test_load_beside_it_reaches_those_that_are_ready_alone(running: Running, tmp_path: Path):
    """By the service's name, while one copy stands still: none of 20 calls meets it."""
    running.target.pause("server-0", duration_s=8)
    assert eventually(lambda: not running.target.states()["server-0"].ready, 6)
    script = f"""
import urllib.request
for _ in range(20):
    urllib.request.urlopen("http://server:{PORT}/etc/hosts", timeout=1).read()
"""
    running.target.start_job("calls", [sys.executable, "-c", script], env={}, out_dir=tmp_path / "out")
    assert eventually(lambda: not running.target.job("calls").running, 30)
    done = running.target.job("calls")
    assert done.exit_code == 0, done.stderr_tail


def test_where_none_is_ready_a_connection_is_refused_at_once(running: Running, tmp_path: Path):
    """It does not wait for an answer that nobody gives."""
    for name in ("server-0", "server-1"):
        running.target.pause(name, duration_s=20)
    assert eventually(
        lambda: not any(s.ready for n, s in running.target.states().items() if "server" in n), 8
    )
    script = f"""
import socket
try:
    socket.create_connection(("server", {PORT}), timeout=5)
except ConnectionRefusedError:
    print("refused")
"""
    running.target.start_job("call", [sys.executable, "-c", script], env={}, out_dir=tmp_path / "out")
    assert eventually(lambda: not running.target.job("call").running, 20)
    assert running.target.job("call").stderr_tail == "refused\n"


def test_a_pause_ends_by_itself(running: Running, tmp_path: Path):
    """And all its processes go on."""
    running.target.pause("client-0", duration_s=1)
    assert running.target.states()["client-0"].paused
    assert eventually(lambda: not running.target.states()["client-0"].paused, 5)
    assert events(tmp_path)[-2:] == [("client-0", "paused"), ("client-0", "resumed")]


def test_a_restart_by_the_engine_ends_in_readiness_and_another_network(running: Running, tmp_path: Path):
    """What was on the old network is gone with it, and the row says so."""
    running.target.restart("server-0")
    state = running.target.states()["server-0"]
    assert state.alive and state.ready and (state.restarts, state.stops, state.deaths) == (1, 1, 0)
    rows = [json.loads(line) for line in (tmp_path / "readiness.ndjson").read_text().splitlines()]
    again = [row for row in rows if row["instance"] == "server-0" and row["event"] == "started"][-1]
    assert "its network is a new one" in again["detail"]


def test_a_command_runs_among_the_programs_files(running: Running):
    """As its user, with its own name."""
    done = running.target.run("server-0", ["busybox", "cat", "/etc/hosts"], inside="program")
    assert running.target.instance("server-0").address in done.stdout and done.exit_code == 0


def test_logs_are_those_of_the_engine(running: Running):
    """As `podman logs` has them."""
    assert eventually(lambda: "good" in running.target.logs("client-0"), 10)


def test_a_fault_bites_both_ends_and_the_kernel_ends_it(running: Running):
    """On one container, towards another service by its name."""
    engine = FaultEngine(running.target, limits=Limits(allow_all=True))
    fault = Fault(kind="reset", duration_s=2, port=PORT, peer="server")
    final = engine.wait_until_ended(engine.apply(fault, "client-0"))
    assert final.packets and final.ended_by == "kernel"
    assert (final.canary.before, final.canary.during, final.canary.after) == ("open", "refused", "open")


def test_a_project_without_a_service_is_refused_before_anything_is_added(
    client: EngineClient, project: Project, tmp_path: Path
):
    """Its services are listed."""
    project.run("client", ["sleep", "100"])
    said = {"deployed": True, "project": project.name}
    with pytest.raises(TargetError, match=r"no container of the service server \(it has: client\)"):
        launch_project(SYSTEM, said, run="test-without", events_file=tmp_path / "events")
    assert ours(client) == []


def test_a_project_that_nobody_has_named_must_be_the_only_one(project: Project, tmp_path: Path):
    """Where no project has all services, those that are there are named."""
    project.run("client", ["sleep", "100"])
    with pytest.raises(UsageError, match=f"no project has the services client, server.*{project.name}"):
        launch_project(SYSTEM, {"deployed": True}, run="test-none", events_file=tmp_path / "events")


LAUNCH = """
import sys, time
from pathlib import Path
from chaosproof.targets.containers.launcher import launch_project
from tests.targets.containers.test_project import SYSTEM
launch_project(SYSTEM, {"deployed": True, "project": sys.argv[1]}, run="test-killed", events_file=Path(sys.argv[2]))
print("up", flush=True)
time.sleep(100)
"""


def test_all_of_it_ends_with_a_run_that_is_killed(client: EngineClient, project: Project, tmp_path: Path):
    """SIGKILL to whoever launched it: no helper, no process of ours, within seconds."""
    project.run("server", SERVE)
    project.run("client", ["sleep", "1000"])
    argv = [sys.executable, "-c", LAUNCH, project.name, str(tmp_path / "events")]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as launched:
        assert launched.stdout is not None and launched.stdout.readline() == "up\n"
        keeper = lab_pid("test-killed")
        launched.kill()
    assert eventually(lambda: not Path(f"/proc/{keeper}").exists() or _is_dead(keeper), 5)
    assert eventually(lambda: ours(client) == [], 15)
    assert [each.running for each in client.containers(project.name)] == [True, True]


def _is_dead(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True
