"""What a check of the fault answers where no fault was recorded, and which actions are proved by what."""

import json
from collections.abc import Sequence

from chaosproof.experiment.evidence import NOT_EMPTY, Evidence, evidence_of
from chaosproof.experiment.experiment import read_experiment
from chaosproof.experiment.method_actions import (
    DISTURBANCE_MODULE,
    FAULT_MODULES,
    OWN_MODULES,
    calls_of,
    foreign_actions,
    resolved_method,
)
from chaosproof.json_access import at, text
from chaosproof.judge.capability import missing_capability
from chaosproof.judge.check import failed, passed, skipped, unknown
from chaosproof.judge.figures.disturbances import disturbances_of
from chaosproof.judge.next_steps import MARK
from chaosproof.review.documents import Document
from chaosproof.review.facts.proof import NOT_SHOWN_STEP, not_shown, why_not_shown
from chaosproof.runfolder.checks import Check
from chaosproof.runfolder.faults import FaultRecord
from chaosproof.runfolder.journal import Journal
from chaosproof.runfolder.run_folder import RunFolder

__all__ = ["no_fault", "shown_evidence", "unproven_actions"]

_METHOD = "journal.json#experiment"
_OURS = f"no fault planned: the method calls nothing of {', '.join(FAULT_MODULES)}"
_LOAD = "chaosproof.actions.load"
_HIT = "SYS_FAULT_HIT"


def no_fault(id: str, run: RunFolder, document: Document) -> Check | None:
    """The answer where there is no fault to examine; None when there is one. `document` is the run's journal.

    A fault is expected when the method calls anything of FAULT_MODULES, or one is recorded. Where neither is so, an
    experiment passes that says `"no_fault": true`, whose actions are of this project and are no faults, or the effect
    of whose actions the journal shows by what the experiment says proves it (`evidence`).
    """
    if run.faults:
        return None
    if not run.experiment:
        return unknown(
            id, f"whether a fault was planned is not known; {run.missing('journal.json')}", "journal.json"
        )
    method = resolved_method(run.experiment)
    if calls := calls_of(method, *FAULT_MODULES):
        if lacking := missing_capability(run):
            return skipped(id, f"this machine cannot do the fault: {lacking}", "journal.json#run")
        if not run.journal.run:
            return unknown(id, "no activity of the method ran, so no fault did", "journal.json#run")
        return failed(
            id, f"the method plans a fault ({calls[0].get('name')}), and none was recorded", FaultRecord.FILE
        )
    if run.problems.get(FaultRecord.FILE, "there is no such file") != "there is no such file":
        return unknown(id, run.missing(FaultRecord.FILE), FaultRecord.FILE)
    if read_experiment(run.experiment).no_fault:
        return passed(id, 'the experiment says that it has no fault ("no_fault": true)', _METHOD)
    if why := unproven_actions(run, document) or _unseen_disturbance(run):
        return unknown(id, why, _METHOD)
    if shown := shown_evidence(run, document):
        return passed(id, _acted(shown) if id == _HIT else _acted_and_no_more(shown), _METHOD)
    if len(calls_of(method, *OWN_MODULES)) == len(calls_of(method, _LOAD)):
        return unknown(
            id,
            f"the method has no action but its load, so nothing was tried{MARK}add a fault, such as "
            'chaosproof.actions.network.reset, or write "no_fault": true into the extension if there is to be none',
            _METHOD,
        )
    return passed(id, _OURS, _METHOD)


def _acted(shown: Sequence[Evidence]) -> str:
    return "; ".join(f"{evidence.activity!r} acted: {evidence.sentence}" for evidence in shown)


def _acted_and_no_more(shown: Sequence[Evidence]) -> str:
    """What the checks of a fault's end and of its canary can say: they have no record to look at."""
    names = ", ".join(dict.fromkeys(repr(evidence.activity) for evidence in shown))
    return f"no fault of ours was on; of {names} nothing here is known but that it acted"


def shown_evidence(run: RunFolder, document: Document) -> tuple[Evidence, ...]:
    """The evidence of the experiment that the journal bears out, of those actions of which it bears out all, and of
    which the experiment does not say that they are no fault.
    """
    held = _held_evidence(run, document)
    refuted = {evidence.activity for evidence, why in held if why}
    left_out = {*refuted, *read_experiment(run.experiment).not_faults}
    return tuple(evidence for evidence, _ in held if evidence.activity not in left_out)


def _held_evidence(run: RunFolder, document: Document) -> list[tuple[Evidence, str]]:
    """Each piece of evidence, and what the journal lacks of it."""
    if Journal.FILE in run.problems:
        return []
    return [(evidence, why_not_shown(document, evidence)) for evidence in evidence_of(run.experiment)]


def unproven_actions(run: RunFolder, document: Document) -> str:
    """The actions of the method of which nothing here knows whether they hit anything, what would prove it, and what to
    do; empty where there is none.
    """
    proven = [evidence.activity for evidence in shown_evidence(run, document)]
    helpers = read_experiment(run.experiment).not_faults
    foreign = list(foreign_actions(resolved_method(run.experiment), (*helpers, *proven)))
    if not foreign:
        return ""
    shown = ", ".join(f"{name!r} ({called})" for name, called in foreign)
    missing = [not_shown(evidence, why) for evidence, why in _held_evidence(run, document) if why]
    if missing:
        return f"{'; '.join(missing)}{MARK}{NOT_SHOWN_STEP}"
    first, names = (
        json.dumps(value, ensure_ascii=False) for value in (foreign[0][0], [name for name, _ in foreign])
    )
    return (
        f"of {shown} nothing recorded whether it hit anything: a row of {FaultRecord.FILE} would prove it, and only "
        f"actions of this project write one{MARK}use one of {', '.join(FAULT_MODULES)}; "
        "or say in the extension what shows it: "
        f'"evidence": [{{"activity": {first}, "shows": "{NOT_EMPTY}"}}]; '
        f'or, for what is not the fault, write "no_fault": {names} into the extension'
    )


def _unseen_disturbance(run: RunFolder) -> str:
    seen = {disturbance["service"] for disturbance in disturbances_of(run)}
    for call in calls_of(resolved_method(run.experiment), DISTURBANCE_MODULE):
        service = text(at(call, "provider", "arguments", "service"))
        if service not in seen:
            return (
                f"nobody saw the disturbance of {service or 'a service'} work{MARK}"
                f"add {DISTURBANCE_MODULE}.wait_until_ended for it after the load"
            )
    return ""
