"""The chart on the oldest Kubernetes that it allows and on today's.

A cluster of 1.20 has run it (tests/cluster); for that version there are no schemas to hold it against.
"""

import kubernetes_validate
import pytest

from tests.chart.cases import NEWEST, OLDEST, version_cases
from tests.chart.conftest import Rendered

# https://v1-20.docs.kubernetes.io/docs/reference/generated/kubernetes-api/v1.20/
IN_1_20 = {
    ("v1", "ConfigMap"),
    ("v1", "Pod"),
    ("v1", "Service"),
    ("v1", "ServiceAccount"),
    ("apps/v1", "StatefulSet"),
    ("batch/v1beta1", "CronJob"),
    ("rbac.authorization.k8s.io/v1", "Role"),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"),
}
LATER_IN_A_POD = {"restartPolicy", "ephemeralContainers", "resizePolicy"}
WITH_SCHEMAS = ("1.25", "1.29", "1.33", "1.37")


@pytest.mark.parametrize("version", WITH_SCHEMAS)
def test_every_object_is_right_for_a_kubernetes_with_schemas(version: str, all_of_it: Rendered) -> None:
    kinds = set()
    for one in all_of_it.objects:
        kubernetes_validate.validate(one, version, strict=True)
        kinds.add(one["kind"])
    assert kinds == {kind for _, kind in IN_1_20}


def test_the_newest_schemas_are_the_ones_that_are_asked() -> None:
    assert f"{kubernetes_validate.latest_version()}".startswith(WITH_SCHEMAS[-1])
    assert NEWEST.startswith(WITH_SCHEMAS[-1])


def test_the_schemas_would_see_a_misspelt_field(all_of_it: Rendered) -> None:
    pod = all_of_it.of("StatefulSet")["app-a"]
    pod["spec"]["template"]["spec"]["containers"][0]["readinesProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(pod, WITH_SCHEMAS[-1], strict=True)


def test_the_oldest_gets_only_what_it_knows(rendered: dict[str, Rendered]) -> None:
    oldest = rendered[OLDEST]
    assert {(one["apiVersion"], one["kind"]) for one in oldest.objects} == IN_1_20
    for name, container in oldest.containers().items():
        assert not LATER_IN_A_POD & container.keys(), name


def test_versions_differ_in_the_cron_job_only(rendered: dict[str, Rendered]) -> None:
    versions = {version: rendered[version].of("CronJob")["chaosproof-cron"] for version in version_cases()}
    assert [one.pop("apiVersion") for one in versions.values()] == ["batch/v1beta1", *["batch/v1"] * 3]
    others = [
        [one for one in rendered[version].objects if one["kind"] != "CronJob"] + [cron]
        for version, cron in versions.items()
    ]
    assert all(one == others[0] for one in others)
