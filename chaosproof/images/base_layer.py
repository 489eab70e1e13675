"""The lower layers of the images that need no container engine: Debian with the tools of the sidecar, and on it
requirements.txt.

They are built once for a set of requirements, in about a minute, and kept in the cache. Each is a tar of its own:
engines refuse a layer that has a path twice.
"""

import hashlib
import io
import os
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from chaosproof.errors import UsageError
from chaosproof.images.container_engine import run_command

__all__ = ["add_file", "base_layers", "cache_folder", "owned_by_root", "packages_folder"]

# Debian's own Python has to be the one that pip installs for, or compiled packages would not load.
_SUITES = {(3, 11): "bookworm", (3, 13): "trixie"}
_PACKAGES = ("python3", "libstdc++6", "nftables", "iptables", "iproute2", "procps", "stress-ng", "prometheus")
_LEFT_OUT = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/javascript/*")
_NOT_INSTALLED = ("#", "-e")
_RECIPE = 2  # a higher number makes a cached layer be built anew


def cache_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where layers are kept: `XDG_CACHE_HOME`, else `~/.cache`, and `chaosproof/images` in it."""
    home = environment.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / "chaosproof" / "images"


def packages_folder(version: tuple[int, int]) -> str:
    """Where Debian's Python looks for what Debian did not install, in a layer's own words."""
    return f"./usr/local/lib/python{version[0]}.{version[1]}/dist-packages"


def base_layers(requirements: Path, cache: Path, report_progress: Callable[[str], None]) -> tuple[Path, Path]:
    """The layers as tars in `cache`, lowest first, built if they are not there. `report_progress` is told what takes
    long.

    `UsageError` when mmdebstrap is missing or no Debian has this Python; `ChaosproofError` when a part fails.
    """
    version = sys.version_info[:2]
    if version not in _SUITES:
        has = " and ".join(f"{major}.{minor} ({suite})" for (major, minor), suite in _SUITES.items())
        raise UsageError(
            f"Debian has Python {has}, and this one is {version[0]}.{version[1]}: run it with one of those."
        )
    pinned = _pinned(requirements)
    recipe = "\n".join([str(_RECIPE), str(version), *_PACKAGES, *_LEFT_OUT, pinned])
    digest = hashlib.sha256(recipe.encode()).hexdigest()[:16]
    debian, packages = cache / f"debian-{digest}.tar", cache / f"packages-{digest}.tar"
    if debian.is_file() and packages.is_file():
        return debian, packages
    if shutil.which("mmdebstrap") is None:
        raise UsageError("This needs mmdebstrap: apt-get install --no-install-recommends mmdebstrap.")
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix="building-") as scratch:
        unfinished = Path(scratch) / "debian.tar", Path(scratch) / "packages.tar"
        report_progress(f"building a file system of Debian {_SUITES[version]} (half a minute, once)")
        _debian(_SUITES[version], unfinished[0])
        report_progress("installing requirements.txt into it (half a minute, once)")
        _install(pinned, Path(scratch), unfinished[1], version)
        unfinished[0].replace(debian)
        unfinished[1].replace(packages)
    return debian, packages


def _pinned(requirements: Path) -> str:
    """The requirements without the checkout, which is a layer of its own."""
    lines = requirements.read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if line.strip() and not line.startswith(_NOT_INSTALLED)) + "\n"


def _debian(suite: str, layer: Path) -> None:
    argv = ["mmdebstrap", "--quiet", "--variant=essential", "--format=tar", "--skip=output/dev"]
    argv += [f"--dpkgopt=path-exclude={path}" for path in _LEFT_OUT]
    run_command([*argv, f"--include={','.join(_PACKAGES)}", suite, str(layer)], quiet=True)


def _install(pinned: str, scratch: Path, layer: Path, version: tuple[int, int]) -> None:
    listed, site = scratch / "requirements.txt", scratch / "site"
    listed.write_text(pinned, encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "install", "--quiet"]
    pip += ["--disable-pip-version-check", "--no-warn-conflicts"]
    run_command([*pip, "--target", str(site), "--requirement", str(listed)], quiet=True)
    with tarfile.open(layer, "w") as tar:
        for command in sorted((site / "bin").iterdir()):
            _add_command(tar, command)
        shutil.rmtree(site / "bin")
        tar.add(site, arcname=packages_folder(version), filter=owned_by_root)
        link = tarfile.TarInfo("./usr/local/bin/python")
        link.type, link.linkname, link.mode = tarfile.SYMTYPE, "/usr/bin/python3", 0o777
        tar.addfile(link)


def _add_command(tar: tarfile.TarFile, command: Path) -> None:
    content = command.read_bytes()
    if content.startswith(b"#!"):
        # pip writes the path of the Python that it ran in.
        content = b"#!/usr/bin/python3\n" + content.split(b"\n", 1)[1]
    add_file(tar, f"./usr/local/bin/{command.name}", content, 0o755)


def add_file(tar: tarfile.TarFile, name: str, content: bytes, mode: int = 0o644) -> None:
    """Append a file with this content to a tar."""
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    tar.addfile(entry, io.BytesIO(content))


def owned_by_root(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """What is in an image belongs to root, whoever built it, and all may read it."""
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    entry.mode |= 0o555 if entry.isdir() or entry.mode & 0o100 else 0o444
    return entry
