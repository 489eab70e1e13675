"""The processes that an experiment of a stranger is run against, and the environment that it finds.

A folder's `setup.json` may say otherwise than the usual shop with its stock:

    services   name -> kind and options of tests/review/services.py; {NAME_url} and {NAME_pid_file} are filled in
    options    options of `chaos run`; `options_1.9` are those for one toolkit
    env        more variables of the environment
    files      name -> text of files in the working folder
    signal     {"name": "SIGINT", "when": "text in the toolkit's log"}: sent once the text stands there
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["REVIEW", "Scene", "Setup", "standing"]

REVIEW = Path(__file__).resolve().parents[1]
_USUAL = {
    "stock": "stock --base-delay-s 0.02",
    "shop": "shop --dependency {stock_url}",
}
_KUBECONFIG = {
    "apiVersion": "v1", "kind": "Config", "current-context": "shop", "users": [{"name": "shop", "user": {}}],
    "contexts": [{"name": "shop", "context": {"cluster": "shop", "user": "shop"}}],
}  # fmt: skip


@dataclass(frozen=True)
class Setup:
    """How an experiment is run: see the module."""

    services: Mapping[str, str] = field(default_factory=lambda: _USUAL)
    options: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    signal: Mapping[str, str] | None = None

    @classmethod
    def read(cls, folder: Path, label: str) -> "Setup":
        file = folder / "setup.json"
        given: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
        options = given.pop(f"options_{label}", given.pop("options", ()))
        known = {name: value for name, value in given.items() if not name.startswith("options")}
        return cls(options=tuple(options), **known)


@dataclass(frozen=True)
class Scene:
    """Where the experiment runs: its working folder, and the variables that name the services."""

    work: Path
    env: Mapping[str, str]


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _entries(work: Path, services: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Name -> what `services.py control` needs of the service."""
    ports = dict(zip(services, _free_ports(len(services)), strict=True))
    filled = {f"{name}_url": f"http://127.0.0.1:{port}" for name, port in ports.items()}
    filled |= {f"{name}_pid_file": f"{work}/{name}.pid" for name in services}
    entries = {}
    for name, line in services.items():
        kind, *options = line.format(**filled).split()
        argv = [sys.executable, f"{work}/services.py", kind, "--name", name, "--port", str(ports[name])]
        pid_file = filled[f"{name}_pid_file"]
        entries[name] = {
            "argv": [*argv, "--pid-file", pid_file, *options], "pid_file": pid_file, "url": filled[f"{name}_url"],
        }  # fmt: skip
    return entries


def _environment(work: Path, entries: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    names = {f"{name.upper()}_URL": entry["url"] for name, entry in entries.items()}
    names |= {f"{name.upper()}_PID_FILE": entry["pid_file"] for name, entry in entries.items()}
    return names | {
        "HOME": str(work), "WORK": str(work), "PYTHONPATH": str(work), "LANG": "C.UTF-8",
        "PATH": f"{work}/bin:/usr/bin:/bin", "KUBECONFIG": f"{work}/kubeconfig.json",
    }  # fmt: skip


def _started_here(work: Path) -> list[int]:
    """The processes that were started in the working folder or from it, whoever started them."""
    pids = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command, folder = (process / "cmdline").read_bytes(), (process / "cwd").readlink()
        except OSError:
            continue
        if f"{work}/".encode() in command or f"{folder}/".startswith(f"{work}/"):
            pids.append(int(process.name))
    return pids


@contextmanager
def standing(setup: Setup, work: Path) -> Iterator[Scene]:
    """The services, started one after the other and answering; all that was started in `work` is ended in the end."""
    (work / "bin").mkdir(parents=True)
    shutil.copy(REVIEW / "services.py", work)
    shutil.copytree(REVIEW / "strangers", work, dirs_exist_ok=True)
    for name, text in setup.files.items():
        (work / name).write_text(text)
    entries = _entries(work, setup.services)
    (work / "services.json").write_text(json.dumps(entries))
    control = work / "bin/shopctl"
    control.write_text(
        f'#!/bin/sh\nexec {sys.executable} {work}/services.py control {work}/services.json "$@"\n'
    )
    control.chmod(0o755)
    clusters = [name for name, line in setup.services.items() if line.split()[0] == "cluster"]
    for name in clusters:
        cluster = {"name": "shop", "cluster": {"server": entries[name]["url"]}}
        (work / "kubeconfig.json").write_text(json.dumps(_KUBECONFIG | {"clusters": [cluster]}))
    try:
        for name in setup.services:
            subprocess.run([str(control), name, "start"], check=True, stdout=subprocess.DEVNULL, cwd=work)
        yield Scene(work, _environment(work, entries) | dict(setup.env))
    finally:
        # a supervisor may have started a service anew between the look and the kill: hence once more
        while pids := _started_here(work):
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
