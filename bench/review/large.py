"""How long a review takes and how much memory: a journal of 100 MB, and 1,000 journals of 50 kB.

The journals are made here, in the shape in which Chaos Toolkit writes them: one with few entries and long outputs,
one with a hypothesis that was measured time and again. Beside each stands what Python's own `json.load` takes for the
same files.

python -m bench.review.large
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_REVIEW = "from chaosproof.cli.main import main; main()"
_LOAD = "import json, sys\nfor name in sys.argv[2:]:\n    json.load(open(name))"
_MEASURE = """
import resource, subprocess, sys, time
began = time.monotonic()
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, done.returncode)
"""
_MB = 1_000_000


def main() -> None:
    """Print a table: seconds of the clock, seconds of processor time, MB at the most."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cases = {
            "100 MB, few long outputs": [_written(folder / "long.json", _journal(40, 2_500_000))],
            "100 MB, many short probes": [_written(folder / "many.json", _journal(130_000, 200))],
            "1,000 of 50 kB": [
                _written(folder / f"{number}.json", _journal(40, 600)) for number in range(1000)
            ],
        }
        print(f"{'files':28} {'MB':>6} {'by':>10} {'s':>7} {'cpu s':>7} {'MB max':>7}")
        for what, files in cases.items():
            size = sum(file.stat().st_size for file in files) / _MB
            for by, program in (("review", _REVIEW), ("json.load", _LOAD)):
                seconds, cpu_s, most_mb = _measured(program, files)
                print(f"{what:28} {size:6.1f} {by:>10} {seconds:7.2f} {cpu_s:7.2f} {most_mb:7.0f}")


def _measured(program: str, files: list[Path]) -> tuple[float, float, float]:
    command = [sys.executable, "-c", program, "review", *map(str, files)]
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, *command], capture_output=True, text=True, check=True
    )
    seconds, cpu_s, most_mb, code = map(float, done.stdout.split())
    if code not in (0, 2):
        raise SystemExit(f"{command[:3]} ended with {code:.0f}")
    return seconds, cpu_s, most_mb


def _written(file: Path, journal: Iterator[str]) -> Path:
    with file.open("w", encoding="utf-8") as stream:
        stream.writelines(journal)
    return file


def _journal(entries: int, output_chars: int) -> Iterator[str]:
    """The text of a journal with so many measurements of a hypothesis, each with an output of that length."""
    probe: dict[str, Any] = {
        "type": "probe",
        "name": "shop answers",
        "tolerance": 200,
        "provider": {"type": "http", "url": "http://127.0.0.1:8080/", "timeout": 3},
    }
    action = {
        "type": "action",
        "name": "kill",
        "provider": {"type": "process", "path": "shopctl", "arguments": "kill"},
    }
    experiment = {
        "title": "t",
        "description": "d",
        "steady-state-hypothesis": {"title": "h", "probes": [probe]},
        "method": [action],
        "rollbacks": [],
    }
    times = {"start": "2026-11-28T09:00:00+00:00", "end": "2026-11-28T09:00:01+00:00", "duration": 1.0}
    output = {"status": 200, "headers": {"Server": "shop"}, "body": "x" * output_chars}
    entry = json.dumps(
        {"activity": probe, "status": "succeeded", **times, "output": output, "tolerance_met": True}
    )
    state = f'{{"steady_state_met": true, "probes": [{entry}]}}'
    done = json.dumps(
        {
            "activity": action,
            "status": "succeeded",
            **times,
            "output": {"status": 0, "stdout": "", "stderr": ""},
        }
    )
    head = {"chaoslib-version": "1.44.0", "experiment": experiment, "status": "completed", "deviated": False}
    yield f'{json.dumps(head)[:-1]}, "steady_states": {{"before": {state}, "after": {state}, "during": [{state}'
    for _ in range(entries - 1):
        yield f", {state}"
    yield f']}}, "run": [{done}], "rollbacks": [], {json.dumps(times)[1:]}'


if __name__ == "__main__":
    main()
