"""`chaosproof inject` on a lab that is up: it says what it did, and its exit code tells whether the fault bit."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from chaosproof.faults.causes.table import CAUSES
from chaosproof.targets.local.target import LocalTarget
from tests.support.small_lab import TWO_SERVERS, running_lab

pytestmark = pytest.mark.lab

# Has always some connections open over which nothing passes.
HOLDER = """\
import contextlib, socket, time
held = []
while True:
    with contextlib.suppress(OSError):
        held.append(socket.create_connection(("web-0", 8000), 1))
    for old in held[:-5]:
        old.close()
    del held[:-5]
    time.sleep(0.2)
"""
# A client that asks the web service again and again, so that a fault has packets to hit.
SYSTEM = f"""\
{TWO_SERVERS}\
  client:
    command: [sh, -c, "while :; do curl -s -o /dev/null -m 1 http://web:8000/; sleep 0.05; done"]
    replicas: 2
  holder:
    command: [python, -c, {json.dumps(HOLDER)}]
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with running_lab(tmp_path_factory.mktemp("inject"), SYSTEM) as lab:
        yield lab


def _argv(lab, *arguments: str) -> list[str]:
    return [str(Path(sys.executable).with_name("chaosproof")), "inject", *arguments, "--lab", lab.name]


def _inject(lab, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(_argv(lab, *arguments), capture_output=True, text=True, timeout=60, check=False)


RESET = ("reset", "--instance", "client-0", "--port", "8000")


@pytest.mark.parametrize(("backend", "ender"), [("nft", "kernel"), ("iptables", "watchdog")])
def test_a_fault_that_bit_and_is_gone_exits_0_and_names_its_backend(lab, backend, ender):
    done = _inject(lab, *RESET, "--duration", "3s", "--backend", backend)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"is on client-0, by {backend}" in done.stdout
    assert f"ended by {ender}, and hit " in done.stdout
    assert "connections were ended." in done.stdout
    assert "open/refused/open" in done.stdout


def test_a_fault_that_hit_nothing_exits_1_and_asks_whether_there_was_traffic(lab):
    done = _inject(lab, "drop", "--instance", "client-0", "--port", "9", "--duration", "300ms")
    assert done.returncode == 1
    assert "hit 0 packets" in done.stdout and "was there traffic" in done.stdout


def test_the_receipt_can_be_had_as_json(lab):
    row = json.loads(_inject(lab, *RESET, "--duration", "500ms", "--json").stdout)
    assert (row["kind"], row["instance"], row["planned_s"]) == ("reset", "client-0", 0.5)
    assert row["packets"] > 0


def test_a_fault_by_its_cause_says_what_it_became_and_bites(lab):
    """The name of the cause is enough: kind and direction follow from it."""
    where = ("--instance", "client-0", "--port", "8000", "--duration", "1s")
    done = _inject(lab, "--like", "peer process killed", *where)
    assert done.returncode == 0, done.stdout + done.stderr
    likeness, fault, end, *_ = done.stdout.splitlines()
    assert likeness.startswith("Like 'peer process killed', on the client of the connection.")
    assert fault.startswith("reset of egress tcp destination port 8000 for 1 s is on client-0")
    assert "open/refused/open" in end


@pytest.mark.slow
@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.name)
def test_every_cause_bites_where_it_is_put(lab, cause):
    """On the end of the connections that it says, with traffic over them."""
    instance = {"client": "client-0", "server": "web-0"}[cause.on]
    where = ("--instance", instance, "--port", "8000", "--duration", "2s")
    # what these few requests fill of a wider link leaves nothing to hold back
    narrow = ("--rate-kbit", "8") if cause.kind == "rate" else ()
    done = _inject(lab, "--like", cause.name, *where, *narrow)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith(f"Like {cause.name!r}, on the {cause.on} of the connection.")


def test_a_rate_that_holds_nothing_back_is_no_success(lab):
    """Packets went through its queue, and none had to wait."""
    where = ("--instance", "client-0", "--port", "8000", "--duration", "1s")
    done = _inject(lab, "rate", *where, "--rate-kbit", "1000000")
    assert done.returncode == 1
    assert "None of them was held back" in done.stdout


def test_ctrl_c_ends_it_early(lab):
    process = subprocess.Popen(
        _argv(lab, *RESET, "--duration", "60s"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert "is on client-0" in process.stdout.readline()
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=20)
    assert time.monotonic() - began < 10
    assert "ended by heal" in output, errors
    web = LocalTarget(lab.name).run("client-0", ["curl", "-s", "-o", "/dev/null", "http://web:8000/"])
    assert web.exit_code == 0


WRONG = [
    ((*RESET, "--duration", "2"), "no duration with a unit"),
    ((*RESET, "--duration", "301s"), "beyond the ceiling of 300 s"),
    (("reset", "--instance", "client-0", "--port", "0", "--duration", "1s"), "port"),
    (("reset", "--instance", "client-9", "--port", "80", "--duration", "1s"), "no instance 'client-9'"),
    (
        ("loss", "--instance", "client-0", "--port", "8000", "--duration", "1s", "--loss-percent", "101"),
        "at most 100",
    ),
    (("loss", "--instance", "client-0", "--port", "8000", "--duration", "1s"), "loss_percent"),
    ((*RESET, "--duration", "1s", "--peer", "nowhere"), "nowhere"),
    (("reset", "--instance", "client-0", "--port", "22", "--duration", "1s"), "protected"),
]


@pytest.mark.parametrize(("arguments", "words"), WRONG)
def test_a_wrong_call_is_one_sentence_and_applies_nothing(lab, arguments, words):
    rules = LocalTarget(lab.name).run("client-0", ["nft", "-j", "list", "ruleset"]).stdout
    done = _inject(lab, *arguments)
    assert done.returncode in (2, 64), done.stdout
    assert words in done.stderr and "Traceback" not in done.stderr
    assert LocalTarget(lab.name).run("client-0", ["nft", "-j", "list", "ruleset"]).stdout == rules
