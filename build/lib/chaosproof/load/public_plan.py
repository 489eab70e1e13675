"""A load's plan as it is written down: without what a request must hold and a reader must not see.

The generator gets what was taken out by its environment, and puts it back.
"""

import json
from collections.abc import Collection, Mapping
from typing import Any

from chaosproof.experiment.redaction import REDACTED, is_secret_name, redact

__all__ = ["HIDDEN", "hidden_fields", "public_plan", "put_back"]

HIDDEN = "CHAOSPROOF_HIDDEN_PLAN"
"""The environment variable of the fields that the plan's file shows otherwise, as JSON."""


def public_plan(plan: Mapping[str, Any], secrets: Collection[str] = ()) -> dict[str, Any]:
    """The plan without secrets, the values of headers that hold one, and the credentials of its url."""
    public = {
        key: REDACTED if isinstance(value, str) and is_secret_name(key) else redact(value, secrets)
        for key, value in plan.items()
    }
    if "headers" in plan:
        public["headers"] = [
            [name, REDACTED if is_secret_name(name) else redact(value, secrets)]
            for name, value in plan["headers"]
        ]
    return public


def hidden_fields(plan: Mapping[str, Any], public: Mapping[str, Any]) -> dict[str, str]:
    """The environment that `put_back` reads; empty where nothing was taken out."""
    fields = {key: value for key, value in plan.items() if _plain(value) != _plain(public[key])}
    return {HIDDEN: json.dumps(fields)} if fields else {}


def put_back(public: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    """The plan that is sent."""
    return {**public, **json.loads(environment.get(HIDDEN, "{}"))}


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value))
