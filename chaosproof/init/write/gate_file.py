"""The gate file: what a release must show, as far as these experiments can show it."""

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from chaosproof.json_access import mappings

__all__ = ["gate_text"]

_HEAD = """\
# What a release must show, by name; written by `chaosproof init`, and yours to change.
# A check that is required and absent counts as failed. Ask it: chaosproof all, or chaosproof gate PACK_DIR
"""
_EVERY_RUN = (
    *("SYS_SESSION_COMPLETE", "SYS_STEADY_STATE_BEFORE", "SYS_STEADY_STATE_AFTER", "SYS_ACTIVITIES"),
    *("SYS_LOAD_RATE", "SYS_LOAD_ACCOUNTED", "SYS_FAULT_HIT", "SYS_FAULT_ENDED", "SYS_FAULT_CANARY"),
    *("SYS_ROLLBACKS", "SYS_ARTIFACTS", "SYS_INSTANCES", "SYS_EVENTS"),
)
# a baseline is run to be broken
_BASELINE_MAY_FAIL = ("SYS_STEADY_STATE_DURING", "SYS_STEADY_STATE_AFTER")


def gate_text(experiments: Mapping[str, Mapping[str, Any]], *, two_modes: bool) -> str:
    """The text of the gate file for these experiments, by name: each is required, with every claim that it makes."""
    suites: dict[str, Any] = {
        "pack": {"category": "evidence", "checks": ["SYS_ONE_COMMIT", "SYS_RUNS_UNCHANGED"]}
    }
    rules: dict[str, Any] = {}
    for name, experiment in experiments.items():
        rule = f"SYS_{name.upper().replace('-', '_')}"
        modes = ("baseline", "resilient") if two_modes else ("resilient",)
        extension = experiment["extensions"][0]
        suites[name] = {
            "category": "resilience",
            "runs": [f"{name}.{mode}" for mode in modes],
            "checks": [rule, *_claims(name, extension)],
        }
        of = {"comparison": name} if two_modes else {"run": f"{name}.resilient"}
        rules[rule] = {"claim": _claim(experiment), **of}
    document: dict[str, Any] = {"schema_version": 1, "version": "1", "every_run": list(_EVERY_RUN)}
    if two_modes:
        document["baseline_may_fail"] = list(_BASELINE_MAY_FAIL)
    document["suites"] = suites
    document["profiles"] = {"all": ["pack", *experiments], **{name: ["pack", name] for name in experiments}}
    document["checks"] = rules
    return _HEAD + str(yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=110))


def _claims(name: str, extension: Mapping[str, Any]) -> Sequence[str]:
    """The experiment's claims by their names in a pack: one that claims less is missed."""
    return [
        *(f"{name}.resilient.{claim['id']}" for claim in mappings(extension.get("checks"))),
        *(f"{name}.compare.{claim['id']}" for claim in mappings(extension.get("compare"))),
    ]


def _claim(experiment: Mapping[str, Any]) -> str:
    """What a pass says, for the question that the experiment asks: "..., do users of X notice?"."""
    question = str(experiment["title"])
    return question.replace(", do users of ", ", users of ").replace(" notice?", " hardly notice")
