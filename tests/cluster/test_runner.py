"""An experiment from inside the cluster, as the runner's account and with exactly its Role: what the cron job does.

KUBECONFIG=... ./run test --kubernetes tests/cluster/test_runner.py
"""

import os
from typing import Any

import pytest

from chaosproof.targets.kubernetes.client.api import Cluster, NotFound
from tests.cluster.cluster import a_namespace, pods, put, settled, until, values_of

pytestmark = [pytest.mark.kubernetes, pytest.mark.timeout(500)]


def cron_job(cluster: Cluster) -> dict[str, Any]:
    """The cron job as this cluster knows it: 1.20 has no batch/v1 of it."""
    try:
        return cluster.get(cluster.path("cronjobs", "chaosproof-cron", group="batch/v1"))
    except NotFound:
        return cluster.get(cluster.path("cronjobs", "chaosproof-cron", group="batch/v1beta1"))


def test_the_cron_job_runs_its_experiment_to_a_pass_with_the_role_of_the_chart() -> None:
    with a_namespace(f"runner-{os.getpid()}") as cluster:
        put(cluster, values_of("resilient", "s4", {"cronJob": {"enabled": True, "suspend": True}}))
        for service in ("app-a", "app-b", "prometheus"):
            until(f"{service} is ready", lambda service=service: settled(cluster, service), within_s=90)
        cluster.post(
            cluster.path("jobs", group="batch/v1"),
            {
                "apiVersion": "batch/v1",
                "kind": "Job",
                "metadata": {"name": "now"},
                "spec": cron_job(cluster)["spec"]["jobTemplate"]["spec"],
            },
        )

        def ended() -> dict[str, Any] | None:
            status = cluster.get(cluster.path("jobs", "now", group="batch/v1"))["status"]
            return status if status.get("succeeded") or status.get("failed") else None

        status = until("the experiment has ended", ended, within_s=300)
        [pod] = cluster.get(cluster.path("pods"), labelSelector="job-name=now")["items"]
        said = cluster.text(cluster.path("pods", f"{pod['metadata']['name']}/log"))
        print(said)
        assert status.get("succeeded") == 1, said
        assert "orbidden" not in said
        # The load and its plan are gone, and what was there is as it was.
        assert [
            one["metadata"]["name"] for one in cluster.get(cluster.path("jobs", group="batch/v1"))["items"]
        ] == ["now"]
        assert len(pods(cluster)) == 6
