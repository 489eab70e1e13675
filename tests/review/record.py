"""Runs the experiments of strangers for real, and keeps the journals that Chaos Toolkit writes of them.

    python -m tests.review.record [NAME...] [--venvs DIR] [--toolkit 1.19] [--jobs 2]

NAME is a folder of kinds/, honest/, shapes/ or versions/ (or one of these four); without a name, all of them. Each is
run once with each Chaos Toolkit that applies: 1.19.0 and 1.21.4 (with `--output agent`), and for versions/ the older
ones, too. Kept are, beside the experiment, `journal-1.19.json`, `journal-1.21.json`, `agent-1.21.json` and `runs.json`:
label -> exit code, command line, versions.

What is replaced in a journal, so that it says nothing of the machine: tests/review/recording/normalise.py lists it.
"""

import argparse
import signal
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.review.recording.run import keep, record
from tests.review.recording.scene import REVIEW
from tests.review.recording.venvs import TOOLKITS, Unavailable, installed, venv

__all__ = ["folders", "main"]

SHELVES = ("kinds", "honest", "shapes", "versions")
TODAY = ("1.19", "1.21")
"""The toolkits that every experiment is run with; those of versions/ are run with all."""


def folders(names: Sequence[str]) -> list[Path]:
    """The folders of the experiments that the names mean."""
    every = [folder for shelf in SHELVES for folder in sorted((REVIEW / shelf).glob("*/"))]
    chosen = [folder for folder in every if not names or {folder.name, folder.parent.name} & set(names)]
    missing = set(names) - set(SHELVES) - {folder.name for folder in every}
    if missing:
        raise SystemExit(f"no experiment is called {', '.join(sorted(missing))}: see {', '.join(SHELVES)}")
    return chosen


def _applying(folder: Path, only: Sequence[str]) -> list[str]:
    labels = TOOLKITS if folder.parent.name == "versions" else TODAY
    return [label for label in labels if not only or label in only]


def _one(folder: Path, label: str, environment: Path, temporary: Path) -> str:
    work = temporary / f"{folder.name}-{label}"
    recorded = record(folder, label, work, environment, TOOLKITS[label].has_agent)
    keep(recorded, folder, label, installed(environment))
    if recorded.journal is None:
        return f"{folder.name} {label}: exit {recorded.exit_code}, no journal\n{recorded.log}"
    return f"{folder.name} {label}: exit {recorded.exit_code}, {len(recorded.journal)} bytes"


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.review.record", description=__doc__)
    parser.add_argument("name", nargs="*")
    parser.add_argument("--venvs", type=Path, help="keep the venvs in this folder for the next call")
    parser.add_argument("--toolkit", action="append", choices=TOOLKITS, default=[])
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args(arguments)
    # a shell starts what runs in the background with SIGINT ignored, and the toolkit would inherit that
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with tempfile.TemporaryDirectory() as made:
        temporary = Path(made)
        jobs = [
            (folder, label)
            for folder in folders(options.name)
            for label in _applying(folder, options.toolkit)
        ]
        try:
            venvs = (options.venvs or temporary / "venvs").absolute()
            environments = {
                label: venv(TOOLKITS[label], venvs) for label in sorted({label for _, label in jobs})
            }
        except Unavailable as error:
            print(error, file=sys.stderr)
            return 1
        with ThreadPoolExecutor(options.jobs) as pool:
            for line in pool.map(lambda job: _one(job[0], job[1], environments[job[1]], temporary), jobs):
                print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
