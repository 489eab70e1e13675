"""Where an experiment runs and what faults may do there, as assigned on the command line: `--var namespace=shop`, also
where the experiment names no such variable.

Chaos Toolkit drops an assignment that an experiment's configuration does not have, of a --var as of a --var-file. What
is tested belongs there; where it is tested does not, and need not be written into every experiment.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from chaosproof.errors import UsageError
from chaosproof.experiment.variables import says_where
from chaosproof.json_access import mapping

__all__ = ["assigned_in_files", "place_variables", "variables_there"]

# What limits faults must not be dropped in silence.
_LIMITS = frozenset({"allow_all", "backend", "ceiling_s", "instances_max", "protected_ports"})


def place_variables(arguments: Sequence[str]) -> dict[str, Any]:
    """The variables of a command line that say where (the namespace, whose service, which images), or limit faults."""
    return {name: value for name, value in _assignments(arguments) if says_where(name) or name in _LIMITS}


def variables_there(
    on: Mapping[str, Mapping[str, Any]], target: str, arguments: Sequence[str]
) -> dict[str, Any]:
    """What the experiment says `on` its `target` is different, but for what the command line says itself.

    `"on": {"kubernetes": {"back_within_s": 2.0}}`: a cluster looks once a second whether a pod is ready, a lab
    twenty times.
    """
    there = on.get(target, {})
    assigned = {name for name, _ in _assignments(arguments)}
    return {name: value for name, value in there.items() if name not in assigned}


def assigned_in_files(files: Sequence[str]) -> dict[str, Any]:
    """What --var-files assign; a file of environment variables (.env) assigns nothing itself.

    Raises `UsageError` for a file that cannot be read: the toolkit would go on without it.
    """
    assigned: dict[str, Any] = {}
    for file in files:
        assigned.update(mapping(_content(Path(file)).get("configuration")))
    return {name: _value(value) for name, value in assigned.items()}


def _content(file: Path) -> Mapping[str, Any]:
    try:
        text = file.read_text(encoding="utf-8")
        if file.suffix == ".json":
            return mapping(json.loads(text))
        return mapping(yaml.safe_load(text)) if file.suffix in (".yaml", ".yml") else {}
    except OSError as error:
        raise UsageError(f"--var-file {file} cannot be read: {error.strerror}.") from error
    except (ValueError, yaml.YAMLError) as error:
        raise UsageError(f"--var-file {file} is not valid: {error}.") from error


def _value(value: Any) -> Any:
    """A file may declare a variable instead of giving its value."""
    if mapping(value).get("type") == "env":
        return os.environ.get(str(value.get("key")), value.get("default"))
    return value


def _assignments(arguments: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """Name and value of what files and every --var assign, in this order, which is the toolkit's."""
    yield from assigned_in_files(list(_options(arguments, "--var-file"))).items()
    for pair in _options(arguments, "--var"):
        name, equals, value = pair.partition("=")
        if equals:
            # The toolkit's own `name:type=value` is read as it is there.
            yield name.partition(":")[0], value


def _options(arguments: Sequence[str], option: str) -> Iterator[str]:
    for index, word in enumerate(arguments):
        if word == option and index + 1 < len(arguments):
            yield arguments[index + 1]
        elif word.startswith(f"{option}="):
            yield word.removeprefix(f"{option}=")
