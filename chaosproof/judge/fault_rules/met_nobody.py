"""Whether a fault met anybody: packets alone may be those of health checks, of scrapes, of a monitor.

What a request met cannot be read off a packet. What can be read: an instance that answers requests, and answered none
of them before the fault and none while it was on, was in nobody's way. Where no load was on at all, an activity must
have been at work meanwhile.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from chaosproof.judge.checks.base import Material
from chaosproof.judge.figures.request_stats import NOBODY, Cell, RequestStats, fold_requests
from chaosproof.judge.figures.summary import acted
from chaosproof.runfolder.faults import FaultRecord
from chaosproof.runfolder.journal import ActivityRun
from chaosproof.runfolder.paths import WARMUP
from chaosproof.runfolder.requests import REQUESTS
from chaosproof.runfolder.run_folder import RunFolder

__all__ = ["met_nobody"]

_PARTITION = "partition of "
# what sends no request of its own: faults, and those that read what health checks have seen
_IDLE = ("actions.network", "actions.process", "probes.readiness")


def met_nobody(material: Material) -> Iterator[str]:
    """A sentence for each fault that nobody was seen to meet."""
    for fault in acted(material.run):
        if fault.note.startswith(_PARTITION):
            continue
        yield from _out_of_the_way(material.run, material.stats, fault)
        if not material.load_expected and fault.expects and fault.expects.proof == "packets":
            yield from _alone(material.run, fault)


def _out_of_the_way(run: RunFolder, stats: RequestStats, fault: FaultRecord) -> Iterator[str]:
    """Its instance answered nothing before it and nothing while it was on, and others of its service did."""
    answered = _answers(stats.cells, *stats.cells)
    service = next((i.service for i in run.session.instances if i.name == fault.instance), None)
    siblings = {i.name for i in run.session.instances if i.service == service}
    if service is None or not any(answered.get(name) for name in siblings - {fault.instance}):
        return
    passed = _answers(stats.cells, "before", "fault")
    before = passed.get(fault.instance, 0)
    if not sum(_answers(stats.cells, "before").values()):
        # the load began under the fault: what the warm-up reached was there before it
        warmup = fold_requests(run.path / WARMUP / REQUESTS, closed=False, fault=None)
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
    if not any(_at_work(entry, fault) for entry in run.journal.run if entry.module not in _IDLE):
        yield (
            f"{fault.kind} on {fault.instance} met nobody: no load was on, and no other activity ran meanwhile, so its "
            f"{fault.packets or 0} packets may be health checks; start a load before it (actions.load.start), or let a "
            "probe run under it"
        )


def _at_work(entry: ActivityRun, fault: FaultRecord) -> bool:
    """Whether the activity ran at a moment at which the fault was on; one whose times are not known did."""
    began_at, ended_at = _epoch(entry.start), _epoch(entry.end)
    if began_at is None or ended_at is None or fault.applied_at is None:
        return True
    return ended_at >= fault.applied_at and (fault.ended_at is None or began_at <= fault.ended_at)


def _epoch(iso: str) -> float | None:
    try:
        return datetime.fromisoformat(iso).timestamp()
    except ValueError:
        return None
