"""Names in a system: which a service cannot have, and what a lab is called when nobody names it."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chaosproof.targets.system.mistakes import Mistake

__all__ = ["name_mistakes", "name_of_folder"]

_LONGEST = 32


def name_of_folder(file: Path) -> str:
    """The name of the file's folder as a lab can have it: it begins with a letter, so that no command takes it for
    an option.
    """
    plain = re.sub(r"[^a-z0-9]+", "-", file.resolve().parent.name.lower()).strip("-")[:_LONGEST].strip("-")
    return plain if plain[:1].isalpha() else f"lab-{plain}".strip("-")


def name_mistakes(services: Mapping[str, Mapping[str, Any]]) -> list[Mistake]:
    """One for each service whose name leads somewhere else inside the lab."""
    instances = {
        f"{name}-{index}": name for name, body in services.items() for index in range(body.get("replicas", 1))
    }
    mistakes = []
    for name in services:
        if name == "localhost":
            text = "'localhost' is each instance itself; give the service another name"
        elif name == "prometheus" and any("metrics" in body for body in services.values()):
            text = "'prometheus' is the lab's own Prometheus, which scrapes `metrics`; give the service another name"
        elif name in instances:
            text = (
                f"{name!r} is also the name of an instance of {instances[name]!r}; give one of the two services "
                "another name"
            )
        else:
            continue
        mistakes.append(Mistake(("services", name), text))
    return mistakes
