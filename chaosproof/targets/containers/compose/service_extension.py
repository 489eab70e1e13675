"""`x-chaosproof` of a service of a Compose file: `ports`, `healthcheck` and `metrics`, as a system file writes them.

It is checked by the system file's own schema, and a mistake is answered in the same words. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chaosproof.targets.system.compose_forms import ComposeForms
from chaosproof.targets.system.definition import HealthCheck
from chaosproof.targets.system.mistakes import Mistake
from chaosproof.targets.system.schema_mistakes import schema_mistakes
from chaosproof.targets.system.service_body import service_mistakes, service_of_body

__all__ = ["Extension", "read_extension"]

_KEYS = ("ports", "healthcheck", "metrics")
# The schema's own pattern of names is narrower than Compose's, and the name is not in question here.
_NAME = "service"


@dataclass(frozen=True)
class Extension:
    """What `x-chaosproof` says of one service; empty where it says nothing."""

    ports: Mapping[str, int] = field(default_factory=dict)
    healthcheck: HealthCheck | None = None
    metrics_path: str = "/metrics"
    metrics_port: int | None = None


def read_extension(where: str, value: Any) -> tuple[Extension, list[str]]:
    """What the value says, and a sentence for each of its mistakes; `where` its service stands, as `services.web`."""
    if value is None:
        return Extension(), []
    here = f"{where}.x-chaosproof"
    if not isinstance(value, Mapping):
        return Extension(), [f"{here}: expected a map with {', '.join(_KEYS)}, got {value!r}."]
    if unknown := [key for key in value if key not in _KEYS]:
        text = f"it has {', '.join(_KEYS)}; all else is the Compose file's own"
        return Extension(), [f"{here}.{key}: unknown key {key!r}: {text}." for key in unknown]
    forms = ComposeForms(Path(), {})
    raw = forms.rewritten({"services": {_NAME: {"command": ["-"], **value}}})
    mistakes = [*forms.mistakes, *schema_mistakes(raw)]
    mistakes += service_mistakes(raw, mistakes)
    if mistakes:
        return Extension(), [_sentence(here, mistake) for mistake in mistakes]
    service = service_of_body(Path(), _NAME, raw["services"][_NAME])
    return Extension(service.ports, service.healthcheck, service.metrics_path, service.metrics_port), []


def _sentence(here: str, mistake: Mistake) -> str:
    place = ".".join(str(part) for part in (here, *mistake.path[2:]))
    return f"{place}: {mistake.text}."
