"""Images for tests, of this machine's busybox, which is every command, and of nothing; and how an engine takes them.

Format: https://github.com/moby/docker-image-spec.
"""

import hashlib
import http.client
import io
import json
import os
import shutil
import socket
import tarfile
from pathlib import Path

from chaosproof.images.base_layer import add_file

__all__ = ["EMPTY_IMAGE", "IMAGE", "load_images", "write_images"]

IMAGE = "localhost/chaosproof-test:latest"
EMPTY_IMAGE = "localhost/chaosproof-empty:latest"
"""Without a program, and without a folder that one would need."""

_COMMANDS = ("sh", "httpd", "nc", "sleep", "echo", "nslookup", "true")
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def write_images(archive: Path) -> None:
    """Write an archive with both images in it, in `docker save`'s format."""
    manifest = []
    with tarfile.open(archive, "w") as tar:
        for name, layer in ((IMAGE, _commands()), (EMPTY_IMAGE, _nothing())):
            digest = hashlib.sha256(layer).hexdigest()
            config = _json(
                {
                    "architecture": _ARCHITECTURES[os.uname().machine],
                    "os": "linux",
                    "config": {"Env": ["PATH=/bin"]},
                    "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
                    "history": [{"created_by": "tests/containers/images.py"}],
                }
            )
            config_name = f"{hashlib.sha256(config).hexdigest()}.json"
            add_file(tar, f"{digest}/layer.tar", layer)
            add_file(tar, config_name, config)
            manifest.append({"Config": config_name, "RepoTags": [name], "Layers": [f"{digest}/layer.tar"]})
        add_file(tar, "manifest.json", _json(manifest))


def _commands() -> bytes:
    busybox = shutil.which("busybox")
    assert busybox is not None, "busybox is installed with the engines"
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        for folder in ("bin", "tmp", "etc"):
            _add(tar, folder, tarfile.DIRTYPE)
        add_file(tar, "bin/busybox", Path(busybox).read_bytes(), 0o755)
        for command in _COMMANDS:
            _add(tar, f"bin/{command}", tarfile.SYMTYPE, "busybox")
    return layer.getvalue()


def _nothing() -> bytes:
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        _add(tar, "empty", tarfile.DIRTYPE)
    return layer.getvalue()


def _add(tar: tarfile.TarFile, name: str, kind: bytes, leads_to: str = "") -> None:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.linkname = kind, 0o755, leads_to
    tar.addfile(entry)


def load_images(engine: Path, archive: Path) -> None:
    """Have the engine at that socket take the archive."""
    connection = http.client.HTTPConnection("engine", timeout=60)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(str(engine))
    connection.request(
        "POST", "/v1.41/images/load", archive.read_bytes(), {"Content-Type": "application/x-tar"}
    )
    answer = connection.getresponse()
    printed = answer.read().decode()
    connection.close()
    assert answer.status == 200 and "error" not in printed, printed


def _json(document: object) -> bytes:
    return json.dumps(document).encode()
