"""A SARIF log: what is around the results. Format: SARIF 2.1.0, OASIS."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["sarif_log"]

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def sarif_log(tool: str, version: str, rules: Mapping[str, str], results: Sequence[Mapping[str, Any]]) -> str:
    """The log of one run of `tool` as JSON. `rules` are the ids with what they mean, empty where nothing says it; a
    result's `ruleIndex` counts in their order.
    """
    driver = {
        "name": tool,
        "version": version,
        "rules": [
            {"id": id, **({"shortDescription": {"text": meaning}} if meaning else {})}
            for id, meaning in rules.items()
        ],
    }
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": list(results)}
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"
