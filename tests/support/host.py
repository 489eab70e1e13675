"""What the host looks like, so that a test can say that a lab left no trace on it.

A lab gives its processes the environment of the program that started it, so all labs of this test process, and of the
programs that it starts, carry a mark. Labs of others come and go meanwhile, and are nothing to us.
"""

import json
import os
import secrets
import subprocess
from pathlib import Path
from typing import Any

__all__ = ["left_since", "snapshot"]

_MARK = f"CHAOSPROOF_TEST={os.getpid()}-{secrets.token_hex(4)}"
os.environ.update([_MARK.split("=")])


def snapshot() -> dict[str, Any]:
    """The host's links, nft rules and mounts, and the processes of our labs."""
    return {
        "links": [link["ifname"] for link in json.loads(_output(["ip", "-j", "link"]))],
        "addresses": json.loads(_output(["ip", "-j", "-4", "addr", "show", "dev", "lo"]))[0]["addr_info"],
        "rules": _output(["nft", "-j", "list", "ruleset"]) if os.getuid() == 0 else "",
        "mounts": Path("/proc/self/mounts").read_text(),
        "processes": _processes(),
    }


def left_since(before: dict[str, Any]) -> dict[str, Any]:
    """What of the host is not as in `before`, and which processes are there that were not; empty when it is the same.

    A process that has ended since is nothing left behind, and one that was seen between its fork and its exec keeps its
    number, not its command.
    """
    now = snapshot()
    differing = {key: value for key, value in now.items() if key != "processes" and value != before[key]}
    new = {pid: command for pid, command in now["processes"].items() if pid not in before["processes"]}
    return {**differing, **({"processes": new} if new else {})}


def _processes() -> dict[int, str]:
    """Processes of our labs: the only kind that a lab could leave behind. A lab's name ends with them."""
    processes = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            environment = (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        of_a_lab = "chaosproof.targets.local" in command or any(
            entry.startswith(b"CHAOSPROOF_LAB=") for entry in environment
        )
        if of_a_lab and _MARK.encode() in environment:
            processes[int(folder.name)] = command
    return processes


def _output(argv: list[str]) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout
