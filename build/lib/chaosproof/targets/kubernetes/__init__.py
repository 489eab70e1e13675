"""The target `kubernetes`: a namespace of a cluster."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chaosproof.targets.base import Running
from chaosproof.targets.system.definition import System

__all__ = ["LAUNCHER"]


class _KubernetesLauncher:
    """Imports late: the client of a cluster takes half a second, and other targets need none."""

    name = "kubernetes"

    def open(self, variables: Mapping[str, Any]) -> Running:
        """All services of the namespace that `namespace` names, in the cluster of `context`."""
        from chaosproof.targets.kubernetes.client.api import connect
        from chaosproof.targets.kubernetes.cluster_settings import cluster_settings
        from chaosproof.targets.kubernetes.pods.services import find_services
        from chaosproof.targets.kubernetes.target import KubernetesTarget

        settings = cluster_settings(variables)
        cluster = connect(settings.namespace, settings.context)
        return Running(KubernetesTarget(cluster, find_services(cluster, [])), settings.namespace)

    def launch(
        self, system: System, variables: Mapping[str, Any], *, name: str, events_file: Path
    ) -> Running:
        from chaosproof.targets.kubernetes.deploy.cluster_launcher import launch_in_cluster

        return launch_in_cluster(system, variables, run=name, events_file=events_file)


LAUNCHER = _KubernetesLauncher()
