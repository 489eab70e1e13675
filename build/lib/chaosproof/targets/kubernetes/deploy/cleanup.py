"""What an earlier run left in a namespace: told from what is somebody else's by its labels, and taken away."""

import os
import socket
from collections.abc import Callable
from contextlib import suppress

from chaosproof.errors import UsageError
from chaosproof.targets.kubernetes.client.api import Cluster
from chaosproof.targets.kubernetes.deploy.helm import Release, call_helm
from chaosproof.targets.kubernetes.deploy.ready import wait_until_gone
from chaosproof.targets.kubernetes.jobs.manifests import OURS, OWNED

__all__ = ["clean_up_earlier_run", "marks_of"]


def marks_of(run: str) -> dict[str, str]:
    """The labels of a release that a run of this process installs."""
    return {OURS: run, "host": _host(), "pid": str(os.getpid())}


def clean_up_earlier_run(
    cluster: Cluster, release: Release, pods: str, report_progress: Callable[[str], None]
) -> None:
    """Take down what a run that was killed left: its release, whose pods have the labels `pods`, and its jobs.

    Raises `UsageError` when the release is somebody else's, or of a run of this machine that is alive.
    """
    releases = cluster.get(cluster.path("secrets"), labelSelector=f"owner=helm,name={release.name}")["items"]
    if releases:
        labels = releases[-1]["metadata"].get("labels", {})
        if OURS not in labels:
            raise UsageError(
                f"The namespace {cluster.namespace} has a release {release.name} that no run installed: use it with "
                f"--var deployed=true, or take it away: helm uninstall {release.name} -n {cluster.namespace}"
            )
        if labels.get("host") == _host() and _lives(int(labels.get("pid", "0"))):
            raise UsageError(
                f"The run {labels[OURS]} (process {labels['pid']}) uses the namespace {cluster.namespace} now: "
                "wait for it, or choose another with --var namespace=..."
            )
        report_progress(f"taking down what the run {labels[OURS]} left")
        call_helm("uninstall", release)
        wait_until_gone(cluster, pods)
    owned = ",".join(f"{key}={value}" for key, value in OWNED.items())
    for kind, group in (("jobs", "batch/v1"), ("configmaps", "")):
        for raw in cluster.get(cluster.path(kind, group=group), labelSelector=owned)["items"]:
            path = cluster.path(kind, raw["metadata"]["name"], group=group)
            cluster.delete(path, propagationPolicy="Background")


def _host() -> str:
    """This machine's name, in the letters that a label may have."""
    name = "".join(letter if letter.isalnum() or letter in "-." else "-" for letter in socket.gethostname())
    return name[:63].strip("-.")


def _lives(pid: int) -> bool:
    if pid in (0, os.getpid()):
        return False
    with suppress(ProcessLookupError):
        with suppress(PermissionError):
            os.kill(pid, 0)
        return True
    return False
