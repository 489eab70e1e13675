"""S4 over connections that nobody uses: a reset has no packet to answer there, and ends them all the same.

.venv/bin/python -m pytest tests/scenarios/test_idle.py
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaosproof.errors import ChaosproofError
from chaosproof.faults.engine import FaultEngine
from chaosproof.faults.model import Fault
from chaosproof.faults.process import ProcessFaults
from chaosproof.probes.connections import established
from chaosproof.runner.session import Session
from chaosproof.targets import Instance, Target
from chaosproof.targets.local.target import LocalTarget
from tests.support.chaos import REPOSITORY
from tests.support.fake_target import FakeTarget
from tests.support.small_lab import running_lab
from tests.support.waiting import eventually

# Opens a connection when it starts, and never sends anything over it. It asks again where it is refused: on a busy
# machine the web may miss a health check just then, and a service without a ready instance refuses connections.
CLIENT = """\
import signal, socket, time
while True:
    try:
        held = socket.create_connection(("web", 8000))
        break
    except OSError:
        time.sleep(0.05)
signal.pause()
"""
IDLE = f"""\
services:
  web:
    command: [python, -u, -m, http.server, "8000"]
    ports: {{http: 8000}}
    healthcheck: {{http: /, port: http, interval_s: 0.05, timeout_s: 10}}
  client:
    command: [python, -c, {json.dumps(CLIENT)}]
    replicas: 2
    depends_on: [web]
"""


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalTarget]:
    with running_lab(tmp_path_factory.mktemp("idle"), IDLE) as lab:
        yield LocalTarget(lab.name)


def configured(target: Target, engine: FaultEngine | None = None) -> dict[str, object]:
    session = Session(None, target, "lab", engine or FaultEngine(target), ProcessFaults(target))
    return {"chaosproof_session": session}


@pytest.mark.lab
def test_a_reset_ends_the_idle_connections_of_the_hit_instance_and_of_nobody_else(
    target: LocalTarget,
) -> None:
    engine = FaultEngine(target)
    configuration = configured(target, engine)

    def open_at(instance: str) -> int:
        return int(established(instance, 8000, configuration)["count"])

    assert eventually(lambda: (open_at("client-0"), open_at("client-1")) == (1, 1), within_s=10)
    if lack := engine.capabilities("client-0").lack("end-idle"):
        pytest.skip(lack)
    receipt = engine.wait_until_ended(engine.apply(Fault(kind="reset", duration_s=1, port=8000), "client-0"))
    assert (open_at("client-0"), open_at("client-1")) == (0, 1)
    assert receipt.note == "1 connections were ended"


@pytest.mark.lab
def test_a_drop_leaves_an_idle_connection_alone(target: LocalTarget) -> None:
    engine = FaultEngine(target)
    engine.wait_until_ended(engine.apply(Fault(kind="drop", duration_s=0.5, port=8000), "client-1"))
    assert established("client-1", 8000, configured(target, engine))["count"] == 1


def test_a_kernel_that_cannot_say_is_no_answer() -> None:
    target = FakeTarget([Instance("a-0", "a", "10.0.0.1", {})])
    argv = ["ss", "-Htn", "state", "established", "dport = :7000"]
    target.answer(argv, exit_code=1, stderr="Cannot open netlink socket")
    with pytest.raises(ChaosproofError, match="on a-0 ended with 1: Cannot open netlink socket"):
        established("a-0", 7000, configured(target))


@pytest.mark.lab
@pytest.mark.e2e
@pytest.mark.slow
@pytest.mark.timeout(240)
def test_users_who_come_back_after_a_silence_do_not_notice_a_reset_of_idle_connections(
    tmp_path: Path,
) -> None:
    chaosproof = str(Path(sys.executable).with_name("chaosproof"))
    argv = [chaosproof, "drill", "s4-idle", "--var", "rate_rps=100", "--journals", str(tmp_path)]
    done = subprocess.run(argv, cwd=REPOSITORY, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for mode in ("baseline", "resilient"):
        (folder,) = (tmp_path / "s4-idle" / mode).iterdir()
        runs = json.loads((folder / "journal.json").read_text())["run"]
        counts = [
            run["output"]["count"] for run in runs if run["activity"]["provider"]["func"] == "established"
        ]
        assert counts[0] >= 1 and counts[1] == 0
