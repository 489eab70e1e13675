"""What a service meets in a lab that it would meet under Compose: names, users, ends and starts."""

import json
import sys

import pytest

from chaosproof.targets.local.target import LocalTarget
from tests.support.small_lab import running_lab
from tests.support.waiting import eventually

pytestmark = pytest.mark.lab

# One lab for all of it: a service that ends, one whose name is nft's, one that is another user, one that comes back.
SYSTEM = """\
services:
  migrate: {command: sh -c 'sleep 0.3; echo done > migrated'}
  queue:
    command: sh -c 'cat migrated; hostname; getent hosts "$$(hostname)"; id -u; id -g; echo up; sleep 60'
    replicas: 2
    user: 65534:65533
    restart: on-failure
    healthcheck: {test: 'test -e migrated && test $$(id -u) = 65534', interval: 100ms}
    depends_on: {migrate: {condition: service_completed_successfully}}
"""

# As a program asks that has a resolver of its own.
ASK_DNS = """\
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(2)
s.sendto(bytes.fromhex("12340100000100000000000005717565756500" + "00010001"), ("127.0.0.11", 53))
print(socket.inet_ntoa(s.recv(512)[-4:]))
"""


def test_a_service_meets_what_it_would_meet_under_compose(tmp_path):
    events = tmp_path / "events.ndjson"
    tmp_path.chmod(0o755)
    with running_lab(tmp_path, SYSTEM, events_file=events) as lab:
        target = LocalTarget(lab.name)
        address = target.instance("queue-1").address
        assert eventually(lambda: target.logs("queue-1").endswith("up\n"))
        done, name, resolved, uid, gid, up = target.logs("queue-1").splitlines()
        assert (done, name, resolved.split(), uid, gid, up) == (
            "done",
            "queue-1",
            [address, "queue-1"],
            "65534",
            "65533",
            "up",
        )
        migrate = target.states()["migrate-0"]
        assert (migrate.alive, migrate.deaths, migrate.stops) == (False, 0, 1)
        rows = [json.loads(line) for line in events.read_text().splitlines()]
        assert [row["event"] for row in rows if row["instance"] == "migrate-0"] == ["started", "completed"]
        lookup = target.run("queue-0", [sys.executable, "-c", ASK_DNS])
        assert lookup.stdout == target.address("queue").ip + "\n", lookup.stderr
        target.kill("queue-0")
        assert eventually(
            lambda: target.states()["queue-0"].restarts == 1 and target.states()["queue-0"].ready
        )
        assert target.states()["queue-0"].deaths == 0
