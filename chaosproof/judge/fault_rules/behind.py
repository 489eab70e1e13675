"""Whether a fault met anybody where no request reaches its service: rows name only the instance that answered.

A service that nothing calls is not told from one behind the scenes by anything the load saw go well. So something has
to show that the service was in use under this load, or that its fault was felt. In this order: packets that can only be
its own calls or a named peer's; data that passed between it and another instance; a probe of the experiment that called
it; requests that ended otherwise than before. Where none of them can be, as with UDP and Unix sockets, the experiment
may say who calls the service (`met_by`), and is held to it: the caller must have answered requests meanwhile.
"""

import math
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from chaosproof.experiment.experiment import read_experiment
from chaosproof.experiment.variables import resolve
from chaosproof.json_access import mapping
from chaosproof.judge.fault_rules.at_work import at_work
from chaosproof.judge.fault_rules.planned_faults import label_of
from chaosproof.judge.figures.request_stats import NOBODY, RequestStats
from chaosproof.judge.figures.summary import acted
from chaosproof.runfolder.faults import FaultRecord
from chaosproof.runfolder.run_folder import RunFolder
from chaosproof.stats.intervals import wilson

__all__ = ["behind_nobody"]

# how long after a kill, which is over in a moment, requests are asked whether they felt it
_FELT_S = 1.0


def behind_nobody(
    run: RunFolder, stats: RequestStats, fault: FaultRecord, *, load_began_at: float
) -> Iterator[str]:
    """A sentence where nothing shows that the fault, on a service of which no instance answered, met anybody."""
    services = {instance.name: instance.service for instance in run.session.instances}
    service = services.get(fault.instance)
    if service is None or urlsplit(run.load_plan.url).hostname in (service, fault.instance):
        # the load itself goes there, to a service that does not say which of its instances answers
        return
    of_it = [other for other in acted(run) if other.instance == fault.instance]
    if any(_own_or_named_packets(other, services) or _spoke(other, load_began_at) for other in of_it):
        return
    if _was_called(run, fault, service) or _was_felt(run, stats, fault):
        return
    caller = read_experiment(run.experiment).met_by.get(service)
    if caller and caller != service and _answered_meanwhile(stats, fault, services, caller):
        return
    yield _sentence(fault, service, caller)


def _sentence(fault: FaultRecord, service: str, caller: str | None) -> str:
    spoke = (
        f"no other instance exchanged data with {fault.instance} over TCP under the load"
        if fault.spoke_with is not None
        else f"who spoke with {fault.instance} is not known"
    )
    declared = (
        f"; met_by says that {caller} calls it, and {caller} answered no request both before it and from then on"
        if caller
        else ""
    )
    return (
        f"nothing shows that {label_of(fault)} met anybody: no request was answered by {service}, {spoke}, and "
        f"no change of requests can be put down to it{declared}; put it on an instance that the load uses, or, "
        f"where that is one that calls {service} otherwise than over TCP, say which in the extension: "
        f'"met_by": {{"{service}": "SERVICE"}}'
    )


def _own_or_named_packets(fault: FaultRecord, services: Mapping[str, str]) -> bool:
    """Whether its packets can be nobody's but those of the instance's own calls, or of another service."""
    if not fault.packets:
        return False
    peer, port_side = fault.selector.get("peer"), fault.selector.get("port_side")
    if isinstance(peer, str) and peer in {*services.values()} - {services.get(fault.instance)}:
        return True
    # who asks an instance for its health has the port of the instance on its side
    calls = ("egress", "destination"), ("ingress", "source")
    return bool(fault.selector.get("port")) and (fault.direction, port_side) in calls


def _spoke(fault: FaultRecord, load_began_at: float) -> bool:
    return any(at is not None and at >= load_began_at for at in (fault.spoke_with or {}).values())


def _was_called(run: RunFolder, fault: FaultRecord, service: str) -> bool:
    """Whether a probe of ours called it while the fault was on."""
    for entry in run.journal.run:
        to = mapping(entry.provider.get("arguments")).get("to")
        try:
            to = resolve(to, run.variables)
        except KeyError:
            continue
        if (
            entry.module == "chaosproof.probes.fault"
            and to in (fault.instance, service)
            and at_work(entry, fault)
        ):
            return True
    return False


def _was_felt(run: RunFolder, stats: RequestStats, fault: FaultRecord) -> bool:
    """Whether more requests failed, or had a code that none had before any fault, than chance makes of those before.

    Not asked where another instance's fault began before its end: whose doing it was is then not known.
    """
    began_at = fault.applied_at or 0.0
    until = max(fault.ended_at or math.inf, began_at + _FELT_S)
    if any(other.instance != fault.instance and (other.applied_at or 0.0) <= until for other in acted(run)):
        return False
    ok_before = {
        outcome
        for cell in stats.cells.get("before", {}).values()
        for outcome in set(cell.outcomes)
        if stats.outcome_names[outcome][1]
    }
    before = [o not in ok_before for cell in stats.cells.get("before", {}).values() for o in cell.outcomes]
    during = [
        outcome not in ok_before
        for cell in stats.every_cell
        for due_at, outcome in zip(cell.due_at, cell.outcomes, strict=True)
        if began_at <= due_at <= until
    ]
    return wilson(sum(during), len(during))[0] > wilson(sum(before), len(before))[1]


def _answered_meanwhile(
    stats: RequestStats, fault: FaultRecord, services: Mapping[str, str], caller: str
) -> bool:
    """Whether instances of `caller` answered requests before the fault, and while it was on or after a kill."""
    began_at = fault.applied_at or 0.0
    until = math.inf if fault.planned_s is None else fault.ended_at or math.inf
    answered = [
        due_at
        for window in stats.cells.values()
        for name, cell in window.items()
        if name != NOBODY and services.get(name) == caller
        for due_at in cell.due_at
    ]
    return any(due_at < began_at for due_at in answered) and any(
        began_at <= due_at <= until for due_at in answered
    )
