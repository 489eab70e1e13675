"""The keys of an experiment that are Chaos Toolkit's own, as JSON Schema: of the file, and of one activity."""

from typing import Any

__all__ = ["TEXT", "activity_properties", "top_properties"]

TEXT = {"type": "string", "minLength": 1}


def top_properties() -> dict[str, Any]:
    """The keys at the top of an experiment."""

    def about(description: str, **schema: Any) -> dict[str, Any]:
        return {"description": description, **schema}

    activity_list = {"type": "array", "items": {"$ref": "#/$defs/activity"}}
    return {
        "$schema": about("Where this schema is; Chaos Toolkit does not read it.", type="string"),
        "version": about("The version of the experiment.", type="string"),
        "title": about("The question that the experiment asks, in one sentence.", **TEXT),
        "description": about("What it does, and why.", **TEXT),
        "tags": about("Words to find it by.", type="array", items=TEXT),
        "configuration": about(
            "Variables: each can be overridden by --var NAME=VALUE, and names its unit.", type="object"
        ),
        "secrets": about("Secrets by group; their values are written down nowhere.", type="object"),
        "contributions": about("What the experiment adds to which goal.", type="object"),
        "runtime": about(
            'How it runs; {"rollbacks": {"strategy": "always"}} rolls back whatever happens.', type="object"
        ),
        "controls": about(
            "What runs beside it; the session of chaosproof is one.",
            type="array",
            items={"$ref": "#/$defs/control"},
        ),
        "steady-state-hypothesis": about(
            "What is measured before the method, under the warm-up load, and again after it.",
            type="object",
            required=["title"],
            properties={
                "title": TEXT,
                "probes": {"type": "array", "items": {"$ref": "#/$defs/hypothesis-probe"}},
            },
        ),
        "method": about("What is done, in order.", **activity_list),
        "rollbacks": about("What puts everything back.", **activity_list),
        "extensions": about(
            "What others than Chaos Toolkit read; chaosproof has one entry.",
            type="array",
            items={"$ref": "#/$defs/extension-entry"},
        ),
        "dry": about("Which activities are left out, as the command line can say.", type="string"),
    }


def activity_properties() -> dict[str, Any]:
    """The keys of an action or a probe."""
    return {
        "ref": {"description": "The name of an activity that stands elsewhere in this file.", **TEXT},
        "type": {"enum": ["action", "probe"]},
        "name": {"description": "What it does, in words; claims name its output by it.", **TEXT},
        "provider": {"$ref": "#/$defs/provider"},
        "tolerance": {"description": "What its output must be: a value, a list, or an object with a type."},
        "expected": {"description": "The same as tolerance."},
        "background": {"description": "true: the next activity does not wait for it."},
        "pauses": {"type": "object"},
        "controls": {"type": "array", "items": {"$ref": "#/$defs/control"}},
        "configuration": {"type": "object"},
        "secrets": {"type": ["array", "object"]},
        "dry": {},
    }
