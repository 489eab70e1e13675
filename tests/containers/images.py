"""An image for tests, of one file of this machine: busybox, which is every command; and how an engine takes it.

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

__all__ = ["IMAGE", "load_image", "write_image"]

IMAGE = "localhost/chaosproof-test:latest"
_COMMANDS = ("sh", "httpd", "nc", "sleep", "echo", "nslookup", "true")
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def write_image(archive: Path) -> None:
    """Write an archive with the image in it, in `docker save`'s format."""
    busybox = shutil.which("busybox")
    assert busybox is not None, "busybox is installed with the engines"
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        for folder in ("bin", "tmp", "etc"):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(entry)
        entry = tar.gettarinfo(busybox, "bin/busybox")
        entry.uid = entry.gid = 0
        with Path(busybox).open("rb") as content:
            tar.addfile(entry, content)
        for command in _COMMANDS:
            entry = tarfile.TarInfo(f"bin/{command}")
            entry.type, entry.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(entry)
    digest = hashlib.sha256(layer.getvalue()).hexdigest()
    config = {
        "architecture": _ARCHITECTURES[os.uname().machine],
        "os": "linux",
        "config": {"Env": ["PATH=/bin"], "Cmd": ["sleep", "1000"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
        "history": [{"created_by": "tests/containers/images.py"}],
    }
    manifest = [{"Config": "config.json", "RepoTags": [IMAGE], "Layers": ["layer.tar"]}]
    with tarfile.open(archive, "w") as tar:
        for name, text in (
            ("layer.tar", layer.getvalue()),
            ("config.json", _json(config)),
            ("manifest.json", _json(manifest)),
        ):
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text))


def load_image(engine: Path, archive: Path) -> None:
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
