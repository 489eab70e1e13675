"""One run of an experiment by one Chaos Toolkit, and the files that are kept of it."""

import json
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.review.recording.normalise import normalise
from tests.review.recording.scene import Scene, Setup, standing

__all__ = ["Recorded", "experiment_file", "keep", "record"]

_LONGEST_S = 180


@dataclass(frozen=True)
class Recorded:
    """What a run left: the exit code, the command line, the journal's text (none if there is no journal), and the
    agent's document, if one was asked for.
    """

    exit_code: int
    arguments: tuple[str, ...]
    journal: str | None
    agent: str | None
    log: str


def experiment_file(folder: Path) -> Path:
    """The experiment of the folder, JSON or YAML."""
    return next(file for file in sorted(folder.glob("experiment.*")))


def _log(scene: Scene) -> str:
    return "".join((scene.work / name).read_text() for name in ("stdout", "stderr"))


def _run(argv: list[str], scene: Scene, env: Mapping[str, str], sent: Mapping[str, str] | None) -> int:
    with (scene.work / "stdout").open("w") as out, (scene.work / "stderr").open("w") as err:
        process = subprocess.Popen(
            argv,
            cwd=scene.work,
            env=env,
            stdout=out,
            stderr=err,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        if sent is not None:
            while sent["when"] not in _log(scene) and process.poll() is None:
                time.sleep(0.05)
            process.send_signal(signal.Signals[sent["name"]])
        return process.wait(_LONGEST_S)


def record(folder: Path, label: str, work: Path, environment: Path, has_agent: bool) -> Recorded:
    """Runs the experiment of `folder` once, with the toolkit of the venv `environment`, which is called `label`."""
    setup = Setup.read(folder, label)
    with standing(setup, work) as scene:
        experiment = shutil.copy(experiment_file(folder), work)
        arguments = ["--journal-path", f"{work}/journal.json", *setup.options]
        arguments += ["--output", "agent"] if has_agent else []
        argv = [
            f"{environment}/bin/chaos",
            "--no-version-check",
            "--no-log-file",
            "run",
            *arguments,
            str(experiment),
        ]
        env = {**scene.env, "PATH": f"{work}/bin:{environment}/bin:/usr/bin:/bin"}
        exit_code = _run(argv, scene, env, setup.signal)
        log = _log(scene)
        report = (work / "stdout").read_text() if has_agent else None
    python = [f"{environment}/bin/python", "-c", "import sys; print(sys.base_prefix)"]
    prefix = subprocess.run(python, capture_output=True, text=True, check=True).stdout.strip()

    def without_machine(text: str) -> str:
        return normalise(text, work, environment, prefix)

    journal = work / "journal.json"
    return Recorded(
        exit_code=exit_code,
        arguments=tuple(map(without_machine, argv[3:])),
        journal=without_machine(journal.read_text()) if journal.exists() else None,
        agent=without_machine(report) if report else None,
        log=log,
    )


def keep(recorded: Recorded, folder: Path, label: str, versions: Mapping[str, str]) -> None:
    """Writes the journal, the agent's document and the line of runs.json into the experiment's folder."""
    for name, text in (("journal", recorded.journal), ("agent", recorded.agent)):
        file = folder / f"{name}-{label}.json"
        file.unlink(missing_ok=True)
        if text is not None:
            file.write_text(text if text.endswith("\n") else text + "\n")
    file = folder / "runs.json"
    runs: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    runs[label] = {"exit_code": recorded.exit_code, "arguments": recorded.arguments, **versions}
    file.write_text(json.dumps(dict(sorted(runs.items())), indent=2) + "\n")
