"""What the host looks like, so that a test can say that a lab left no trace on it."""

import json
import os
import subprocess
from pathlib import Path

__all__ = ["snapshot"]


def snapshot() -> dict[str, object]:
    """The host's links, nft rules, mounts, abstract sockets of labs, and the processes of labs."""
    return {
        "links": [link["ifname"] for link in json.loads(_output(["ip", "-j", "link"]))],
        "addresses": json.loads(_output(["ip", "-j", "-4", "addr", "show", "dev", "lo"]))[0]["addr_info"],
        "rules": _output(["nft", "-j", "list", "ruleset"]) if os.getuid() == 0 else "",
        "mounts": Path("/proc/self/mounts").read_text(),
        "labs": [
            line.split()[-1]
            for line in Path("/proc/net/unix").read_text().splitlines()
            if "@chaosproof/" in line
        ],
        "processes": _processes(),
    }


def _processes() -> set[tuple[int, str]]:
    """Processes of namespaces and labs: the only kind that a lab could leave behind."""
    found = set()
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            environment = (folder / "environ").read_bytes()
        except OSError:
            continue
        if "chaosproof.targets.local" in command or b"CHAOSPROOF_LAB=" in environment:
            found.add((int(folder.name), command))
    return found


def _output(argv: list[str]) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout
