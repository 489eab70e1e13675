"""True runs of s4 with their logs of events, judged as a session does it, and packs of them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from chaosproof import __version__
from chaosproof.judge.judge import judge_run
from chaosproof.pack.pack import Pack
from chaosproof.pack.write_pack import write_pack
from chaosproof.report.write import write_verdict
from chaosproof.runfolder.events import record_event
from chaosproof.runfolder.provenance import experiment_sha256
from tests.support.runs import ENDED_AT, Run, baseline_run, ran, resilient_run

NOW = ENDED_AT + 60
BASELINE_STAMP = "20270115T080000Z"
RESILIENT_STAMP = "20270115T080100Z"

Bend = Callable[[Run], object]


def write_run(journals: Path, run: Run, stamp: str) -> Path:
    """The folder of `run` as a session leaves it: files, events, verdict, manifest."""
    session = run.session
    if session["experiment"] == "s4":
        add_claims(run)
    session["experiment_sha256"] = experiment_sha256(run.experiment)
    session["versions"] = {"chaosproof": __version__}
    run.raw["experiment.json"] = (json.dumps(run.experiment, indent=2) + "\n").encode()
    folder = run.write(journals / session["experiment"] / session["mode"] / stamp)
    verdict = judge_run(folder)
    record_event(folder, "judged", {"verdict": verdict.status}, at=NOW)
    write_verdict(folder, verdict)
    return folder


def add_claims(run: Run) -> None:
    """What experiments/s4.json claims, on top of what the run of the tests does: the gate asks for it by name."""
    said = json.loads(Path("experiments/s4.json").read_text())
    theirs, own = said["extensions"][0], run.experiment["extensions"][0]
    for section in ("checks", "compare"):
        claims = {claim["id"]: claim for claim in theirs[section] if "pool1" not in json.dumps(claim)}
        own[section] = [claims.pop(claim["id"], claim) for claim in own[section]] + list(claims.values())
    defaults = {
        name: value["default"] if isinstance(value, dict) else value
        for name, value in said["configuration"].items()
    }
    run.session["variables"] = {**defaults, **run.session["variables"]}
    for claim in own["checks"]:
        name, _, figure = claim["figure"].removeprefix("activities.").rpartition(".")
        if claim["figure"].startswith("activities."):
            asked = next(activity for activity in said["method"] if activity["name"] == name)
            run.experiment["method"].append(asked)
            run.journal["run"].append(ran(asked, {figure: claim["equals"]}))


def true_pair(journals: Path, bend_baseline: Bend = bool, bend_resilient: Bend = bool) -> list[Path]:
    """A baseline that breaks and a resilient run that holds, each bent before it is written."""
    folders = []
    for run, stamp, bend in (
        (baseline_run(), BASELINE_STAMP, bend_baseline),
        (resilient_run(), RESILIENT_STAMP, bend_resilient),
    ):
        bend(run)
        folders.append(write_run(journals, run, stamp))
    return folders


def true_pack(folder: Path, **options: Any) -> Pack:
    """A pack of a true pair at `folder/pack`."""
    return write_pack(
        true_pair(folder / "journals"), [], folder / "pack", now=NOW, **{"profile": "s4", **options}
    )
