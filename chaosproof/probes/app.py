"""Questions to the gRPC pair: what became of the work behind its answers."""

from chaoslib.types import Configuration
from prometheus_client.parser import text_string_to_metric_families

from chaosproof.demo.plugin.instance_http import ask_http
from chaosproof.errors import ChaosproofError
from chaosproof.toolkit.current import session_of

__all__ = ["executions"]

_EXECUTED = "b_requests_completed_total"


def executions(service: str = "app-b", configuration: Configuration = None) -> dict[str, int]:
    """The work that the instances of `service` have done since their start, by the ids that they tell on /executed.

    `executed` works, for `ids` different ids; `twice` is how many were done for an id that had been worked on before,
    by any of them. Raises `ChaosproofError` when an instance does not tell, or has forgotten some of it.
    """
    target = session_of(configuration).target
    ids: list[str] = []
    for instance in target.instances(service):
        counted = _counter(target.metrics(instance.name), _EXECUTED)
        status, page = ask_http(target, instance, "GET", "/executed")
        if status != 200:
            raise ChaosproofError(f"{instance.name} answered {status} when asked for what it has executed.")
        if len(page.split()) < counted:
            raise ChaosproofError(
                f"{instance.name} did {counted} works and remembers {len(page.split())} of them."
            )
        ids += page.split()
    return {"executed": len(ids), "ids": len(set(ids)), "twice": len(ids) - len(set(ids))}


def _counter(page: str, name: str) -> int:
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            if sample.name == name and not sample.labels:
                return int(sample.value)
    raise ChaosproofError(f"There is no metric {name} on the page.")
