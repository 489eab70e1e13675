"""A system brought up in a cluster for one run, and taken away after it: by Helm, unless it is deployed already.

What this puts into a cluster carries labels that say which run on which machine it belongs to. What a killed run left
is told by them, and taken away by the next one; what somebody else installed is never touched.
"""

import os
import re
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaosproof.errors import ChaosproofError, TargetError, UsageError
from chaosproof.targets.base import Running
from chaosproof.targets.kubernetes.client.api import Cluster, NotFound, connect
from chaosproof.targets.kubernetes.client.clock import clock_offset_s
from chaosproof.targets.kubernetes.client.forward import Forward
from chaosproof.targets.kubernetes.cluster_settings import ClusterSettings, cluster_settings
from chaosproof.targets.kubernetes.deploy.chart import Chart, chart_of, chart_values
from chaosproof.targets.kubernetes.deploy.cleanup import clean_up_earlier_run, marks_of
from chaosproof.targets.kubernetes.deploy.helm import Release, call_helm, need_helm
from chaosproof.targets.kubernetes.deploy.ready import wait_until_gone, wait_until_ready
from chaosproof.targets.kubernetes.jobs.manifests import LOAD_IMAGE, OWNED
from chaosproof.targets.kubernetes.pods.netadmin import CHAOS_IMAGE
from chaosproof.targets.kubernetes.pods.services import find_services, need_namespace
from chaosproof.targets.kubernetes.target import KubernetesTarget
from chaosproof.targets.system.definition import System

__all__ = ["launch_in_cluster"]

_PROMETHEUS = ("prometheus", 9090)
_IMAGE_SETTING = re.compile("CHAOSPROOF_([A-Z]+)_IMAGE")
_NAMESPACE_GONE_S = 60.0


def launch_in_cluster(
    system: System,
    variables: Mapping[str, Any],
    *,
    run: str,
    events_file: Path | None = None,
) -> Running:
    """Bring `system` up (or find it, where it is deployed), and return when all its instances are ready.

    Taking it down ends it, unless it was there before or is to be kept.
    Raises `UsageError` or `TargetError`; then nothing is left that was not there before.
    """
    chart = chart_of(system)
    settings = cluster_settings(
        {**_images_of(os.environ), **variables}, default_namespace=chart.namespace if chart else None
    )
    if chart is None and not settings.deployed:
        raise UsageError(
            f"{system.file or system.name} names no Helm chart (values:), so it cannot be installed in a cluster; "
            "what is deployed there already is used with --var deployed=true."
        )
    if not settings.deployed:
        need_helm()
    cluster = connect(settings.namespace, settings.context)
    begun = time.monotonic()
    version = str(cluster.get("/version").get("gitVersion", "unknown"))
    installation = _Installation(cluster, settings, system, chart, run)
    try:
        if settings.deployed:
            need_namespace(cluster)
        else:
            installation.install()
        installed_s = time.monotonic() - begun
        names = [service.name for service in system.services]
        target = installation.target = KubernetesTarget(
            cluster,
            find_services(cluster, names, settings.selector),
            metrics={
                service.name: (service.metrics_path, service.metrics_port) for service in system.services
            },
            events_file=events_file,
            load_image=_load_image(chart, settings),
            chaos_image=settings.images.get("chaos", CHAOS_IMAGE),
        )
        endpoints = installation.forward()
        offset_s = clock_offset_s(target)
        if offset_s is not None and abs(offset_s) > 0.1:
            _report_progress(
                f"the pods' clock is {offset_s:+.2f} s from this machine's: recoveries are wrong by as much"
            )
    except BaseException:
        # Why it did not start is what the reader needs; what could not be taken away, the next run takes.
        with suppress(ChaosproofError):
            installation.take_down()
        raise
    timings = {"installed_s": round(installed_s, 3), "ready_s": round(time.monotonic() - begun, 3)}
    facts = {
        "kubernetes": version,
        "namespace": settings.namespace,
        "deployed": settings.deployed,
        "clock_offset_s": offset_s,
    }
    return Running(target, settings.namespace, endpoints, timings, installation.take_down, {"cluster": facts})


@dataclass
class _Installation:
    """What was put into the cluster so far, so that it can be taken away again at any point."""

    cluster: Cluster
    settings: ClusterSettings
    system: System
    chart: Chart | None
    run: str
    installed: bool = False
    made_namespace: bool = False
    forwarded: Forward | None = None
    target: KubernetesTarget | None = None

    @property
    def _labels(self) -> str:
        return f"app.kubernetes.io/instance={self.chart.name}" if self.chart else ""

    def install(self) -> None:
        """The chart, anew: an experiment needs instances that nothing has happened to yet."""
        release = self._release()
        self._have_namespace()
        clean_up_earlier_run(self.cluster, release, self._labels, _report_progress)
        _report_progress(f"installing {release.name} into the namespace {self.settings.namespace}")
        self.installed = True
        call_helm("install", release)
        expected = {service.name: service.replicas for service in self.system.services}
        if any(service.metrics_port is not None for service in self.system.services):
            expected[_PROMETHEUS[0]] = 1
        wait_until_ready(self.cluster, expected, self._labels, _report_progress)

    def forward(self) -> dict[str, str]:
        """Prometheus on this machine's loopback, where the namespace has one."""
        name, port = _PROMETHEUS
        with suppress(NotFound):
            self.cluster.get(self.cluster.path("services", name))
            self.forwarded = Forward(self.cluster, name, port)
            return {name: self.forwarded.url}
        return {}

    def take_down(self) -> None:
        """Take away what this run put into the cluster. Raises `TargetError` when the cluster does not let go."""
        if self.target is not None:
            self.target.close()
        if self.forwarded is not None:
            self.forwarded.close()
        if self.settings.keep:
            return
        try:
            if self.installed:
                call_helm("uninstall", self._release())
                wait_until_gone(self.cluster, self._labels)
        finally:
            if self.made_namespace:
                self.cluster.delete(f"/api/v1/namespaces/{self.settings.namespace}")

    def _release(self) -> Release:
        assert self.chart is not None
        return Release(
            name=self.chart.name,
            namespace=self.settings.namespace,
            chart=str(self.chart.folder),
            context=self.settings.context,
            values=chart_values(self.chart, self.system, self.settings.images),
            labels=marks_of(self.run),
        )

    def _have_namespace(self) -> None:
        """Only the chart's own namespace is made; another that was named is somebody's, or misspelt."""
        assert self.chart is not None
        path = f"/api/v1/namespaces/{self.settings.namespace}"
        if self.settings.namespace != self.chart.namespace:
            need_namespace(self.cluster)
            return
        given_up_at = time.monotonic() + _NAMESPACE_GONE_S
        while True:
            try:
                phase = self.cluster.get(path).get("status", {}).get("phase")
            except NotFound:
                break
            if phase != "Terminating":
                return
            if time.monotonic() > given_up_at:
                raise TargetError(
                    f"The namespace {self.settings.namespace} is being deleted, and does not go."
                )
            time.sleep(0.2)
        body = {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": self.settings.namespace, "labels": OWNED},
        }
        self.cluster.post("/api/v1/namespaces", body)
        self.made_namespace = True


def _load_image(chart: Chart | None, settings: ClusterSettings) -> str:
    if chart is None:
        return settings.images.get("load", LOAD_IMAGE)
    return {"load": LOAD_IMAGE, **chart.images, **settings.images}[chart.load_image]


def _images_of(environment: Mapping[str, str]) -> dict[str, str]:
    """The images that the environment names: CHAOSPROOF_PROMETHEUS_IMAGE is `image_prometheus`, and so on."""
    matches = ((_IMAGE_SETTING.fullmatch(name), image) for name, image in environment.items())
    return {f"image_{match[1].lower()}": image for match, image in matches if match and image}


def _report_progress(sentence: str) -> None:
    print(f"kubernetes: {sentence}", file=sys.stderr, flush=True)
