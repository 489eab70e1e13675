"""Where in the experiment's own text a claim is made, so that a tool can show it there."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from chaosproof.errors import ChaosproofError
from chaosproof.json_access import as_object
from chaosproof.pack.files import read_text
from chaosproof.pack.judged import JudgedRun
from chaosproof.runfolder.manifest import is_inside
from chaosproof.runfolder.paths import EXPERIMENT
from chaosproof.runfolder.provenance import experiment_sha256

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
    """A file, as the repository knows it, and a line of it; 0 where the line is not known."""

    file: str
    line: int


def place_of(run: JudgedRun, id: str) -> Place:
    """The line of the run's experiment that states the claim `id`, or that the built-in check asks about.

    The text is the one that was run: where the folder has none, or another, the line is 0.
    """
    name = run.run.session.experiment_file or ""
    file = name if is_inside(name) else f"experiments/{run.experiment}.json"
    content = _content(run)
    if content is None:
        return Place(file, 0)
    wanted = re.escape(json.dumps(id))
    match = re.search(rf'"id"\s*:\s*{wanted}', content) or re.search(
        rf'"{re.escape(_KEYS.get(id, "method"))}"\s*:', content
    )
    return Place(file, content.count("\n", 0, match.start()) + 1 if match else 0)


def _content(run: JudgedRun) -> str | None:
    try:
        content = read_text(Path(run.run.path) / EXPERIMENT)
    except ChaosproofError:
        return None
    means = experiment_sha256(as_object(content))
    return content if means == run.run.session.experiment_sha256 else None
