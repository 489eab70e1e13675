"""Where in the experiment's own text a claim is made, so that a tool can show it there."""

import re
from dataclasses import dataclass

from chaosproof.pack.judged import JudgedRun
from chaosproof.runfolder.manifest import is_inside

__all__ = ["Place", "place_of"]

# where a built-in check looks, as a key at the top of the experiment
_KEYS = {
    "SYS_STEADY_STATE_BEFORE": "steady-state-hypothesis",
    "SYS_STEADY_STATE_DURING": "steady-state-hypothesis",
    "SYS_STEADY_STATE_AFTER": "steady-state-hypothesis",
    "SYS_ROLLBACKS": "rollbacks",
    "SYS_ARTIFACTS": "artifacts",
}


@dataclass(frozen=True)
class Place:
    """A file, as the repository knows it, and a line of it; 1 where the line is not known."""

    file: str
    line: int


def place_of(run: JudgedRun, id: str) -> Place:
    """The line of the run's experiment that states the claim `id`, or that the built-in check asks about.

    The text is the one that was run: where the folder has none, or another, it is the first line.
    """
    name = run.run.session.experiment_file or ""
    file = name if is_inside(name) else f"experiments/{run.experiment}.json"
    content = run.experiment_text
    key = re.escape(_KEYS.get(id, "method"))
    # in JSON and in YAML
    wanted = rf"""(?m)(?:^|[{{,\s-])["']?id["']?\s*:\s*["']?{re.escape(id)}["']?\s*(?:[,}}#]|$)"""
    match = re.search(wanted, content) or re.search(rf"""(?m)["']{key}["']\s*:|^{key}\s*:""", content)
    start = match.start() if match else 0
    # what is before the word may be the end of the line above
    start += len(content[start:]) - len(content[start:].lstrip())
    return Place(file, content.count("\n", 0, start) + 1)
