"""A run of S4 as short as it can be, of an experiment that a case has mutated."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from chaosproof.judge.judge import Verdict, judge_run
from tests.support.chaos import REPOSITORY

__all__ = ["Live", "mutated_argv", "run_mutated"]

SHORTEST = {
    "warmup_s": 2,
    "duration_s": 5,
    "rate_rps": 100,
    "fault_at_s": 1,
    "fault_s": 1.5,
    "tolerated_error_ratio": 0.05,
}
Mutate = Callable[[Any], object]


class Live:
    """What a run left: its exit code, what it printed, and its folder, or None."""

    def __init__(self, exit_code: int, printed: str, journals: Path) -> None:
        self.exit_code = exit_code
        self.printed = printed
        folders = sorted(journals.glob("s4/*/*"))
        self.folder = folders[0] if folders else None

    @property
    def verdict(self) -> Verdict:
        assert self.folder is not None, self.printed
        return judge_run(self.folder)

    def status(self, check_id: str) -> str:
        return next(c.status for c in self.verdict.checks if c.id == check_id)


def mutated_argv(folder: Path, mutate: Mutate, **variables: object) -> list[str]:
    """The command line of a run of S4 that `mutate` has changed, with every file it writes in `folder`."""
    experiment = json.loads((REPOSITORY / "experiments" / "s4.json").read_text())
    # Prometheus looks at new targets every 5 s only, and a recovery is seen 5 s after a fault: too long for a short run
    probes = experiment["steady-state-hypothesis"]["probes"]
    probes[:] = [probe for probe in probes if "chaosprometheus" not in probe["provider"]["module"]]
    own = experiment["extensions"][0]
    own["checks"] = [claim for claim in own["checks"] if claim["id"] != "S4_RECOVERY"]
    mutate(experiment)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "mutated.json"
    path.write_text(json.dumps(experiment, indent=1))
    argv = [str(Path(sys.executable).with_name("chaos")), "--no-version-check", "--no-log-file", "run"]
    argv += ["--journal-path", str(folder / "toolkit.json"), "--var", f"journals={folder / 'journals'}"]
    for name, value in {**SHORTEST, **variables}.items():
        argv += ["--var", f"{name}={value}"]
    return [*argv, str(path)]


def environment(**sabotage: str) -> Mapping[str, str]:
    """Broken activities can be imported; `SABOTAGE_...` is read by `sabotage/sitecustomize.py`."""
    places = [str(REPOSITORY), *([str(Path(__file__).parent / "sabotage")] if sabotage else [])]
    return {**os.environ, "NO_COLOR": "1", "PYTHONPATH": os.pathsep.join(places), **sabotage}


def run_mutated(
    folder: Path, mutate: Mutate = lambda experiment: None, options: Sequence[str] = (), **sabotage: str
) -> Live:
    """Run it to its end; `options` are more of those of `chaos run`."""
    *argv, experiment = mutated_argv(folder, mutate)
    done = subprocess.run(
        [*argv, *options, experiment],
        cwd=REPOSITORY,
        env=environment(**sabotage),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=90,
        check=False,
    )
    return Live(done.returncode, done.stdout, folder / "journals")
