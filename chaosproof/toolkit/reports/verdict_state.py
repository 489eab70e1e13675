"""The verdict as a state of the hypothesis: all that Chaos Toolkit's report for agents can learn it from.

The document of `chaos run --output agent` passes over `deviated` and over the status `failed`: it looks for a run that
was interrupted, then for an aborted one, then for a probe of the hypothesis that could not be executed, for a baseline
that was not met, and for a hypothesis that was not met later; all else is `passed` (chaostoolkit 1.21.4, `classify` of
chaostoolkit/agent.py). A run whose fault never bit, under a hypothesis that held, was "passed, conclusive" there.

So what the verdict has, and the states that were measured do not show, is added under the method: for `fail` probes
that are unmet, one for each check and named as it, which is `deviated`; for `unknown` one that could not be executed,
which is `probe-error` and never conclusive. What was measured stays as the toolkit wrote it.
"""

from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from typing import Any

from chaosproof.json_access import mapping, mappings, sequence
from chaosproof.review.facts.added_state import ADDED_BY, OWN_NAME
from chaosproof.runfolder.checks import Status

__all__ = ["Reason", "add_verdict_state"]

Reason = tuple[str, str]
"""A check that does not pass: its id, and what it says."""


def add_verdict_state(
    journal: MutableMapping[str, Any], verdict: Status, reasons: Sequence[Reason], command: Sequence[str]
) -> None:
    """Add to the journal's states what it takes for the toolkit's report to be of the `verdict`.

    `command` is what gives the verdict again, `("judge", RUN_DIR)`.
    """
    if verdict == "pass" or journal.get("status") in ("interrupted", "aborted"):
        return
    states = mapping(journal.get("steady_states"))
    if _is_no_pass(states) or (verdict == "fail" and _deviates(states)):
        return
    entries = [_entry(journal, verdict, reason, command) for reason in reasons or [("verdict", verdict)]]
    # the toolkit stops at the first probe that it cannot execute
    probes = entries if verdict == "fail" else entries[:1]
    added = {"steady_state_met": False, "probes": probes, ADDED_BY: OWN_NAME}
    journal["steady_states"] = {**states, "during": [*sequence(states.get("during")), added]}


def _is_no_pass(states: Mapping[str, Any]) -> bool:
    """Whether the report is of no passed run, and of no conclusive one, by what was measured."""
    probes = (probe for state in _measured(states) for probe in mappings(state.get("probes")))
    unmet_baseline = mapping(states.get("before")).get("steady_state_met") is False
    return unmet_baseline or any(probe.get("status") != "succeeded" for probe in probes)


def _deviates(states: Mapping[str, Any]) -> bool:
    return any(state.get("steady_state_met") is False for state in _measured(states))


def _measured(states: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield mapping(states.get("before"))
    yield from mappings(states.get("during"))
    yield mapping(states.get("after"))


def _entry(
    journal: Mapping[str, Any], verdict: Status, reason: Reason, command: Sequence[str]
) -> dict[str, Any]:
    """The probe of one check, in the toolkit's form of a run."""
    id, details = reason
    activity = {
        "type": "probe",
        "name": id,
        "tolerance": "pass",
        "provider": {"type": "process", "path": OWN_NAME, "arguments": list(command)},
    }
    judged_at = journal.get("end")
    entry = {
        "activity": activity,
        "start": judged_at,
        "end": judged_at,
        "duration": 0.0,
        "tolerance_met": False,
    }
    if verdict == "fail":
        return {**entry, "status": "succeeded", "output": f"fail: {details}"}
    return {**entry, "status": "failed", "output": None, "exception": [f"{id} is unknown: {details}\n"]}
