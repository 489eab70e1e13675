"""Whether a fault met anybody: packets alone may be those of health checks, of scrapes, of a monitor.

What a request met cannot be read off a packet. What can be read: an instance that answers requests, and answered none
of them before the fault and none while it was on, was in nobody's way. Of a service that answers none, `behind` asks
what else shows it. Where no load was on at all, an activity must have been at work meanwhile.
"""

import math
from collections.abc import Iterator, Mapping

from chaosproof.judge.checks.base import Material
from chaosproof.judge.fault_rules.at_work import at_work
from chaosproof.judge.fault_rules.behind import behind_nobody
from chaosproof.judge.figures.request_stats import NOBODY, Cell, RequestStats
from chaosproof.judge.figures.summary import acted
from chaosproof.runfolder.faults import FaultRecord
from chaosproof.runfolder.run_folder import RunFolder

__all__ = ["met_nobody"]

_PARTITION = "partition of "
# what sends no request of its own: faults, and those that read what health checks have seen
_IDLE = ("chaosproof.actions.network", "chaosproof.actions.process", "chaosproof.probes.readiness")


def met_nobody(material: Material) -> Iterator[str]:
    """A sentence for each fault that nobody was seen to meet."""
    run, stats, warmup = material.run, material.stats, material.warmup
    if not acted(run):
        return
    services = {instance.name: instance.service for instance in run.session.instances}
    answered = _answers(stats.cells, *stats.cells)
    in_front = {services[name] for name in answered if name in services}
    load_began_at = min(fold.first_due_at or math.inf for fold in (stats, warmup))
    for fault in acted(run):
        if fault.note.startswith(_PARTITION):
            continue
        if services.get(fault.instance) in in_front:
            yield from _out_of_the_way(stats, warmup, fault, services, answered)
        elif material.load_expected:
            yield from behind_nobody(run, stats, fault, load_began_at=load_began_at)
        if not material.load_expected and fault.expects and fault.expects.proof == "packets":
            yield from _alone(run, fault)


def _out_of_the_way(
    stats: RequestStats,
    warmup: RequestStats,
    fault: FaultRecord,
    services: Mapping[str, str],
    answered: Mapping[str, int],
) -> Iterator[str]:
    """Its instance answered nothing before it and nothing while it was on, and others of its service did."""
    siblings = {name for name, service in services.items() if service == services[fault.instance]}
    if not any(answered.get(name) for name in siblings - {fault.instance}):
        return
    passed = _answers(stats.cells, "before", "fault")
    before = passed.get(fault.instance, 0)
    if not sum(_answers(stats.cells, "before").values()):
        # the load began under the fault: what the warm-up reached was there before it
        before += _answers(warmup.cells, *warmup.cells).get(fault.instance, 0)
    if not before:
        yield (
            f"{fault.kind} on {fault.instance} met nobody: of {sum(passed.values())} requests that were answered before"
            f" it and while it was on, {fault.instance} answered 0; give the load more connections, or time before the "
            "fault (at_s), so that its instance is in use"
        )


def _answers(cells: Mapping[str, Mapping[str, Cell]], *windows: str) -> dict[str, int]:
    """How many requests each instance answered in these windows."""
    counts: dict[str, int] = {}
    for window in windows:
        for name, cell in cells.get(window, {}).items():
            if name != NOBODY:
                counts[name] = counts.get(name, 0) + len(cell.due_at)
    return counts


def _alone(run: RunFolder, fault: FaultRecord) -> Iterator[str]:
    if not any(at_work(entry, fault) for entry in run.journal.run if entry.module not in _IDLE):
        yield (
            f"{fault.kind} on {fault.instance} met nobody: no load was on, and no other activity ran meanwhile, so its "
            f"{fault.packets or 0} packets may be health checks; start a load before it "
            "(chaosproof.actions.load.start), or let a probe run under it"
        )
