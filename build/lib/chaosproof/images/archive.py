"""Images in one file, without a container engine: the `docker save` format, which docker, podman, kind and ctr load.

Format: https://github.com/moby/docker-image-spec (manifest.json, one configuration an image, layers as plain tars).
All images share their layers, and differ in their name and user only.
"""

import hashlib
import json
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from chaosproof.images.base_layer import add_file, owned_by_root
from chaosproof.images.source_layer import FOLDER

__all__ = ["image_config", "write_archive"]

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def image_config(diff_ids: Sequence[str], user: str, machine: str) -> dict[str, Any]:
    """The configuration of one image over layers with these digests (`sha256:...`)."""
    return {
        "architecture": _ARCHITECTURES.get(machine, machine),
        "os": "linux",
        "config": {
            "User": user,
            "WorkingDir": FOLDER,
            "Env": [f"PATH={_PATH}", "PYTHONUNBUFFERED=1"],
        },
        "rootfs": {"type": "layers", "diff_ids": list(diff_ids)},
        "history": [{"created_by": "chaosproof images archive"} for _ in diff_ids],
    }


def write_archive(out: Path, layers: Sequence[Path], users: Mapping[str, str], machine: str) -> None:
    """Write `out` with one image for every name in `users` (whole name -> user), all over the same layers."""
    digests = [_sha256(layer) for layer in layers]
    manifest = []
    with tarfile.open(out, "w") as tar:
        for layer, digest in zip(layers, digests, strict=True):
            tar.add(layer, arcname=f"{digest}/layer.tar", filter=owned_by_root)
        for name, user in users.items():
            config = json.dumps(
                image_config([f"sha256:{digest}" for digest in digests], user, machine)
            ).encode()
            file = f"{hashlib.sha256(config).hexdigest()}.json"
            add_file(tar, file, config)
            paths = [f"{digest}/layer.tar" for digest in digests]
            manifest.append({"Config": file, "RepoTags": [name], "Layers": paths})
        add_file(tar, "manifest.json", json.dumps(manifest).encode())


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
