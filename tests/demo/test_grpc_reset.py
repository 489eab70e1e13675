"""What s4 is about, in small: one app-a is cut off from app-b by resets, with real nftables and real load.

.venv/bin/python -m pytest tests/demo/test_grpc_reset.py
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.lab

ROOM = Path(__file__).with_name("reset_room.py")
UNSHARE = ["unshare", "--user", "--map-root-user", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]


def room(mode: str) -> dict[str, Any]:
    done = subprocess.run(
        [*UNSHARE, sys.executable, str(ROOM), mode], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def errors(result: dict[str, Any], instance: str) -> int:
    return sum(n for name, code, n in result["answers"] if name == instance and code != "SUCCESS")


def test_a_resilient_pair_hides_the_reset_of_one_instance() -> None:
    result = room("resilient")
    total = sum(n for _, _, n in result["answers"])
    assert total >= 400, result
    # Until the balancer has asked, some new connections still go to the hit instance.
    assert errors(result, "app-a-0") <= 20, result
    assert errors(result, "app-a-1") == errors(result, "") == 0, result
    assert result["unavailable_attempts"] <= 21, result
    assert result["ready_after_s"] < 1.0, result
    assert result["ready_at_the_end"] == [True, True]
    assert len(set(result["served_by"])) > 1, "all four channels lead to one app-b"


def test_a_baseline_pair_shows_it_to_every_user_of_that_instance() -> None:
    result = room("baseline")
    assert ["app-a-0", "UNAVAILABLE"] in [answer[:2] for answer in result["answers"]], result
    assert errors(result, "app-a-0") >= 50, result
    assert errors(result, "app-a-1") == 0, result
    assert result["ready_at_the_end"] == [True, True], "a baseline never says that it cannot"
