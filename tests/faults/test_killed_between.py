"""A runner that is killed between a reset's rule and the end of the open connections leaves no receipt that passes."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chaosproof.targets.local.target import LocalTarget
from tests.support.asked import asked, material_of
from tests.support.runs import resilient_run
from tests.support.small_lab import running_lab

pytestmark = pytest.mark.lab

SERVER = (
    "import socket; server = socket.create_server(('', 8000)); held = [server.accept() for _ in range(99)]"
)
# one connection over which nothing passes: no rule sees a packet of it
HOLDER = """\
import socket, time
while True:
    try:
        held = socket.create_connection(("web-0", 8000), 1)
        break
    except OSError:
        time.sleep(0.05)
time.sleep(1000)
"""
SYSTEM = f"""\
services:
  web:
    command: [python, -c, {json.dumps(SERVER)}]
    ports: {{http: 8000}}
  holder:
    command: [python, -c, {json.dumps(HOLDER)}]
"""
KILLED = """
import os, signal, sys, time
from pathlib import Path
from chaosproof.faults import apply_runner
from chaosproof.faults.engine import FaultEngine
from chaosproof.faults.limits import Limits
from chaosproof.faults.model import Fault
from chaosproof.runfolder.faults import FaultLedger
from chaosproof.targets.local.target import LocalTarget

# the rule is in, and the receipt is written: the next thing is to end what is open
apply_runner.Ending.finish = lambda ending: os.kill(os.getpid(), signal.SIGKILL)
engine = FaultEngine(LocalTarget(sys.argv[1]), FaultLedger(Path(sys.argv[2])), Limits(allow_all=True))
engine.apply(Fault(kind="reset", port=8000, duration_s=1.5), "holder-0")
time.sleep(30)
"""


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalTarget]:
    with running_lab(tmp_path_factory.mktemp("killed"), SYSTEM) as lab:
        yield LocalTarget(lab.name)


def test_a_reset_whose_runner_was_killed_before_it_ended_what_was_open_does_not_pass(
    target: LocalTarget, tmp_path: Path
) -> None:
    """What is open stays open at both ends, and new connections alone were refused: half a reset, and it says so."""
    while held(target) != 1:
        pass
    ledger = tmp_path / "faults.jsonl"
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, target.lab, str(ledger)], env=os.environ, timeout=60
    )
    assert killed.returncode == -signal.SIGKILL
    (row,) = map(json.loads, ledger.read_text().splitlines())
    assert row["applied_at"] and held(target) == 1
    statuses = judged(row, tmp_path / "run")
    assert statuses["SYS_FAULT_ENDED"] == "fail"
    assert statuses["SYS_FAULT_CANARY"] == "unknown"
    # also where somebody healed it afterwards: that is no end of its own, and nobody saw the other end
    healed = {**row, "ended_at": row["expires_at"], "ended_by": "kernel", "packets": 3}
    healed["canary"] = {"before": "open", "during": "refused", "after": "open"}
    assert judged(healed, tmp_path / "healed")["SYS_FAULT_CANARY"] == "unknown"


def held(target: LocalTarget) -> int:
    """The connections to the service's port that the holder's kernel has."""
    listed = target.run("holder-0", ["ss", "-Htn", "state", "established", "dport = :8000"])
    return len(listed.stdout.splitlines())


def judged(row: dict[str, Any], folder: Path) -> dict[str, str]:
    """What the checks of a fault say of a run with that row."""
    run = resilient_run()
    run.faults[:] = [row]
    material = material_of(run, folder)
    return {id: asked(id, material).status for id in ("SYS_FAULT_ENDED", "SYS_FAULT_CANARY")}
