"""What a run must not write down, and its session.json without it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from chaosproof.experiment.redaction import REDACTED, redact, secret_names, secret_texts
from chaosproof.runfolder.session import SessionRecord
from chaosproof.targets.system.definition import System

__all__ = ["Secrecy", "secrecy_of", "without_secrets"]


@dataclass(frozen=True)
class Secrecy:
    """`names` are the variables whose values are secrets, `texts` what is taken out of every text."""

    names: frozenset[str]
    texts: tuple[str, ...]


def secrecy_of(
    content: Mapping[str, Any],
    variables: Mapping[str, Any],
    secrets_by_group: Mapping[str, Mapping[str, Any]],
    system: System,
) -> Secrecy:
    """The secrets of a run: variables that are some, and all of the toolkit's own `secrets`."""
    names = secret_names(content, variables)
    groups = [value for group in secrets_by_group.values() for value in group.values()]
    instances = [
        f"{service.name}-{index}" for service in system.services for index in range(service.replicas)
    ]
    public = {str(variables.get("mode")), *(service.name for service in system.services), *instances}
    return Secrecy(names, secret_texts([*(variables[name] for name in names), *groups], public))


def without_secrets(record: SessionRecord, secrecy: Secrecy) -> SessionRecord:
    """The record as it may be written."""
    shown = {name: REDACTED if name in secrecy.names else value for name, value in record.variables.items()}
    return replace(
        record, variables=redact(shown, secrecy.texts), values=redact(record.values, secrecy.texts)
    )
