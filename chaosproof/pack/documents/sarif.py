"""results.sarif: what does not hold, at the line of the experiment that claims it. Format: SARIF 2.1.0, OASIS.

A claim that failed is an `error`, a figure that warns a `warning`; what is not known is `open`, which is SARIF's word
for an analysis that could not tell.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from chaosproof.pack.claim_locations import Place, place_of
from chaosproof.pack.gate.rules import Rules
from chaosproof.pack.judged import Judged
from chaosproof.report.formats.sarif_log import sarif_log
from chaosproof.runfolder.checks import Check

__all__ = ["claim_of", "locate", "sarif_text"]

_RULES = "experiments/gate.yaml"


def sarif_text(checks: Sequence[Check], judged: Judged, rules: Rules, version: str) -> str:
    """The log as JSON: one result for each row that does not pass and is more than information; `version` is whose it
    is.
    """
    failing = [check for check in checks if check.status != "pass" and not check.id.startswith("INFO_")]
    claims = {check.id: claim_of(check.id, judged, rules) for check in failing}
    ids = list(claims)
    results = [
        _result(check, ids.index(check.id), locate(check.id, judged, rules) or _of_pack(check, judged))
        for check in failing
    ]
    return sarif_log("chaosproof", version, claims, results)


def claim_of(id: str, judged: Judged, rules: Rules) -> str:
    """What the row `id` holds, in words; empty where only its details say it."""
    for rule in rules.checks:
        if rule.id == id:
            return rule.claim
    for perf in rules.perf:
        if perf.id == id:
            return perf.claim.claim if perf.claim else claim_of(perf.claim_id, judged, rules)
    name, _, own = id.removeprefix("INFO_").rpartition(".")
    for comparison in judged.comparisons:
        if name == f"{comparison.experiment}.compare":
            return comparison.claims.get(own, "")
    claims = (run.claims[own].claim for run in judged.runs if run.name == name and own in run.claims)
    return next(claims, "")


def locate(id: str, judged: Judged, rules: Rules) -> Place | None:
    """The place of the row `id` in an experiment; None for a check of the whole pack, or without a run of it."""
    experiment, own = _origin(id, rules)
    runs = [run for run in judged.runs if experiment in (run.name, run.experiment)]
    return place_of(runs[-1], own) if runs else None


def _of_pack(check: Check, judged: Judged) -> Place:
    """Where a check of the whole pack is shown: at the experiment of the run that its details name, or at the rules."""
    named = next((run for run in judged.runs if run.place in check.details), None)
    return Place(_RULES, 1) if named is None else place_of(named, check.id)


def _origin(id: str, rules: Rules) -> tuple[str, str]:
    """Whose row it is, an experiment (`checkout`) or a run (`checkout.resilient`), and the id that it has there."""
    for rule in rules.checks:
        if rule.id == id:
            return (rule.of[0] if rule.of else rule.subject), id
    for perf in rules.perf:
        if perf.id == id:
            return _origin(perf.claim_id, rules) if perf.claim_id else (perf.run, id)
    name, _, own = id.removeprefix("INFO_").rpartition(".")
    return name.removesuffix(".compare"), own


def _result(check: Check, position: int, place: Place) -> dict[str, Any]:
    warns = check.id.startswith("PERF_")
    outcome = (
        {"kind": "open", "level": "none"}
        if check.status == "unknown"
        else {"kind": "fail", "level": "warning" if warns else "error"}
    )
    location = {
        "logicalLocations": [{"fullyQualifiedName": check.id, "kind": "member"}],
        "physicalLocation": {
            "artifactLocation": {"uri": quote(place.file), "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": place.line},
        },
    }
    return {
        "ruleId": check.id,
        "ruleIndex": position,
        **outcome,
        "message": {"text": check.details or check.id},
        "locations": [location],
        "partialFingerprints": {"chaosproof/check": check.id},
        "properties": {"evidence": check.evidence},
    }
