"""The objects that the target itself makes in a cluster: a load's Job and its plan. Pure: data in, data out.

Everything of ours carries one label, and what could outlive us carries a deadline.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from chaosproof import __version__
from chaosproof.targets.kubernetes.templates import filled

__all__ = ["FILES", "FOLDER", "LOAD_IMAGE", "OURS", "OWNED", "load_job", "load_plan", "object_name"]

OURS = "chaosproof"
OWNED = {"app.kubernetes.io/managed-by": OURS}
FOLDER = "/tmp/job"
FILES = "/plan"
LOAD_IMAGE = f"chaosproof/load:{__version__}"
"""What a job runs in where nothing else is named: an image with this project in it."""
_NAME_MAX = 40
# A proxy beside the load would be measured with it, and would keep the Job's pod alive: each mesh has its own word.
_OUT_OF_MESH_LABELS = {"sidecar.istio.io/inject": "false", "kuma.io/sidecar-injection": "disabled"}
_OUT_OF_MESH = {
    "sidecar.istio.io/inject": "false",
    "linkerd.io/inject": "disabled",
    "consul.hashicorp.com/connect-inject": "false",
}


def object_name(job: str, token: str) -> str:
    """A name for the objects of a job, in the letters that a cluster allows, short enough for a pod's label."""
    name_part = re.sub("[^a-z0-9]+", "-", job.lower()).strip("-")[:_NAME_MAX].rstrip("-")
    return f"{OURS}-{name_part}-{token}"


def load_plan(name: str, files: Mapping[str, str]) -> dict[str, Any]:
    """A ConfigMap with the input files of a job."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "labels": OWNED},
        "data": dict(files),
    }


def load_job(name: str, image: str, command: Sequence[str], env: Mapping[str, str]) -> dict[str, Any]:
    """A Job whose only pod runs `command` once, as nobody, with no rights, no capability and no mesh."""
    values = {
        "$name": name,
        "$image": image,
        "$command": list(command),
        "$env": [{"name": key, "value": value} for key, value in env.items()],
        "$files": FILES,
        "$labels": OWNED,
        "$pod_labels": {**OWNED, **_OUT_OF_MESH_LABELS},
        "$pod_annotations": _OUT_OF_MESH,
    }
    job: dict[str, Any] = filled(Path(__file__).with_name("load_job.yaml"), values)
    return job
