"""A tree of files with a Debian in it, and commands that run in it as if it were a machine of its own."""

import os
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.chaos import REPOSITORY

__all__ = ["USER", "Impossible", "Outcome", "Root", "build"]

USER = 1000
_ENTER = Path(__file__).with_name("enter")
_PATHS = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# how this machine reaches packages: what is said of that by these variables and files holds in the root, too
_PASSED_ON = ("PIP_", "UV_", "SSL_CERT_", "REQUESTS_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
_APT = ("Acquire::Check-", "Acquire::http::Proxy", "Acquire::https::Proxy")
_FILES = ("/etc/resolv.conf", "/etc/hosts", "/etc/pip.conf")


class Impossible(Exception):
    """Something that cannot be tried here, and why."""


@dataclass(frozen=True)
class Outcome:
    """How a command ended, what it printed, and how long it took."""

    exit_code: int
    printed: str
    duration_s: float


def build(suite: str, tar: Path, mirror: str | None) -> None:
    """Write a Debian to `tar` where it is not there already: as little as has apt-get. Raises `Impossible`."""
    if tar.exists():
        return
    unfinished = tar.with_suffix(".unfinished.tar")
    argv = ["mmdebstrap", "--quiet", "--variant=minbase", "--skip=output/dev", "--include=ca-certificates"]
    argv += [f"--aptopt={line}" for line in _apt_settings()]
    argv += [suite, str(unfinished), *([mirror] if mirror else [])]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or ["mmdebstrap said nothing"]
        raise Impossible(f"mmdebstrap made no {suite}: {last[0]}")
    unfinished.replace(tar)


class Root:
    """The unpacked tree; it has an ordinary user beside root, and a clone of this repository for each."""

    def __init__(self, tar: Path, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        subprocess.run(["tar", "-xf", str(tar), "-C", str(folder)], check=True)
        for name in ("dev", "proc", "sys", "run", "tmp", "mnt"):
            (folder / name).mkdir(exist_ok=True)
        for file in (*_FILES, *(value for value in _passed_on().values() if value.startswith("/"))):
            self._copy_in(Path(file))
        with (folder / "etc/passwd").open("a") as users:
            users.write(f"chaos:x:{USER}:{USER}::{self.home(USER)}:/bin/sh\n")
        with (folder / "etc/group").open("a") as groups:
            groups.write(f"chaos:x:{USER}:\n")

    def home(self, uid: int) -> str:
        """The home folder of root or the ordinary user, as it is called in the tree."""
        return "/root" if uid == 0 else "/home/chaos"

    def clone(self, uid: int, name: str) -> str:
        """A clean clone of this repository in the user's home, and where it is in the tree."""
        inside = f"{self.home(uid)}/{name}"
        target = self.folder / inside.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["git", "clone", "--quiet", "--no-local", str(REPOSITORY), str(target)], check=True)
        subprocess.run(["chown", "-R", f"{uid}:{uid}", str(target.parent)], check=True)
        return inside

    def add_folder(self, source: Path, inside: str) -> None:
        """Copy a folder of this machine to `inside` in the tree."""
        target = self.folder / inside.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, target, symlinks=True)

    def run(
        self,
        uid: int,
        argv: Sequence[str],
        *,
        cwd: str,
        timeout_s: float,
        environment: Mapping[str, str] | None = None,
    ) -> Outcome:
        """Run it as that user, with the environment of a fresh login, to its end or for `timeout_s`."""
        variables = {"HOME": self.home(uid), "PATH": _PATHS, "LANG": "C.UTF-8", **_passed_on()}
        settings = [f"{name}={value}" for name, value in {**variables, **(environment or {})}.items()]
        command = ["env", "-i", "-C", cwd, *settings, *argv]
        began = time.monotonic()
        process = subprocess.Popen(
            [str(_ENTER), str(self.folder), str(uid), *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        try:
            printed, _ = process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            # with it ends its process namespace, and all that runs in that
            process.kill()
            printed, _ = process.communicate()
            return Outcome(124, f"{printed}\nended after {timeout_s:g} s", time.monotonic() - began)
        return Outcome(process.returncode, printed, time.monotonic() - began)

    def _copy_in(self, file: Path) -> None:
        if file.is_file():
            target = self.folder / str(file).lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink(missing_ok=True)
            shutil.copyfile(file, target)


def _apt_settings() -> list[str]:
    """How this machine reaches a mirror: through a proxy, or an old state of it."""
    done = subprocess.run(["apt-config", "dump", "Acquire"], capture_output=True, text=True, check=False)
    return [line for line in done.stdout.splitlines() if line.startswith(_APT)]


def _passed_on() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.upper().startswith(_PASSED_ON)}
