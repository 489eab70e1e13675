"""A service that somebody else deployed: from its labels to a verdict, with nothing of the deployment changed."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster.cluster import ROOT, a_namespace, is_ready, pods, put, until, values_of
from tests.support.chaos import chaos_argv

pytestmark = [pytest.mark.kubernetes, pytest.mark.timeout(240)]
NAMESPACE = "chaosproof-test-own"


def test_from_labels_to_a_verdict_without_a_change_of_the_deployment(tmp_path):
    init = [sys.executable, "-m", "chaosproof.cli.main", "init", "--namespace", NAMESPACE, "--port", "50051"]
    init += ["--selector", "app.kubernetes.io/name=app-b", "--url", "http://app-a:8080/api/work"]
    with a_namespace(NAMESPACE) as cluster:
        put(cluster, values_of("resilient", "s4"))
        until(
            "all is ready", lambda: len(pods(cluster)) == 6 and all(map(is_ready, pods(cluster))), within_s=60
        )
        before = {one["metadata"]["uid"] for one in pods(cluster)}
        subprocess.run([*init, "--folder", str(tmp_path)], check=True, cwd=ROOT)
        experiment = tmp_path / f"{NAMESPACE}-app-b.json"
        argv = chaos_argv(tmp_path / "journals", tmp_path / "journal.json", {"duration_s": 30})[:-1]
        run = subprocess.run([*argv, str(experiment)], cwd=ROOT, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout + run.stderr
        assert {one["metadata"]["uid"] for one in pods(cluster)} == before
        assert not cluster.get(cluster.path("jobs", group="batch/v1"))["items"]
    (checks,) = Path(tmp_path).rglob("checks.tsv")
    assert "READY_AGAIN\tpass" in checks.read_text()
