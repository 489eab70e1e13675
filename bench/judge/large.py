"""How long judging takes, and how much memory, by the number of requests.

    .venv/bin/python -m bench.judge.large                    5,000,000 requests
    .venv/bin/python -m bench.judge.large --requests 12000   as many as 60 s of S4

A folder is made, then judged in a process of its own, as `chaosproof judge` does with a saved run. What counts is that
program's peak memory (VmHWM): getrusage also remembers that of who started it. Exit code 1 when a bound is missed.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.judge.made import write_run

__all__ = ["judge_apart"]

_JUDGE = """
import json, sys, time
from chaosproof.report.write import write_verdict
from chaosproof.judge.judge import judge_run
begun = time.perf_counter()
verdict = judge_run(sys.argv[1])
judged_s = time.perf_counter() - begun
write_verdict(sys.argv[1], verdict)
written_s = time.perf_counter() - begun
cpu_s = time.process_time()
(peak,) = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")]
peak_mb = int(peak) / 1024
requests = verdict.summary["load"]["requests"]
print(json.dumps({
    "requests": requests, "judged_s": judged_s, "written_s": written_s, "cpu_s": cpu_s, "peak_mb": peak_mb
}))
"""


def judge_apart(folder: Path) -> dict[str, float]:
    """Judge `folder` in a fresh Python: `{requests, judged_s, written_s, cpu_s, peak_mb}`, with its verdict's files.

    `cpu_s` is the processor time of that Python from its start: on a busy machine, what it would take on an idle one.

    Raises CalledProcessError when the judge itself fails.
    """
    done = subprocess.run(
        [sys.executable, "-c", _JUDGE, str(folder)], stdout=subprocess.PIPE, text=True, check=True
    )
    measured: dict[str, float] = json.loads(done.stdout)
    return measured


def main() -> int:
    parser = argparse.ArgumentParser(description="Time and memory of judging a made run.")
    parser.add_argument("--requests", type=int, default=5_000_000)
    parser.add_argument("--folder", type=Path, help="keep the made run here; judge it again when it is there")
    parser.add_argument("--max-s", type=float, help="fail when it takes longer")
    parser.add_argument("--max-mb", type=float, help="fail when it takes more memory")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.folder or Path(temporary) / "run"
        if not (folder / "journal.json").exists():
            print(f"making {asked.requests} requests ...", file=sys.stderr)
            write_run(folder, asked.requests)
        print("judging ...", file=sys.stderr)
        measured = judge_apart(folder)
    print(
        f"{measured['requests']:,.0f} requests: judged in {measured['judged_s']:.1f} s, "
        f"{measured['written_s']:.1f} s with its files, at most {measured['peak_mb']:.0f} MB"
    )
    late = asked.max_s is not None and measured["written_s"] > asked.max_s
    large = asked.max_mb is not None and measured["peak_mb"] > asked.max_mb
    return int(late or large)


if __name__ == "__main__":
    sys.exit(main())
