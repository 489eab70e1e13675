"""Waiting until what was installed is ready: with progress, and with the pod's own words where it never will be."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from chaosproof.errors import TargetError
from chaosproof.targets.kubernetes.client.api import Cluster
from chaosproof.targets.kubernetes.pods.pod_warnings import last_warning
from chaosproof.targets.kubernetes.pods.pods import read_pod, troubles

__all__ = ["hopeless", "wait_until_gone", "wait_until_ready"]

_POLL_S = 0.2
_READY_WITHIN_S = 60.0
_GONE_WITHIN_S = 45.0
_REPORT_EVERY_S = 2.0
# These do not mend themselves while somebody waits; a pull is tried a second time first.
_HOPELESS = ("InvalidImageName", "ImagePullBackOff", "ErrImageNeverPull", "CreateContainerConfigError")
_SOON_HOPELESS = ("CreateContainerError", "RunContainerError", "CrashLoopBackOff", "ErrImagePull")
_SOON_S = 20.0


def wait_until_ready(
    cluster: Cluster,
    expected: Mapping[str, int],
    labels: str,
    report_progress: Callable[[str], None],
) -> None:
    """Return when as many pods as `expected` (by `app.kubernetes.io/name`) are ready, and no others are left.

    `TargetError` with the pod's own event when one cannot start, within 30 s for an image that cannot be pulled.
    """
    begun = reported_at = time.monotonic()
    while True:
        items = cluster.get(cluster.path("pods"), labelSelector=labels)["items"]
        now = time.monotonic()
        counts: dict[str, int] = {}
        for raw in items:
            pod = read_pod(raw)
            service = pod.labels.get("app.kubernetes.io/name", "")
            counts[service] = counts.get(service, 0) + pod.ready
            if why := hopeless(raw, now - begun):
                raise TargetError(f"The pod {pod.name} cannot start: {why}{last_warning(cluster, pod.name)}")
        if all(counts.get(service, 0) >= number for service, number in expected.items()):
            return
        waiting = [f"{name} {counts.get(name, 0)}/{number}" for name, number in expected.items()]
        if now - begun > _READY_WITHIN_S:
            # a service without a pod, as under a quota: it is the StatefulSet of its name that knows why
            missing = (name for name, number in expected.items() if counts.get(name, 0) < number)
            first = next((read_pod(raw).name for raw in items if not read_pod(raw).ready), next(missing, ""))
            raise TargetError(
                f"Not everything was ready within {_READY_WITHIN_S:g} s ({', '.join(waiting)})."
                + (f" {first}:{last_warning(cluster, first)}" if first else "")
            )
        if now - reported_at > _REPORT_EVERY_S:
            reported_at = now
            report_progress(f"waiting for {', '.join(waiting)} ({now - begun:.0f} s)")
        time.sleep(_POLL_S)


def wait_until_gone(cluster: Cluster, labels: str) -> None:
    """Return when no pod has these labels any more; `TargetError` after 45 s."""
    begun = time.monotonic()
    while left := cluster.get(cluster.path("pods"), labelSelector=labels)["items"]:
        if time.monotonic() - begun > _GONE_WITHIN_S:
            names = ", ".join(raw["metadata"]["name"] for raw in left)
            raise TargetError(f"These pods were not gone within {_GONE_WITHIN_S:g} s: {names}.")
        time.sleep(_POLL_S)


def hopeless(raw: Mapping[str, Any], waited_s: float) -> str:
    """Why waiting any longer is of no use, or nothing. Pure."""
    why = troubles(raw)
    if any(reason in why for reason in _HOPELESS) or (
        waited_s > _SOON_S and any(reason in why for reason in _SOON_HOPELESS)
    ):
        return why
    for condition in raw.get("status", {}).get("conditions", []):
        if condition.get("reason") == "Unschedulable" and waited_s > _SOON_S:
            return f"no node takes it: {condition.get('message', '')}"
    return ""
