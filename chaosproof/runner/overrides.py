"""Where an experiment runs, as assigned on the command line: `--var namespace=shop`, also where the experiment names no
such variable.

Chaos Toolkit drops a `--var` that an experiment's configuration does not have. What is tested belongs there; where it
is tested does not, and need not be written into every experiment.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chaosproof.experiment.variables import says_where

__all__ = ["place_variables", "variables_there"]


def place_variables(arguments: Sequence[str]) -> dict[str, str]:
    """The variables of a command line that say where: the namespace, whose service, which images. Pure."""
    return {name: value for name, value in _assignments(arguments) if says_where(name)}


def variables_there(
    on: Mapping[str, Mapping[str, Any]], target: str, arguments: Sequence[str]
) -> dict[str, Any]:
    """What the experiment says `on` its `target` is different, but for what the command line says itself. Pure.

    `"on": {"kubernetes": {"back_within_s": 2.0}}`: a cluster looks once a second whether a pod is ready, a lab
    twenty times.
    """
    there = on.get(target, {})
    assigned = {name for name, _ in _assignments(arguments)}
    return {name: value for name, value in there.items() if name not in assigned}


def _assignments(arguments: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Name and value of every --var, in order."""
    for index, word in enumerate(arguments):
        if word == "--var" and index + 1 < len(arguments):
            pair = arguments[index + 1]
        elif word.startswith("--var="):
            pair = word.removeprefix("--var=")
        else:
            continue
        name, equals, value = pair.partition("=")
        if equals:
            # The toolkit's own `name:type=value` is read as it is there.
            yield name.partition(":")[0], value
