"""What the target itself makes in a cluster is right by the API's own schemas, and has no right that it does not need.

The ephemeral container has never run: the cluster that these tests were made on is too old for it. Here it is held
against the schemas of those that know it.
"""

import pytest
import yaml
from kubernetes_validate import ValidationError, validate

from chaosproof.targets.kubernetes.deploy.helm import Release, helm_argv
from chaosproof.targets.kubernetes.jobs.manifests import load_job, load_plan, object_name
from chaosproof.targets.kubernetes.jobs.pod_scripts import KEEP, WRAP
from chaosproof.targets.kubernetes.onboarding.preflight import role_of
from chaosproof.targets.kubernetes.pods.netadmin import ephemeral_container

VERSIONS = ("1.25", "1.29", "1.33", "1.37")
JOB = load_job(
    "chaosproof-load-1", "demo:1", ["sh", "-c", WRAP + KEEP, "job", "/tmp/job", "true"], {"A": "b"}
)


def _pod_with(container):
    bare = {"name": "app", "image": "app:1"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web-0"},
        "spec": {"containers": [bare], "ephemeralContainers": [container]},
    }


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    "manifest",
    [
        JOB,
        load_plan("chaosproof-load-1", {"load-plan.json": "{}"}),
        yaml.safe_load(role_of("shop")),
        _pod_with(ephemeral_container("chaos:1")),
    ],
    ids=["job", "plan", "role", "ephemeral container"],
)
def test_every_object_is_right_for_a_kubernetes_with_schemas(version, manifest):
    validate(manifest, version, strict=True)


def test_the_schemas_would_see_a_misspelt_field_of_the_ephemeral_container():
    wrong = {**ephemeral_container("chaos:1"), "securityContxt": {}}
    with pytest.raises(ValidationError):
        validate(_pod_with(wrong), VERSIONS[-1], strict=True)


def test_the_load_has_no_right_in_the_cluster_no_capability_and_an_end():
    pod = JOB["spec"]["template"]["spec"]
    security = pod["containers"][0]["securityContext"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert security["capabilities"] == {"drop": ["ALL"]}
    assert (security["allowPrivilegeEscalation"], security["readOnlyRootFilesystem"]) == (False, True)
    assert JOB["spec"]["activeDeadlineSeconds"] <= 7200
    assert JOB["spec"]["backoffLimit"] == 0, "a load is never sent twice"


def test_helm_is_called_with_the_values_the_labels_and_the_context():
    release = Release("demo", "shop", chart="charts/x", context="kind", labels={"chaosproof": "run-1"})
    where = ["--namespace", "shop", "--kube-context", "kind"]
    assert helm_argv("install", release, "/v.json") == [
        *["helm", "upgrade", "--install", "demo", "charts/x", "--values", "/v.json"],
        *["--labels", "chaosproof=run-1", *where],
    ]
    assert helm_argv("uninstall", release, "/v.json") == [
        "helm",
        "uninstall",
        "demo",
        "--ignore-not-found",
        *where,
    ]


@pytest.mark.parametrize(
    ("job", "name"),
    [
        ("load-20261122T013001Z", "chaosproof-load-20261122t013001z-1a2b"),
        ("load-test_a_load.", "chaosproof-load-test-a-load-1a2b"),
        ("x" * 200, f"chaosproof-{'x' * 40}-1a2b"),
    ],
)
def test_a_job_s_objects_have_names_that_a_cluster_allows(job, name):
    assert object_name(job, "1a2b") == name


def test_the_load_stays_out_of_every_mesh():
    pod = JOB["spec"]["template"]["metadata"]
    assert pod["annotations"]["linkerd.io/inject"] == "disabled"
    assert pod["labels"]["sidecar.istio.io/inject"] == "false"
    assert pod["labels"]["app.kubernetes.io/managed-by"] == "chaosproof"
