"""Where an experiment runs, as said on the command line: `--var namespace=shop`, also where the experiment names no
such variable.

Chaos Toolkit drops a `--var` that an experiment's configuration does not have. What is tested belongs there; where it
is tested does not, and need not be written into every experiment.
"""

from collections.abc import Sequence

__all__ = ["place_variables"]

_NAMES = ("context", "deployed", "keep", "namespace", "selector", "service")
_IMAGE = "image_"


def place_variables(arguments: Sequence[str]) -> dict[str, str]:
    """The variables of a command line that say where: the namespace, whose service, which images. Pure."""
    found: dict[str, str] = {}
    for index, word in enumerate(arguments):
        if word == "--var" and index + 1 < len(arguments):
            pair = arguments[index + 1]
        elif word.startswith("--var="):
            pair = word.removeprefix("--var=")
        else:
            continue
        name, equals, value = pair.partition("=")
        # The toolkit's own `name:type=value` is read as it is there.
        name = name.partition(":")[0]
        if equals and (name in _NAMES or name.startswith(_IMAGE)):
            found[name] = value
    return found
