"""The current context of the Docker command: a name in its configuration, behind which is an engine's address.

Format: https://github.com/docker/cli, cli/context/store (a folder named by the SHA-256 of the context's name).
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chaosproof.errors import UsageError

__all__ = ["context_host"]


def context_host(environment: Mapping[str, str]) -> tuple[str, str]:
    """The current context's name and address, such as `unix:///run/docker.sock`; empty where it is the default.

    Raises `UsageError` for a context that is not there.
    """
    folder = Path(environment.get("DOCKER_CONFIG") or Path(environment.get("HOME", "/")) / ".docker")
    name = environment.get("DOCKER_CONTEXT") or str(_read(folder / "config.json").get("currentContext") or "")
    if name in ("", "default"):
        return "", ""
    digest = hashlib.sha256(name.encode()).hexdigest()
    host = _read(folder / "contexts" / "meta" / digest / "meta.json")
    for key in ("Endpoints", "docker"):
        host = host.get(key) or {}
    if not host.get("Host"):
        raise UsageError(
            f"The Docker context {name} is not in {folder}: choose another by `docker context use`, or set DOCKER_HOST."
        )
    return name, str(host["Host"])


def _read(file: Path) -> dict[str, Any]:
    """The object in a JSON file; empty where there is none."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}
