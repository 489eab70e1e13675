"""The four engines, and how the tests are run beside one: on a machine of its own, made by the script `machine`."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.containers.control_groups import own_groups
from tests.support.chaos import REPOSITORY

__all__ = [
    "ENGINES",
    "NOT_STARTED",
    "Engine",
    "Impossible",
    "Row",
    "install",
    "pytest_command",
    "row_of",
    "try_engine",
]

_MACHINE = Path(__file__).with_name("machine")
_USER = 2345
_LIMIT_S = 1800.0
_SHOWN_LINES = 40
NOT_STARTED = 75  # EX_TEMPFAIL of sysexits.h; pytest has 3 for something else
_PACKAGES = (
    *("podman", "crun", "netavark", "aardvark-dns", "catatonit", "podman-compose"),
    *("docker.io", "runc", "rootlesskit", "iptables"),
    *("uidmap", "slirp4netns", "fuse-overlayfs"),
    *("busybox-static", "nftables", "iproute2", "procps"),
)
_COMMANDS = (
    *("podman", "crun", "podman-compose", "dockerd", "runc", "rootlesskit"),
    *("newuidmap", "slirp4netns", "busybox", "nft", "iptables", "ip"),
)


class Impossible(Exception):
    """Something that cannot be tried here, and why."""


@dataclass(frozen=True)
class Engine:
    """An engine, and the user that it runs as."""

    kind: str
    user: int

    @property
    def name(self) -> str:
        return f"{self.kind}-{'rootless' if self.user else 'rootful'}"


ENGINES = tuple(Engine(kind, user) for kind in ("podman", "docker") for user in (_USER, 0))


@dataclass(frozen=True)
class Row:
    """A line of the table. `trouble` says what is wrong; `impossible` that it could not be tried."""

    engine: str
    tests: str = ""
    trouble: str = ""
    impossible: bool = False


def install(folder: Path) -> None:
    """Install what the engines need into a layer in `folder`, over this machine's files; nothing where all is there.

    Raises `Impossible`.
    """
    if all(shutil.which(command) for command in _COMMANDS):
        (folder / "packages" / "upper").mkdir(parents=True)
        return
    if shutil.which("apt-get") is None:
        missing = [command for command in _COMMANDS if shutil.which(command) is None]
        raise Impossible(f"these are missing, and there is no apt-get to install them: {', '.join(missing)}")
    argv = [str(_MACHINE), "packages", str(folder), *_PACKAGES]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or ["it printed nothing"]
        raise Impossible(f"apt-get could not install {', '.join(_PACKAGES)}: {last[0]}")


def pytest_command(arguments: Sequence[str]) -> list[str]:
    """The command that runs the tests that need an engine, or those of them that pytest's arguments name."""
    argv = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-m", "containers"]
    return [*argv, *(arguments or _marked())]


def _marked() -> list[str]:
    """The modules with such tests: reading all others would take longer than some of these tests."""
    modules = sorted((REPOSITORY / "tests").rglob("test_*.py"))
    return [
        str(module.relative_to(REPOSITORY)) for module in modules if "mark.containers" in module.read_text()
    ]


def try_engine(engine: Engine, folder: Path, command: Sequence[str]) -> Row:
    """Run a command beside this engine, as its user; what it prints is shown as it comes."""
    inside = [sys.executable, "-m", "tests.containers.inside", engine.name, *command]
    with own_groups() as groups:
        variables = {**os.environ, **_variables(engine, groups)}
        argv = [str(_MACHINE), "run", str(folder), engine.kind, str(engine.user), *inside]
        # with it ends its process namespace, and all that runs in that
        process = subprocess.Popen(
            argv, env=variables, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        lines = []
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            lines.append(line)
        exit_code = process.wait()
    log = folder / f"{engine.kind}-{engine.user}" / "data" / "engine.log"
    return row_of(engine, exit_code, lines, log)


def _variables(engine: Engine, groups: Sequence[Path]) -> Mapping[str, str]:
    site = [path for path in os.environ.get("PYTHONPATH", "").split(":") if path]
    readable = [str(REPOSITORY), sys.prefix, sys.base_prefix, *site]
    return {
        "CHAOSPROOF_GROUPS": " ".join(map(str, groups)),
        "CHAOSPROOF_READABLE": " ".join(readable) if engine.user else "",
        "PYTHONDONTWRITEBYTECODE": "1",
        # git reads a checkout of root's for nobody else, unless it is told to
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": "*",
    }


def row_of(engine: Engine, exit_code: int, lines: Sequence[str], log: Path) -> Row:
    """The row of tests that ended so and printed these lines; `log` is what the engine printed."""
    summary = next((line for line in reversed(lines) if re.search(r"\d+ (passed|failed|error)", line)), "")
    tests = summary.strip(" =\n")
    if exit_code == 0:
        return Row(engine.name, tests)
    printed = log.read_text(errors="replace").splitlines()[-_SHOWN_LINES:] if log.exists() else []
    trouble = "\n".join([f"exit {exit_code}", *printed])
    return Row(engine.name, tests, trouble, impossible=exit_code == NOT_STARTED)
