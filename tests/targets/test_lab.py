"""A real lab: namespaces, service addresses, published ports, Prometheus, and what is left when it dies."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from chaosproof.errors import TargetError, UsageError
from chaosproof.targets.local.control_client import find_labs, lab_pid, take_down
from chaosproof.targets.local.launcher import launch_lab
from chaosproof.targets.local.target import LocalTarget
from chaosproof.targets.system.system_file import load_system
from tests.support.host import left_since, snapshot
from tests.support.small_lab import running_lab, system_file
from tests.support.waiting import eventually

pytestmark = pytest.mark.lab


def get(url: str) -> str:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=5) as answer:
        return answer.read().decode()


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab")
    with running_lab(folder, events_file=folder / "events.ndjson") as lab:
        yield lab


@pytest.fixture(scope="module")
def target(lab):
    return LocalTarget(lab.name)


def test_every_instance_is_ready_when_the_lab_is_up(target):
    states = target.states()
    assert sorted(states) == ["client-0", "web-0", "web-1"]
    assert all(state.alive and state.ready for state in states.values())


def test_a_published_port_reaches_the_service_from_the_host(lab):
    assert "things_total 3" in get(lab.endpoints["web"] + "/page.prom")


def test_new_connections_go_to_each_instance_in_turn(target):
    for _ in range(6):
        done = target.run("client-0", ["curl", "-sS", "-o", "/dev/null", "http://web:8000/turn"])
        assert done.exit_code == 0, done.stderr
    turns = [target.logs(f"web-{n}").count("GET /turn") for n in (0, 1)]
    assert turns == [3, 3]


def test_a_command_runs_in_the_namespace_of_its_instance(target):
    done = target.run("web-0", ["ip", "-j", "addr", "show", "dev", "eth0"])
    addresses = [one["local"] for one in json.loads(done.stdout)[0]["addr_info"]]
    instance = target.instance("web-0")
    assert instance.address in addresses and instance.address6 in addresses


def test_a_command_gets_its_stdin_and_gives_its_exit_code(target):
    done = target.run("web-0", ["sh", "-c", "cat; echo wrong >&2; exit 7"], stdin="hello")
    assert (done.stdout, done.stderr, done.exit_code) == ("hello", "wrong\n", 7)


def test_a_command_that_takes_too_long_is_ended_with_all_that_it_started(target):
    done = target.run("client-0", ["sh", "-c", "sleep 987 & sleep 987"], timeout_s=0.2)
    assert done.exit_code == 124
    assert "did not end within 0.2 s" in done.stderr
    listing = target.run("client-0", ["sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"])
    assert "sleep 987 " not in listing.stdout.replace("sh -c cat", "")


def test_a_command_that_does_not_exist_is_exit_code_127(target):
    assert target.run("web-0", ["no-such-command"]).exit_code == 127


def test_metrics_are_the_instances_own_page(target):
    assert "things_total 3" in target.metrics("web-1")


def test_an_instance_without_metrics_says_so(target):
    with pytest.raises(TargetError, match="client-0 has no metrics"):
        target.metrics("client-0")


def test_an_unknown_instance_is_answered_with_the_known_ones(target):
    for ask in (target.instance, target.kill, target.logs):
        with pytest.raises(TargetError, match=r"no instance 'web-7'.*web-0, web-1"):
            ask("web-7")
    with pytest.raises(TargetError, match=r"no service 'wep'.*client, web"):
        target.instances("wep")


def test_prometheus_scrapes_every_instance(lab):
    def scraped() -> set[str]:
        answer = json.loads(get(lab.endpoints["prometheus"] + "/api/v1/query?query=things_total"))
        return {sample["metric"]["instance"] for sample in answer["data"]["result"]}

    assert eventually(lambda: scraped() == {"web-0", "web-1"}, within_s=10), scraped()


def test_a_killed_instance_gets_no_new_connections_and_a_restarted_one_does(target):
    target.kill("web-1")
    assert eventually(lambda: not target.states()["web-1"].ready)
    state = target.states()["web-1"]
    assert (state.alive, state.deaths, state.stops) == (False, 0, 1)
    # The rule follows the readiness by one nft transaction.
    assert eventually(lambda: _all_answered(target))
    target.restart("web-1")
    state = target.states()["web-1"]
    assert (state.alive, state.ready, state.restarts) == (True, True, 1)


def _all_answered(target) -> bool:
    return all(
        target.run("client-0", ["curl", "-s", "-o", "/dev/null", "http://web:8000/"]).exit_code == 0
        for _ in range(4)
    )


def test_a_paused_instance_is_not_ready_until_it_goes_on(target):
    target.pause("web-0")
    assert eventually(lambda: not target.states()["web-0"].ready)
    assert target.states()["web-0"].paused
    target.resume("web-0")
    assert eventually(lambda: target.states()["web-0"].ready)


def test_an_instance_that_dies_by_itself_is_counted_as_a_death(tmp_path):
    text = """\
services:
  short:
    command: [sh, -c, "until [ -e now ]; do sleep 0.02; done; echo no disk; kill -SEGV 0"]
    working_dir: .
"""
    with running_lab(tmp_path, text, events_file=tmp_path / "events.ndjson") as lab:
        target = LocalTarget(lab.name)
        (tmp_path / "now").touch()
        assert eventually(lambda: not target.states()["short-0"].alive)
        assert target.states()["short-0"].deaths == 1
        events = [json.loads(line) for line in (tmp_path / "events.ndjson").read_text().splitlines()]
        (how,) = {row["detail"] for row in events if row["event"] == "exited"}
        assert how == "exit code 139 (SIGSEGV); its last line: no disk"


def test_two_labs_run_side_by_side_and_do_not_meet(tmp_path):
    with running_lab(tmp_path / "a") as one, running_lab(tmp_path / "b") as other:
        (tmp_path / "a" / "name.txt").write_text("one")
        (tmp_path / "b" / "name.txt").write_text("other")
        assert get(one.endpoints["web"] + "/name.txt") == "one"
        assert get(other.endpoints["web"] + "/name.txt") == "other"
        assert {one.name, other.name} <= set(find_labs())


def test_the_host_is_the_same_after_a_lab(tmp_path):
    before = snapshot()
    with running_lab(tmp_path) as lab:
        during = snapshot()
        assert (during["links"], during["rules"], during["mounts"]) == (
            before["links"],
            before["rules"],
            before["mounts"],
        )
        assert during["processes"] != before["processes"], "the snapshot does not see a lab's processes"
        assert lab.name in find_labs()
    assert eventually(lambda: not left_since(before), within_s=1.0), left_since(before)
    assert lab.name not in find_labs()


def test_the_kernel_ends_everything_when_pid_1_is_killed(tmp_path):
    before = snapshot()
    with running_lab(tmp_path) as lab:
        os.kill(lab_pid(lab.name), signal.SIGKILL)
        assert eventually(lambda: not left_since(before), within_s=1.0), left_since(before)
        assert lab.name not in find_labs()


def test_the_kernel_ends_the_lab_of_a_killed_process(tmp_path):
    before = snapshot()
    file = system_file(tmp_path)
    program = (
        "import sys, pathlib, time\n"
        "from chaosproof.targets.local.launcher import launch_lab\n"
        "from chaosproof.targets.system.system_file import load_system\n"
        "print(launch_lab(load_system(pathlib.Path(sys.argv[1]))).name, flush=True)\n"
        "time.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program, str(file)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    name = process.stdout.readline().strip()
    assert name in find_labs()
    process.kill()
    process.wait()
    assert eventually(lambda: not left_since(before), within_s=1.0), left_since(before)
    assert name not in find_labs()
    process.stdout.close()


def test_a_detached_lab_stays_until_it_is_taken_down(tmp_path):
    file = system_file(tmp_path)
    name = f"stays-{os.getpid()}"
    up = _chaosproof("lab", "up", str(file), "--name", name, "--timings")
    try:
        assert up.returncode == 0, up.stderr
        assert f"Lab {name} is up." in up.stdout and "everything" in up.stdout
        status = json.loads(_chaosproof("lab", "status", "--json").stdout)
        (row,) = [row for row in status if row["lab"] == name]
        assert [one["name"] for one in row["instances"] if one["ready"]] == ["client-0", "web-0", "web-1"]
        again = _chaosproof("lab", "up", str(file), "--name", name)
        assert (again.returncode, again.stderr) == (
            64,
            f"chaosproof: A lab named {name} is up already; choose another name or take it down.\n",
        )
    finally:
        down = _chaosproof("lab", "down", name)
    assert (down.returncode, down.stdout) == (0, f"Lab {name} is down.\n")
    assert name not in find_labs()
    assert _chaosproof("lab", "down", name).returncode == 64


def test_taking_down_a_lab_that_is_not_up_is_harmless():
    take_down("never-was")


def _chaosproof(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = Path(sys.executable).with_name("chaosproof")
    return subprocess.run([str(command), *arguments], capture_output=True, text=True, timeout=60, check=False)


# --- what cannot start ----------------------------------------------------------------------------------

FAILURES = {
    "a service that dies at start": (
        "services: {bad: {command: [sh, -c, 'echo no database; exit 9']"
        ", healthcheck: {tcp: x}, ports: {x: 1}}}",
        TargetError,
        ["bad-0", "exit code 9", "no database"],
    ),
    "a service that never gets ready": (
        "services: {bad: {command: [sh, -c, 'echo waiting; sleep 60'], ports: {x: 80}"
        ", healthcheck: {http: /, port: x, timeout_s: 0.5}}}",
        TargetError,
        ["bad-0 was not ready within 0.5 s", "waiting"],
    ),
    "a command that does not exist": (
        "services: {bad: {command: [no-such-program]}}",
        UsageError,
        ["services.bad.command", "there is no command 'no-such-program'"],
    ),
    "a working folder that does not exist": (
        "services: {bad: {command: [sh], working_dir: nowhere}}",
        UsageError,
        ["services.bad.working_dir: the folder", "nowhere does not exist"],
    ),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_what_cannot_start_is_said_in_a_sentence_and_leaves_nothing(tmp_path, failure):
    text, kind, words = FAILURES[failure]
    before = snapshot()
    with pytest.raises(kind) as caught:
        launch_lab(load_system(system_file(tmp_path, text)), name=f"cannot-start-{os.getpid()}")
    for word in words:
        assert word in str(caught.value)
    assert eventually(lambda: not left_since(before), within_s=1.0), left_since(before)
    assert f"cannot-start-{os.getpid()}" not in find_labs()


@pytest.mark.parametrize(
    ("tool", "package"), [("nft", "nftables"), ("unshare", "util-linux"), ("prometheus", "prometheus")]
)
def test_a_missing_tool_is_named_with_its_package(tmp_path, monkeypatch, tool, package):
    import chaosproof.targets.local.launcher as launch

    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    for name in {*launch._TOOLS, "prometheus", "python"} - {tool}:
        (bin_folder / name).symlink_to("/bin/true")
    monkeypatch.setattr(launch, "command_path", lambda: str(bin_folder))
    with pytest.raises(UsageError, match=f"'{tool}' is missing; install it with: apt-get install {package}"):
        launch_lab(load_system(system_file(tmp_path / "system")))


def test_forbidden_namespaces_are_said_with_their_setting(tmp_path, monkeypatch):
    import chaosproof.targets.local.launcher as launch

    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    refuses = bin_folder / "unshare"
    refuses.write_text("#!/bin/sh\necho 'unshare: unshare failed: Operation not permitted' >&2\nexit 1\n")
    refuses.chmod(0o755)
    path = f"{bin_folder}:{launch.command_path()}"
    monkeypatch.setattr(launch, "command_path", lambda: path)
    with pytest.raises(UsageError, match=r"does not let user \d+ make namespaces .*Operation not permitted"):
        launch_lab(load_system(system_file(tmp_path / "system")))
