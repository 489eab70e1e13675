"""Whether the metrics pages of a lab's instances can be read, looked at as soon as the lab is up.

Prometheus itself scrapes a target for the first time 5 to 10 s after its own start; what it says of each after that is
`chaosproof.runner.prometheus.down_targets`.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from chaosproof.errors import TargetError
from chaosproof.targets.base import Instance, Target

__all__ = ["unreadable_pages"]


def unreadable_pages(target: Target) -> Sequence[str]:
    """A sentence for each instance that the system file gives a metrics page, and that has none to be read."""
    instances = [each for each in target.instances() if each.metrics_port is not None]
    if not instances:
        return ()
    with ThreadPoolExecutor(min(len(instances), 16)) as pool:
        sentences = list(pool.map(lambda instance: _sentence(target, instance), instances))
    return [sentence for sentence in sentences if sentence]


def _sentence(target: Target, instance: Instance) -> str:
    from prometheus_client.parser import text_string_to_metric_families  # only where there are pages

    try:
        page = target.metrics(instance.name)
        for _ in text_string_to_metric_families(page):
            pass
    except TargetError as error:
        return str(error)
    except (ValueError, LookupError) as error:
        start = " ".join(page.split())[:60]
        return f"{instance.name} answers {instance.metrics_path} with no page of metrics ({error}): {start}"
    return ""
