"""What faults are possible is found in a pod, too, where no network namespace can be made to try them in."""

import shutil
import subprocess

import pytest

from chaosproof.faults.doctor import capabilities
from chaosproof.targets.base import CommandResult

pytestmark = pytest.mark.lab
TOOLS = ("sh", "ip", "tc", "nft", "iptables", "ip6tables", "ss", "sleep", "grep", "mount", "python3", "cat")


def test_what_is_possible_is_tried_on_a_link_of_its_own_and_nothing_is_left(tmp_path):
    for tool in TOOLS:
        (tmp_path / tool).symlink_to(shutil.which(tool, path="/usr/sbin:/usr/bin:/sbin:/bin"))
    states = []

    def run(argv, *, stdin="", timeout_s=10.0):
        # as in a pod: root of a network namespace, and no `unshare` to make another one with
        inside = f'PATH={tmp_path}; "$@"; code=$?; {{ ip -o link; nft list ruleset; }} >&2; exit $code'
        room = ["unshare", "--user", "--map-root-user", "--net", "--mount", "sh", "-c", inside, "sh"]
        # the script adds the folders where tools usually are: here they are empty
        hidden = [word.replace("PATH=$PATH:/usr/sbin:/sbin", "") for word in argv]
        done = subprocess.run(
            [*room, *hidden], capture_output=True, text=True, timeout=timeout_s, check=False
        )
        states.append(done.stderr)
        return CommandResult(tuple(argv), done.returncode, done.stdout, done.stderr, 0.0)

    known = capabilities(run)
    assert known.lack("nft") == ""
    assert known.lack("htb") == ""
    assert known.lack("iptables") == ""
    assert "cproof" not in states[0]
    assert "doctor" not in states[0]
