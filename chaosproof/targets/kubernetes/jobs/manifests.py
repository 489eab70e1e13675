"""The objects that the target itself makes in a cluster: a load's Job and its plan. Pure: data in, data out.

Everything of ours carries one label, and what could outlive us carries a deadline.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from chaosproof import __version__

__all__ = ["FILES", "FOLDER", "LOAD_IMAGE", "OURS", "OWNED", "load_job", "load_plan", "object_name"]

OURS = "chaosproof"
OWNED = {"app.kubernetes.io/managed-by": OURS}
FOLDER = "/tmp/job"
FILES = "/plan"
LOAD_IMAGE = f"chaosproof/load:{__version__}"
"""What a job runs in where nothing else is named: an image with this project in it."""
_USER = 10001
_DEADLINE_S = 7200
_KEPT_S = 600
_NAME_MAX = 40


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
    """A Job whose only pod runs `command` once, as nobody, with no rights in the cluster and no capability."""
    container = {
        "name": "load",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": list(command),
        "env": [{"name": key, "value": value} for key, value in env.items()],
        "workingDir": "/tmp",
        "volumeMounts": [
            {"name": "tmp", "mountPath": "/tmp"},
            {"name": "plan", "mountPath": FILES, "readOnly": True},
        ],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}},
    }
    pod = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 2,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": [
            {"name": "tmp", "emptyDir": {}},
            {"name": "plan", "configMap": {"name": name}},
        ],
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "labels": OWNED},
        "spec": {
            "backoffLimit": 0,
            "activeDeadlineSeconds": _DEADLINE_S,
            "ttlSecondsAfterFinished": _KEPT_S,
            "template": {"metadata": {"labels": OWNED}, "spec": pod},
        },
    }
