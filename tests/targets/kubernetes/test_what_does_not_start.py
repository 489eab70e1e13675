"""What could not be started says why in the cluster's own words: a quota, an image without a shell or Python."""

import pytest

from chaosproof.errors import ChaosproofError, TargetError
from chaosproof.runner.load import job
from chaosproof.targets.kubernetes.client import execute as execute_module
from chaosproof.targets.kubernetes.client.execute import execute
from chaosproof.targets.kubernetes.deploy import ready
from chaosproof.targets.kubernetes.jobs import cluster_jobs
from chaosproof.targets.kubernetes.jobs.cluster_jobs import Jobs
from chaosproof.targets.kubernetes.pods.services import find_services
from chaosproof.targets.kubernetes.target import KubernetesTarget
from tests.support.kubernetes_api import pod, service
from tests.support.waiting import eventually

ROOT = "/api/v1/namespaces/shop"
QUOTA = {"reason": "FailedCreate", "message": "exceeded quota: compute, requested: limits.cpu=1"}


class _Refused:
    """A command that the container could not start, as the API server tells of it."""

    message = b'exec: "sh": executable file not found in $PATH: unknown'
    exit_code = 127

    def __init__(self, *_, **__):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def write(self, data):
        pass

    def messages(self, timeout_s):
        return iter(())


def _state_of_a_job(cluster, folder):
    jobs = Jobs(cluster, "load:1")
    jobs.start("load", ["true"], env={}, out_dir=folder)
    assert eventually(lambda: not jobs.state("load").running)
    return jobs.state("load").stderr_tail


def test_a_quota_that_lets_no_pod_in_is_said_in_its_own_words(api, cluster, tmp_path, monkeypatch):
    monkeypatch.setattr(cluster_jobs, "_PENDING_S", 0.1)
    api.list_of(f"{ROOT}/pods")
    api.list_of(f"{ROOT}/events", QUOTA)
    assert "no pod was made for it (event FailedCreate: exceeded quota: compute" in _state_of_a_job(
        cluster, tmp_path
    )


def test_a_load_is_waited_for_until_the_cluster_has_said_why_it_placed_no_pod(
    api, cluster, tmp_path, monkeypatch
):
    assert job._FIRST_ROW_WITHIN_S > cluster_jobs._PENDING_S
    monkeypatch.setattr(cluster_jobs, "_PENDING_S", 0.1)
    api.list_of(f"{ROOT}/services", service("checkout"))
    api.list_of(f"{ROOT}/pods", pod("checkout-0"))
    api.list_of(f"{ROOT}/events", QUOTA)
    target = KubernetesTarget(cluster, find_services(cluster, ["checkout"]))
    # the stand-in answers every selector alike: the pods of the Job are none
    api.list_of(f"{ROOT}/pods")
    plan = {"url": "http://checkout:8080/", "rate_rps": 1, "connections": 1, "duration_s": 1}
    try:
        with pytest.raises(ChaosproofError, match=r"did not begin to send .*exceeded quota: compute"):
            job.start_load(target, tmp_path, plan)
    finally:
        target.close()


def test_where_events_may_not_be_read_the_rest_is_said(api, cluster, tmp_path, monkeypatch):
    monkeypatch.setattr(cluster_jobs, "_PENDING_S", 0.1)
    api.list_of(f"{ROOT}/pods")
    api.refuse["GET", f"{ROOT}/events"] = (403, "no")
    assert _state_of_a_job(cluster, tmp_path).endswith("within 0.1 s: no pod was made for it.")


def test_a_load_s_pod_that_a_node_turns_away_or_evicts_is_not_waited_for(api, cluster, tmp_path):
    gone = {"phase": "Failed", "reason": "Evicted", "containerStatuses": []}
    api.list_of(f"{ROOT}/pods", pod("chaosproof-load-x", containers=["load"], status=gone))
    api.list_of(f"{ROOT}/events", {"reason": "Evicted", "message": "The node was low on resource: memory."})
    assert _state_of_a_job(cluster, tmp_path) == (
        "The pod chaosproof-load-x of the job load ended before it ran: Evicted "
        "(event Evicted: The node was low on resource: memory.)."
    )


def test_a_quota_that_lets_no_instance_in_is_said_too(api, cluster, monkeypatch):
    monkeypatch.setattr(ready, "_READY_WITHIN_S", -1.0)
    api.list_of(f"{ROOT}/pods")
    api.list_of(f"{ROOT}/events", QUOTA)
    with pytest.raises(TargetError, match=r"\(app-a 0/2\)\. app-a: \(event FailedCreate: exceeded quota"):
        ready.wait_until_ready(cluster, {"app-a": 2}, "", print)


def test_a_container_without_a_shell_is_named_with_what_needs_none(api, cluster, monkeypatch):
    monkeypatch.setattr(execute_module, "Exec", _Refused)
    with pytest.raises(TargetError, match=r"container app of checkout-a has no shell \(sh\).*restart"):
        execute(cluster, "checkout-a", "app", ["true"])


def test_a_command_that_is_not_there_is_an_exit_code(api, cluster, monkeypatch):
    monkeypatch.setattr(
        execute_module,
        "Exec",
        type("Other", (_Refused,), {"message": b'exec: "nope": executable file not found'}),
    )
    assert execute(cluster, "checkout-a", "app", ["nope"]).exit_code == 127


def test_a_load_s_image_without_python_is_named_at_once(api, cluster, tmp_path, monkeypatch):
    message = b'exec: "python": executable file not found'
    monkeypatch.setattr(cluster_jobs, "Exec", type("Other", (_Refused,), {"message": message}))
    api.list_of(f"{ROOT}/pods", pod("chaosproof-load-x", containers=["load"]))
    assert "The container load of chaosproof-load-x has no Python" in _state_of_a_job(cluster, tmp_path)
